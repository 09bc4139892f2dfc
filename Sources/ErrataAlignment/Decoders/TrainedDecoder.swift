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
        /// The parameters whose gradients are wanted, neighbours in the table; nil for all.
        ///
        /// Blocks below the first of them are left out of the backward pass.
        package let focus: Range<Int>?

        package init(
            divisor: Double, gradients: UnsafeMutablePointer<Float>, dropoutSeed: UInt64? = nil,
            focus: Range<Int>? = nil
        ) {
            self.divisor = divisor
            self.gradients = gradients
            self.dropoutSeed = dropoutSeed
            self.focus = focus
        }
    }

    package let configuration: DecoderConfiguration
    package let work: ParallelKernels
    /// Whether each block's inner numbers are computed again for the backward pass (Chen and others 2016).
    package let recomputes: Bool
    private let isFull: Bool
    private let frequencies: [Float]
    private let embedding: CheckpointValues
    let blocks: [TrainedDecoderBlock]
    /// Each block's first parameter.
    private let blockStarts: [Int]
    let head: DecoderHead

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
        var starts: [Int] = []
        for layer in 0..<configuration.layerCount {
            starts.append(parameters.table.count)
            blocks.append(try TrainedDecoderBlock(layer: layer, &parameters))
        }
        (self.blocks, blockStarts) = (blocks, starts)
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
        let pass = pass(row, values, training)
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
                    tape, dy, pass, training.gradients,
                    wantsInput: wantsInput(layer, training.focus))
            }
            if let dx, let sum = embedding.gradient(training.gradients, pass) {
                embedBack(row, dx, sum)
            }
        }
        return Score(
            loss: score.loss, tokenCount: row.targetCount, rightCount: score.rightCount,
            keptByteCount: kept)
    }

    /// Returns what the layers of a pass share.
    func pass(
        _ row: PackedRow, _ values: UnsafePointer<Float>, _ training: Training? = nil
    ) -> DecoderPass {
        let longest = row.texts.map(\.count).max() ?? 0
        return DecoderPass(
            row: row, rotations: Rotations(frequencies: frequencies, positions: 0..<longest),
            values: values, gradients: training?.gradients, focus: training?.focus,
            dropoutSeed: training?.dropoutSeed, work: work)
    }

    /// Whether a parameter below a block wants its gradient.
    private func wantsInput(_ layer: Int, _ focus: Range<Int>?) -> Bool {
        guard isFull, let focus else { return isFull || layer > 0 }
        return focus.lowerBound < blockStarts[layer]
    }

    func embed(_ row: PackedRow, _ values: UnsafePointer<Float>) -> Tensor {
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
