import CErrataKernels

/// A decoder of one of the families in ``DecoderConfiguration``: a language model.
///
///     x_0 = embedding[token]
///     x_i = block_i(x_{i-1})
///     logits = norm(x_n) W_head
///
/// A row depends on the tokens before it and on nothing else: neither on what it was batched with, nor
/// on how a prompt was cut into passes, nor on threads. Every kernel level gives the same bits; cosines
/// and sines come from the C library.
package struct CausalDecoder: Sendable {
    /// Rows of one pass; bounds the memory that a long prompt takes.
    static let passRowCountMax = 256

    package let configuration: DecoderConfiguration
    /// The directory's last component.
    package let name: String
    private let embedding: PackedWeight
    private let blocks: [DecoderBlock]
    private let norm: RootMeanSquareNorm
    private let head: ProjectionGroup
    private let frequencies: [Float]
    private let pool: WorkerPool
    let kernels: Kernels
    /// What it computes with; 8 bits if the checkpoint is in 8 bits, whatever was asked for.
    package let precision: Linear.Precision
    /// The files of each adapter that is merged into the weights.
    let mergedAdapters: [[SourceFile]]

    /// Loads a Hugging Face directory: `config.json` and the weights.
    ///
    /// `adapters` are directories of LoRA adapters to merge into the weights, in order.
    package init(
        directory: String, precision: Linear.Precision = .float32, threads: Int,
        mergingAdapters adapters: [String] = [], kernels: Kernels = .current
    ) throws(ModelError) {
        var files = ModelFiles(directory: directory)
        try self.init(
            &files, precision: precision, threads: threads, mergingAdapters: adapters,
            kernels: kernels)
    }

    /// Loads `config.json` and the weights from where `files` says.
    init(
        _ files: inout ModelFiles, precision: Linear.Precision, threads: Int,
        mergingAdapters adapters: [String] = [], kernels: Kernels = .current
    ) throws(ModelError) {
        let configuration = try DecoderConfiguration(
            try JSONReader.object(try files.bytes("config.json"), place: "config.json"))
        var loaded: [LoraAdapter] = []
        for adapter in adapters {
            loaded.append(
                try LoraAdapter(directory: adapter, base: configuration, kernels: kernels))
        }
        let weights = try DecoderWeights(
            try Checkpoint(&files), configuration, precision: precision, adapters: loaded,
            kernels: kernels)
        try self.init(
            weights, name: files.name, threads: threads, adapters: loaded.map(\.sources))
    }

    /// Makes a decoder of tensors that are not in a directory.
    package init(
        _ configuration: DecoderConfiguration, _ tensors: any TensorSource,
        precision: Linear.Precision, threads: Int, kernels: Kernels = .current
    ) throws(ModelError) {
        let weights = try DecoderWeights(
            tensors, configuration, precision: precision, adapters: [], kernels: kernels)
        try self.init(weights, name: tensors.name, threads: threads, adapters: [])
    }

    private init(
        _ weights: DecoderWeights, name: String, threads: Int, adapters: [[SourceFile]]
    ) throws(ModelError) {
        let configuration = weights.configuration
        let pool = WorkerPool(threads: threads)
        self.pool = pool
        self.configuration = configuration
        self.name = name
        kernels = weights.kernels
        precision = weights.precision
        mergedAdapters = adapters
        frequencies = configuration.rotary.frequencies(headWidth: configuration.headWidth)
        embedding = try weights.weight("model.embed_tokens.weight")
        var blocks: [DecoderBlock] = []
        for layer in 0..<configuration.layerCount {
            blocks.append(try DecoderBlock(weights, layer: layer, pool: pool))
        }
        self.blocks = blocks
        norm = try weights.norm("model.norm")
        // Tied weights are held once.
        let last = configuration.tiesEmbeddings ? embedding : try weights.weight("lm_head.weight")
        head = ProjectionGroup(
            [Projection(weight: last, bias: nil)], pool: pool, kernels: kernels)
    }

    /// Returns the decoder that `tensors` make where they differ from its own in some blocks only.
    ///
    /// All else is shared with it.
    package func replacing(
        blocks layers: Set<Int>, by tensors: any TensorSource
    ) throws(ModelError) -> CausalDecoder {
        let weights = try DecoderWeights(
            tensors, configuration, precision: precision, adapters: [], kernels: kernels)
        var blocks = blocks
        for layer in layers.sorted() {
            blocks[layer] = try DecoderBlock(weights, layer: layer, pool: pool)
        }
        return CausalDecoder(self, blocks)
    }

    private init(_ other: CausalDecoder, _ blocks: [DecoderBlock]) {
        configuration = other.configuration
        name = other.name
        embedding = other.embedding
        self.blocks = blocks
        norm = other.norm
        head = other.head
        frequencies = other.frequencies
        pool = other.pool
        kernels = other.kernels
        precision = other.precision
        mergedAdapters = other.mergedAdapters
    }

    /// How many bytes the weights take, caches aside.
    package var byteCount: Int {
        blocks.reduce(head.byteCount) { $0 + $1.byteCount }
            + (configuration.tiesEmbeddings ? 0 : embedding.byteCount)
    }

    /// Returns an empty cache, for one sequence.
    package func makeCache(adapter: LoraAdapter? = nil) throws(ModelError) -> KeyValueCache {
        if let adapter, !adapter.fits(configuration) {
            throw ModelError(.mismatch, "adapter '\(adapter.name)' was not made for '\(name)'")
        }
        return KeyValueCache(configuration, adapter: adapter)
    }

    /// Returns the normed last hidden states, (tokens, width), of each sequence's new tokens.
    ///
    /// The tokens go to the ends of the caches, one cache a sequence. An id outside the vocabulary, or more
    /// tokens than positions, is an error, and then no cache has changed. `isCancelled` is asked before
    /// each pass; if it says so, the call throws `CancellationError`, with some tokens in the caches.
    package func hiddenStates(
        _ tokens: [[Int32]], _ caches: inout [KeyValueCache], isCancelled: () -> Bool = { false }
    ) throws -> [Matrix] {
        precondition(tokens.count == caches.count)
        for (sequence, cache) in zip(tokens, caches) { try check(sequence, cache) }
        var states = [[Float]](repeating: [], count: tokens.count)
        for pieces in Self.passes(tokens.map(\.count), caches.map(\.count)) {
            if isCancelled() { throw CancellationError() }
            let x = pass(tokens, pieces, &caches)
            for piece in pieces {
                states[piece.sequence] +=
                    x.values[piece.rows.lowerBound * x.columns..<piece.rows.upperBound * x.columns]
            }
        }
        return zip(tokens, states).map {
            Matrix(rows: $0.count, columns: configuration.width, values: $1)
        }
    }

    private func check(_ tokens: [Int32], _ cache: KeyValueCache) throws(ModelError) {
        guard cache.count + tokens.count <= configuration.positionCount else {
            throw ModelError(
                .limit,
                "\(cache.count + tokens.count) tokens are more than the "
                    + "\(configuration.positionCount) positions of '\(name)'")
        }
        for token in tokens where !(0..<configuration.vocabularyCount).contains(Int(token)) {
            throw ModelError(
                .mismatch,
                "token \(token) is not in 0..<\(configuration.vocabularyCount), the vocabulary of "
                    + "'\(name)'")
        }
    }

    /// Cuts sequences into passes of a bounded number of rows.
    private static func passes(_ lengths: [Int], _ positions: [Int]) -> [[PassPiece]] {
        var passes: [[PassPiece]] = []
        var pieces: [PassPiece] = []
        var rows = 0
        for (sequence, length) in lengths.enumerated() {
            var taken = 0
            while taken < length {
                let count = min(length - taken, passRowCountMax - rows)
                pieces.append(
                    PassPiece(
                        sequence: sequence, rows: rows..<rows + count, offset: taken,
                        position: positions[sequence] + taken))
                taken += count
                rows += count
                guard rows == passRowCountMax else { continue }
                passes.append(pieces)
                (pieces, rows) = ([], 0)
            }
        }
        return pieces.isEmpty ? passes : passes + [pieces]
    }

    /// Runs the blocks over one pass.
    private func pass(
        _ tokens: [[Int32]], _ pieces: [PassPiece], _ caches: inout [KeyValueCache]
    ) -> Matrix {
        var positions: [Int] = []
        var ids: [Int] = []
        for piece in pieces {
            let sequence = tokens[piece.sequence]
            ids += sequence[piece.offset..<piece.offset + piece.rows.count].map(Int.init)
            positions += piece.position..<piece.position + piece.rows.count
            caches[piece.sequence].reserve(piece.position + piece.rows.count)
        }
        var x = embed(ids)
        let rotations = Rotations(frequencies: frequencies, positions: positions)
        for block in blocks { x = block(x, pieces, rotations, caches: &caches) }
        for piece in pieces { caches[piece.sequence].count += piece.rows.count }
        return norm(x)
    }

    private func embed(_ ids: [Int]) -> Matrix {
        let width = configuration.width
        return Matrix(rows: ids.count, columns: width) { x in
            for (row, id) in ids.enumerated() { embedding.copyRow(id, to: x + row * width) }
        }
    }

    /// Returns (rows, vocabulary) for hidden states.
    package func logits(_ hidden: Matrix) -> Matrix { head(hidden) }

    /// Returns the logits of every token, (tokens, vocabulary), of one sequence.
    package func logits(
        _ tokens: [Int32], _ cache: inout KeyValueCache
    ) throws -> Matrix {
        var caches = [cache]
        let states = try hiddenStates([tokens], &caches)
        cache = caches[0]
        return logits(states[0])
    }
}
