import CErrataKernels
package import ErrataModels

/// A decoder as training sees it: embeddings, blocks and head with their gradients.
///
/// Gradients are written by hand. A row holds several texts, each of which sees itself alone.
package struct TrainedDecoder: Sendable {
    /// How well the answers of a row were foretold.
    package struct Score: Sendable {
        /// The summed cross-entropy of the learned tokens.
        package let loss: Double
        package let tokenCount: Int
        /// Learned tokens that were held the most likely.
        package let rightCount: Int
        /// What the backward pass kept of the forward pass.
        package let keptByteCount: Int
    }

    /// What a pass does beside the forward pass.
    package struct Training {
        /// What the row's loss is divided by before its gradient is taken.
        package let divisor: Double
        /// Where gradients are summed, as long as the parameters.
        package let gradients: UnsafeMutablePointer<Float>
        /// Where dropout's masks start; nil drops nothing.
        package let dropoutSeed: UInt64?

        package init(
            divisor: Double, gradients: UnsafeMutablePointer<Float>, dropoutSeed: UInt64? = nil
        ) {
            self.divisor = divisor
            self.gradients = gradients
            self.dropoutSeed = dropoutSeed
        }
    }

    package let configuration: DecoderConfiguration
    package let work: ParallelKernels
    /// Whether each block's inner numbers are computed again for the backward pass (Chen and others 2016).
    package let recomputes: Bool
    private let isFull: Bool
    private let frequencies: [Float]
    private let embedding: CheckpointValues
    private let blocks: [TrainedDecoderBlock]
    private let head: DecoderHead

    /// Starts from a checkpoint: `table` receives the parameters with their first values.
    ///
    /// `logitCountMax` bounds the logits that are held at a time; it changes no bit.
    package init(
        _ source: DecoderSource, method: DecoderMethod, seed: UInt64, recomputes: Bool = true,
        logitCountMax: Int? = nil, work: ParallelKernels, table: inout ParameterTable
    ) throws(ModelError) {
        configuration = source.configuration
        self.work = work
        self.recomputes = recomputes
        isFull = method == .full
        frequencies = configuration.rotary.frequencies(headWidth: configuration.headWidth)
        var parameters = DecoderParameters(source, method, seed: seed)
        embedding = try parameters.values("model.embed_tokens.weight")
        var blocks: [TrainedDecoderBlock] = []
        for layer in 0..<configuration.layerCount {
            blocks.append(try TrainedDecoderBlock(layer: layer, &parameters))
        }
        self.blocks = blocks
        head = try DecoderHead(
            embedding: embedding, logitCountMax: logitCountMax ?? DecoderHead.logitCountDefault,
            &parameters)
        table = parameters.table
    }

    /// Returns how well a row's answers are foretold.
    ///
    /// With `training` the gradients are summed too.
    package func score(
        _ row: PackedRow, _ values: UnsafePointer<Float>, training: Training? = nil
    ) -> Score {
        let longest = row.texts.map(\.count).max() ?? 0
        let pass = DecoderPass(
            row: row, rotations: Rotations(frequencies: frequencies, positions: 0..<longest),
            values: values, gradients: training?.gradients, dropoutSeed: training?.dropoutSeed,
            work: work)
        var x = embed(row, values)
        var tapes: [TrainedDecoderBlock.Tape] = []
        var inputs: [Tensor] = []
        for block in blocks {
            let (y, tape) = block(x, pass)
            if training != nil {
                if recomputes { inputs.append(x) } else { tapes.append(tape) }
            }
            x = y
        }
        let kept =
            inputs.reduce(0) { $0 + $1.byteCount } + tapes.reduce(0) { $0 + $1.byteCount }
        let (score, gradient) = head(x, divisor: training?.divisor ?? 1, pass)
        if let gradient, let training {
            var dx: Tensor? = gradient
            for (layer, block) in blocks.enumerated().reversed() {
                guard let dy = dx else { break }
                let tape = recomputes ? block(inputs.removeLast(), pass).tape : tapes.removeLast()
                dx = block.backward(
                    tape, dy, pass, training.gradients, wantsInput: isFull || layer > 0)
            }
            if let dx, let sum = embedding.gradient(training.gradients) {
                embedBack(row, dx, sum)
            }
        }
        return Score(
            loss: score.loss, tokenCount: row.targetCount, rightCount: score.rightCount,
            keptByteCount: kept)
    }

    private func embed(_ row: PackedRow, _ values: UnsafePointer<Float>) -> Tensor {
        let width = configuration.width
        let x = Tensor(rows: row.tokens.count, columns: width)
        let words = embedding.start(values)
        for (index, token) in row.tokens.enumerated() {
            (x.start + index * width).update(from: words + Int(token) * width, count: width)
        }
        return x
    }

    private func embedBack(
        _ row: PackedRow, _ gradient: Tensor, _ sum: UnsafeMutablePointer<Float>
    ) {
        let width = configuration.width
        for (index, token) in row.tokens.enumerated() {
            work.kernels.functions.add(
                sum + Int(token) * width, gradient.start + index * width, width)
        }
    }
}
