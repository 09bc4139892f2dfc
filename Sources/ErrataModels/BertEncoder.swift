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
        self.configuration = configuration
        embeddings = try BertEmbeddings(weights, configuration)
        var blocks: [BertBlock] = []
        for layer in 0..<configuration.layerCount {
            blocks.append(
                try BertBlock(
                    weights, "encoder.layer.\(layer).", configuration, kernels: kernels))
        }
        self.blocks = blocks
    }

    /// Returns the last hidden states, (tokens, width), of sentences that lie one after the other.
    ///
    /// `observe` sees the embeddings and then the output of every block.
    package func callAsFunction(
        _ sentences: [[Int32]], observe: ((Matrix) -> Void)? = nil
    ) -> Matrix {
        var x = embeddings(sentences)
        let ranges = Self.ranges(sentences)
        observe?(x)
        for block in blocks {
            x = block(x, sentences: ranges)
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

/// Word, position and token type embeddings; every token here has type 0.
struct BertEmbeddings {
    private let width: Int
    /// (vocabulary, width).
    private let word: [Float]
    /// (positions, width).
    private let position: [Float]
    /// (width).
    private let tokenType: [Float]
    private let norm: LayerNorm

    init(_ weights: BertWeights, _ configuration: BertConfiguration) throws(ModelError) {
        width = configuration.width
        word = try weights.floats("embeddings.word_embeddings.weight")
        position = try weights.floats("embeddings.position_embeddings.weight")
        tokenType = Array(
            try weights.floats("embeddings.token_type_embeddings.weight").prefix(width))
        norm = try weights.layerNorm(
            "embeddings.LayerNorm", epsilon: configuration.layerNormEpsilon)
    }

    /// Returns (tokens, width); every id must be in the vocabulary and every sentence fit the positions.
    func callAsFunction(_ sentences: [[Int32]]) -> Matrix {
        let tokens = sentences.reduce(0) { $0 + $1.count }
        var sum: [Float] = []
        sum.reserveCapacity(tokens * width)
        for sentence in sentences {
            for (place, id) in sentence.enumerated() {
                let word = Int(id) * width
                let position = place * width
                for i in 0..<width {
                    sum.append(
                        self.word[word + i] + tokenType[i] + self.position[position + i])
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
        kernels: Kernels
    ) throws(ModelError) {
        let epsilon = configuration.layerNormEpsilon
        let part = prefix + "attention.self."
        self.kernels = kernels
        attention = SelfAttention(
            headCount: configuration.headCount,
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
    func callAsFunction(_ x: Matrix, sentences: [Range<Int>]) -> Matrix {
        let h = attentionNorm(attention(x, sentences: sentences).adding(x, kernels))
        return feedForwardNorm(feedForward(h).adding(h, kernels))
    }
}
