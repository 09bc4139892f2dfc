/// The encoder of BERT: post-norm transformer blocks over summed embeddings.
///
/// From Devlin et al. 2019, section 3.
///
///     x_0 = norm(word + position + tokenType)
///     x_i = block_i(x_{i-1})
package struct BertEncoder: Sendable {
    package let configuration: BertConfiguration
    private let embeddings: BertEmbeddings
    private let blocks: [BertBlock]

    /// Reads the weights from a checkpoint.
    init(
        _ configuration: BertConfiguration, _ file: SafeTensors, kernels: Kernels
    ) throws(ModelError) {
        let weights = try BertWeights(file, configuration, kernels: kernels)
        try self.init(configuration, weights, embeddings: nil, kernels: kernels)
    }

    /// Makes the encoder that `weights`, a changed checkpoint of `base`, describe; word
    /// embeddings are shared with `base`, and `segments`, (segments, width), takes the token types' place.
    init(
        changing base: BertEncoder, by weights: BertWeights, segments: [Float], kernels: Kernels
    ) throws(ModelError) {
        let embeddings = try base.embeddings.changed(by: weights, segments: segments)
        try self.init(base.configuration, weights, embeddings: embeddings, kernels: kernels)
    }

    private init(
        _ configuration: BertConfiguration, _ weights: BertWeights, embeddings: BertEmbeddings?,
        kernels: Kernels
    ) throws(ModelError) {
        self.configuration = configuration
        if let embeddings {
            self.embeddings = embeddings
        } else {
            self.embeddings = try BertEmbeddings(weights, configuration)
        }
        let bias = try weights.relativeBias(configuration)
        var blocks: [BertBlock] = []
        for layer in 0..<configuration.layerCount {
            blocks.append(
                try BertBlock(
                    weights, "encoder.layer.\(layer).", configuration, bias: bias,
                    kernels: kernels))
        }
        self.blocks = blocks
    }

    /// Returns the last hidden states, (tokens, width), of sentences that lie one after the other.
    ///
    /// `segments` gives each token's row of the segment table, 0 where it is nil. `observe` sees the
    /// embeddings and then the output of every block. The threads of `pool` share the work, which changes no bit.
    package func callAsFunction(
        _ sentences: [[Int32]], segments: [[UInt8]]? = nil, pool: WorkerPool? = nil,
        observe: ((Matrix) -> Void)? = nil
    ) -> Matrix {
        var x = embeddings(sentences, segments: segments)
        let ranges = Self.ranges(sentences)
        observe?(x)
        for block in blocks {
            x = block(x, sentences: ranges, pool)
            observe?(x)
        }
        return x
    }

    /// Returns each sentence's rows in the hidden states.
    package static func ranges(_ sentences: [[Int32]]) -> [Range<Int>] {
        var start = 0
        return sentences.map { sentence in
            defer { start += sentence.count }
            return start..<start + sentence.count
        }
    }
}

/// Word, position and segment embeddings; a plain sentence lies in segment 0, BERT's token type 0.
///
/// MPNet has no segments: its table is one row of zeros.
struct BertEmbeddings {
    private let width: Int
    private let family: BertConfiguration.Family
    /// (vocabulary, width).
    private let word: [Float]
    /// (positions, width), after the rows before the family's first one.
    private var position: [Float]
    /// (segments, width).
    private var segment: [Float]
    private var norm: LayerNorm
    private let epsilon: Float

    init(_ weights: BertWeights, _ configuration: BertConfiguration) throws(ModelError) {
        width = configuration.width
        word = try weights.floats("embeddings.word_embeddings.weight")
        position = try weights.floats("embeddings.position_embeddings.weight")
        segment = try weights.segments(configuration)
        family = configuration.family
        epsilon = configuration.layerNormEpsilon
        norm = try weights.layerNorm("embeddings.LayerNorm", epsilon: epsilon)
    }

    /// Returns the same words with other positions, segments and norm.
    func changed(
        by weights: BertWeights, segments: [Float]
    ) throws(ModelError) -> BertEmbeddings {
        var changed = self
        changed.position = try weights.floats("embeddings.position_embeddings.weight")
        changed.segment = segments
        changed.norm = try weights.layerNorm("embeddings.LayerNorm", epsilon: epsilon)
        return changed
    }

    /// Returns (tokens, width); every id must be in the vocabulary and every sentence fit the positions.
    func callAsFunction(_ sentences: [[Int32]], segments: [[UInt8]]? = nil) -> Matrix {
        let tokens = sentences.reduce(0) { $0 + $1.count }
        var sum: [Float] = []
        sum.reserveCapacity(tokens * width)
        for (index, sentence) in sentences.enumerated() {
            for (place, (id, row)) in zip(sentence, family.positions(sentence)).enumerated() {
                let word = Int(id) * width
                let position = row * width
                let segment = Int(segments?[index][place] ?? 0) * width
                for i in 0..<width {
                    sum.append(
                        self.word[word + i] + self.segment[segment + i]
                            + self.position[position + i])
                }
            }
        }
        return norm(Matrix(rows: tokens, columns: width, values: sum))
    }
}

/// One post-norm transformer block.
///
///     h = norm(x + attention(x))
///     y = norm(h + feedForward(h))
struct BertBlock {
    private let attention: SelfAttention
    private let attentionNorm: LayerNorm
    private let feedForward: FeedForward
    private let feedForwardNorm: LayerNorm
    private let kernels: Kernels

    init(
        _ weights: BertWeights, _ prefix: String, _ configuration: BertConfiguration,
        bias: RelativeBias?, kernels: Kernels
    ) throws(ModelError) {
        let epsilon = configuration.layerNormEpsilon
        let part = prefix + "attention.self."
        self.kernels = kernels
        attention = SelfAttention(
            headCount: configuration.headCount, bias: bias,
            projection: try weights.linear(part + "query", part + "key", part + "value"),
            output: try weights.linear(prefix + "attention.output.dense"), kernels: kernels)
        attentionNorm = try weights.layerNorm(
            prefix + "attention.output.LayerNorm", epsilon: epsilon)
        feedForward = FeedForward(
            intermediate: try weights.linear(prefix + "intermediate.dense"),
            output: try weights.linear(prefix + "output.dense"), kernels: kernels)
        feedForwardNorm = try weights.layerNorm(prefix + "output.LayerNorm", epsilon: epsilon)
    }

    /// Returns (tokens, width) for x, (tokens, width).
    func callAsFunction(
        _ x: Matrix, sentences: [Range<Int>], _ pool: WorkerPool?
    ) -> Matrix {
        let h = attentionNorm(attention(x, sentences: sentences, pool).adding(x, kernels))
        return feedForwardNorm(feedForward(h, pool).adding(h, kernels))
    }
}
