import ErrataAlignment
import ErrataModels

/// Looks for the vector that, added where the subject is looked up, makes a model say the target.
///
/// From Meng et al. 2022, equation 4: descends on the mean cross-entropy of the target over a few contexts, the
/// divergence behind "{subject} is a", and the vector's length.
///
///     L(δ) = mean_j -log P(target | context_j, v + δ) + κ D(P(x | essence) ‖ P(x | essence, v + δ)) + μ ‖δ‖ / ‖v‖²
struct VectorSearch {
    let settings: VectorSearchSettings
    let decoder: TrainedDecoder

    /// What was found.
    struct Found {
        let vector: [Float]
        let outcome: WeightEditOutcome
    }

    /// The texts of an edit: contexts, the prompt alone first, and what its subject is held to.
    struct Texts {
        let contexts: [EditText]
        let essence: EditText?

        var row: PackedRow { PackedRow((contexts + [essence].compactMap { $0 }).map(\.example)) }

        /// Where the vector is added.
        func places(_ row: PackedRow) -> [Int] {
            zip(row.texts, contexts + [essence].compactMap { $0 }).map {
                $0.lowerBound + $1.place
            }
        }
    }

    /// `norm` is the length of v, of which steps and bounds are shares.
    func callAsFunction(
        _ texts: Texts, _ values: [Float], layer: Int, norm: Double, isCancelled: () -> Bool
    ) throws -> Found {
        let row = texts.row
        let half = decoder.halfway(row, values, layer: layer)
        let places = texts.places(row)
        let goals = goals(texts, half, values)
        let width = decoder.configuration.width
        var optimizer = AdamW(AdamW.Settings(decay: 0), count: width)
        // Adam's steps are about `rate` in each number.
        let rate = settings.stepLength * norm / Double(width).squareRoot()
        var vector = [Float](repeating: 0, count: width)
        var best: Found?
        for step in 0...max(0, settings.stepCountMax) {
            if isCancelled() { throw CancellationError() }
            let probe = decoder.probe(half, values, adding: vector, at: places, goals: goals)
            let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let loss = probe.loss + settings.decay * length / (norm * norm)
            guard loss.isFinite else { break }
            let isLearned = probe.isMet.prefix(texts.contexts[0].targetCount).allSatisfy { $0 }
            let found = Found(
                vector: vector,
                outcome: WeightEditOutcome(stepCount: step, loss: loss, isLearned: isLearned))
            if found.isBetter(than: best) { best = found }
            if isLearned && loss < settings.lossEnd { break }
            var gradient = probe.gradient
            if length > 0 {
                let share = Float(settings.decay / (norm * norm * length))
                for i in 0..<width { gradient[i] += share * vector[i] }
            }
            optimizer.update(&vector, gradient, rate: rate)
            clamp(&vector, to: settings.lengthMax * norm)
        }
        guard let best else {
            throw ModelError(.malformed, "the loss of an edit is not finite")
        }
        return best
    }

    private func goals(_ texts: Texts, _ half: HalfwayRow, _ values: [Float]) -> [LogitGoal] {
        var goals: [LogitGoal] = []
        for (range, context) in zip(half.row.texts, texts.contexts) {
            let weight = 1 / Double(context.targetCount * texts.contexts.count)
            for target in context.example.answerStart..<context.example.tokens.count {
                goals.append(
                    LogitGoal(
                        row: range.lowerBound + target - 1,
                        .token(context.example.tokens[target]), weight: weight))
            }
        }
        if texts.essence != nil, let last = half.row.texts.last?.upperBound {
            goals.append(
                LogitGoal(
                    row: last - 1,
                    .distribution(decoder.probabilities(half, values, row: last - 1)),
                    weight: settings.essenceWeight))
        }
        return goals
    }

    private func clamp(_ vector: inout [Float], to limit: Double) {
        let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length > limit else { return }
        let factor = Float(limit / length)
        for i in vector.indices { vector[i] *= factor }
    }
}

extension VectorSearch.Found {
    /// A learned target goes before a lower loss.
    fileprivate func isBetter(than other: Self?) -> Bool {
        guard let other else { return true }
        if outcome.isLearned != other.outcome.isLearned { return outcome.isLearned }
        return outcome.loss < other.outcome.loss
    }
}

extension EditText {
    var targetCount: Int { example.tokens.count - example.answerStart }
}
