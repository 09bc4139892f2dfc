package import ErrataModels

/// Trains a decoder on chats by a recipe.
///
/// The same chats, recipe and checkpoint give the same bits, with an interruption or without, on any number of
/// threads.
package final class DecoderTrainer {
    /// One step as it was.
    package struct Step: Sendable {
        /// Steps done with it.
        package let number: Int
        package let loss: Double
        package let gradientNorm: Double
        /// Tokens that went through the model, prompts included.
        package let tokenCount: Int
        /// What the backward pass kept of the forward pass.
        package let keptByteCount: Int
    }

    /// How well answers that are not trained on are foretold.
    package struct Evaluation: Sendable {
        /// The mean cross-entropy of their tokens.
        package let loss: Double
        package let tokenCount: Int
        /// Tokens that were held the most likely, teacher-forced.
        package let rightCount: Int

        package var accuracy: Double { Double(rightCount) / Double(max(1, tokenCount)) }
    }

    package let recipe: DecoderRecipe
    package let base: DecoderBase
    package let decoder: TrainedDecoder
    package var table: ParameterTable
    package internal(set) var optimizer: AdamW
    /// The loss of every step.
    package internal(set) var losses: [Float] = []
    /// What ``evaluate(_:isCancelled:)`` found so far, with the steps done by then.
    package internal(set) var evaluations: [(step: Int, evaluation: Evaluation)] = []

    /// SHA-256 of the base; see ``ModelIdentity``.
    let baseHash: [UInt8]
    /// SHA-256 of the chats' files.
    let dataHash: [UInt8]
    let textCount: Int
    private let examples: [ChatExample]
    private let batches: DecoderBatches
    private let gradients: DecoderGradients

    /// `recomputes` saves memory and costs a third more time; it changes no bit.
    package init(
        _ recipe: DecoderRecipe, _ examples: [ChatExample], dataHash: [UInt8], base: DecoderBase,
        recomputes: Bool = true, work: ParallelKernels
    ) throws {
        try Self.check(examples, recipe, base.configuration)
        self.recipe = recipe
        self.base = base
        self.examples = examples
        self.dataHash = dataHash
        textCount = examples.count
        baseHash = try base.identity.digest()
        var table = ParameterTable()
        decoder = try TrainedDecoder(
            base.source, method: recipe.method, seed: recipe.seed, recomputes: recomputes,
            work: work.with(recipe.precision), table: &table)
        batches = DecoderBatches(
            lengths: examples.map(\.tokens.count), batchCount: recipe.batchCount,
            rowTokenCount: recipe.rowTokenCount, seed: recipe.seed)
        // The paper's optimizer is transformers' default.
        optimizer = AdamW(AdamW.Settings(decay: recipe.decay), count: table.count)
        gradients = DecoderGradients(decoder, parameterCount: table.count)
        self.table = table
    }

    private static func check(
        _ examples: [ChatExample], _ recipe: DecoderRecipe, _ configuration: DecoderConfiguration
    ) throws(ModelError) {
        guard !examples.isEmpty else {
            throw ModelError(.malformed, "there is no text to train on")
        }
        guard recipe.tokenCountMax <= configuration.positionCount else {
            throw ModelError(
                .limit,
                "texts of \(recipe.tokenCountMax) tokens are longer than the model's "
                    + "\(configuration.positionCount) positions")
        }
        for example in examples {
            guard example.tokens.count <= recipe.tokenCountMax,
                example.answerStart > 0, example.answerStart < example.tokens.count,
                example.tokens.allSatisfy({
                    (0..<configuration.vocabularyCount).contains(Int($0))
                })
            else {
                throw ModelError(
                    .mismatch, "a text is too long, has no answer or words of another vocabulary")
            }
        }
    }

    package var stepCount: Int { recipe.stepCount(textCount) }
    package var isFinished: Bool { losses.count >= stepCount }

    /// Does the next step.
    ///
    /// Throws, changing nothing, if the loss or the gradient is not finite, and `CancellationError` if
    /// `isCancelled` says so.
    package func step(isCancelled: () -> Bool = { false }) throws -> Step {
        let number = losses.count
        let rows = batches.rows(step: number).map { texts in
            PackedRow(texts.map { examples[$0] })
        }
        var random = SeededGenerator(seed: recipe.seed &+ UInt64(number) &* 0xBF58_476D_1CE4_E5B9)
        let result = try gradients(
            rows, table.values, dropoutSeed: random.next(), isCancelled: isCancelled)
        let norm = gradients.clip(to: recipe.clip)
        guard result.loss.isFinite, norm.isFinite else {
            throw ModelError(
                .malformed,
                "step \(number + 1): the loss is \(result.loss.isNaN ? .nan : result.loss), the "
                    + "gradient's norm \(norm.isNaN ? .nan : norm)",
                hint: "Lower the learning rate and start anew.")
        }
        let rate = recipe.rate * recipe.schedule(textCount).factor(at: number)
        optimizer.update(
            &table.values, gradients.gradient, table.entries, work: decoder.work
        ) { _ in rate }
        losses.append(Float(result.loss))
        return Step(
            number: number + 1, loss: result.loss, gradientNorm: norm,
            tokenCount: result.tokenCount, keptByteCount: result.keptByteCount)
    }

    /// Says how well the answers of other texts are foretold, and remembers it.
    package func evaluate(
        _ examples: [ChatExample], isCancelled: () -> Bool = { false }
    ) throws(CancellationError) -> Evaluation {
        let rows = DecoderBatches(
            lengths: examples.map(\.tokens.count), batchCount: examples.count,
            rowTokenCount: recipe.rowTokenCount, seed: 0
        ).packed(Array(examples.indices))
        var (loss, count, right) = (0.0, 0, 0)
        for texts in rows {
            if isCancelled() { throw CancellationError() }
            let score = decoder.score(PackedRow(texts.map { examples[$0] }), table.values)
            loss += score.loss
            count += score.tokenCount
            right += score.rightCount
        }
        let evaluation = Evaluation(
            loss: loss / Double(max(1, count)), tokenCount: count, rightCount: right)
        evaluations.removeAll { $0.step >= losses.count }
        evaluations.append((losses.count, evaluation))
        return evaluation
    }
}
