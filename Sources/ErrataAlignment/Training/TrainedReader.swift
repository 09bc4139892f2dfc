package import ErrataModels

/// The reader as training sees it: embeddings, blocks and heads with their gradients.
///
/// One forward pass gives the same bits as ``Reader`` with the same numbers.
package struct TrainedReader: Sendable {
    package let configuration: BertConfiguration
    private let embeddings: TrainedEmbeddings
    private let blocks: [TrainedBlock]
    private let heads: TrainedHeads

    /// Starts from an encoder: `table` receives the parameters with their first values.
    package init(
        _ encoder: SentenceEncoder, method: TrainingMethod, seed: UInt64,
        table: inout ParameterTable
    ) throws(ModelError) {
        let configuration = encoder.model.configuration
        guard configuration.width.isMultiple(of: 16) else {
            throw ModelError(
                .unsupported,
                "training needs a width that is a multiple of 16, hidden_size is "
                    + "\(configuration.width)")
        }
        let weights = try encoder.weights()
        let tensor = { (name: String) throws(ModelError) in try weights.floats(name) }
        var random = SeededGenerator(seed: seed)
        embeddings = try TrainedEmbeddings(
            configuration, method: method, table: &table, kernels: encoder.kernels, tensor: tensor)
        var blocks: [TrainedBlock] = []
        for layer in 0..<configuration.layerCount {
            blocks.append(
                try TrainedBlock(
                    "encoder.layer.\(layer).", configuration, method: method, table: &table,
                    random: &random, kernels: encoder.kernels, tensor: tensor))
        }
        self.blocks = blocks
        heads = TrainedHeads(
            width: configuration.width, table: &table, random: &random, kernels: encoder.kernels)
        self.configuration = configuration
    }

    /// Reads the parameters anew: call it after every step of the optimizer.
    package func prepare(_ values: UnsafePointer<Float>) {
        for block in blocks { block.prepare(values) }
    }

    /// Returns what the reader says of the examples.
    package func logits(
        _ examples: [ReaderExample], _ values: UnsafePointer<Float>
    ) -> [ReaderLogits] {
        let sentences = BertEncoder.ranges(examples.map(\.ids))
        var x = embeddings(examples, values).y
        for block in blocks { x = block(x, sentences: sentences, values).y }
        return heads.logits(x, examples, sentences: sentences, values)
    }

    /// Returns the summed loss of the examples, each term divided by `divisor`, and writes the gradient.
    ///
    /// `gradients` has the length of the parameters and is overwritten.
    package func loss(
        _ examples: [ReaderExample], weights: LossWeights, divisor: Float,
        _ values: UnsafePointer<Float>, into gradients: UnsafeMutablePointer<Float>, count: Int
    ) -> Double {
        gradients.update(repeating: 0, count: count)
        let sentences = BertEncoder.ranges(examples.map(\.ids))
        let embedded = embeddings(examples, values)
        var x = embedded.y
        var tapes: [TrainedBlock.Tape] = []
        for block in blocks {
            let (y, tape) = block(x, sentences: sentences, values)
            tapes.append(tape)
            x = y
        }
        let gradient = Tensor.zeros(rows: x.rows, columns: x.columns)
        let loss = heads.loss(
            x, examples, sentences: sentences, weights: weights, divisor: divisor, values,
            gradient: gradient, into: gradients)
        var dx = gradient
        for (block, tape) in zip(blocks, tapes).reversed() {
            dx = block.backward(tape, dx, sentences: sentences, values, into: gradients)
        }
        embeddings.backward(embedded.sum, examples, dx, values, into: gradients)
        return loss
    }
}

/// What a pair teaches: its tokens, and what the reader should say of it.
package struct ReaderExample: Sendable {
    package let ids: [Int32]
    package let segments: [UInt8]
    /// The edit's tokens.
    package let edit: Range<Int>
    package let isInScope: Bool
    /// In scope: whether the answer is the fact's subject.
    package let asksForSubject: Bool
    /// In scope: the answer's tokens, counted from the edit's first; nil if it is not in the edit.
    package let answer: Range<Int>?

    package init(
        ids: [Int32], segments: [UInt8], edit: Range<Int>, isInScope: Bool, asksForSubject: Bool,
        answer: Range<Int>?
    ) {
        precondition(ids.count == segments.count)
        precondition(edit.upperBound <= ids.count)
        self.ids = ids
        self.segments = segments
        self.edit = edit
        self.isInScope = isInScope
        self.asksForSubject = asksForSubject
        self.answer = answer
    }

    package init(
        _ input: PairTokenizer.Input, isInScope: Bool, asksForSubject: Bool = false,
        answer: Range<Int>? = nil
    ) {
        self.init(
            ids: input.ids, segments: input.segments, edit: input.edit, isInScope: isInScope,
            asksForSubject: asksForSubject, answer: answer)
    }
}

/// What the reader says of one pair.
package struct ReaderLogits: Sendable {
    package let scope: Float
    package let direction: Float
    package let starts: [Float]
    package let ends: [Float]
}

/// How much each term of the loss counts.
package struct LossWeights: Equatable, Sendable {
    package let scope: Float
    package let direction: Float
    package let span: Float

    package init(scope: Float = 1, direction: Float = 0.3, span: Float = 0.2) {
        self.scope = scope
        self.direction = direction
        self.span = span
    }
}
