package import ErrataModels

/// Trains a reader on pairs by a recipe.
///
/// The same pairs, recipe and kernels give the same bits, with an interruption or without.
package final class Trainer {
    /// One step as it was.
    package struct Step: Sendable {
        /// Steps done with it.
        package let number: Int
        package let loss: Double
        package let gradientNorm: Double
    }

    package let recipe: TrainingRecipe
    package let reader: TrainedReader
    package var table: ParameterTable
    package internal(set) var optimizer: AdamW
    /// The loss of every step.
    package internal(set) var losses: [Float] = []

    let encoder: SentenceEncoder
    /// SHA-256 of the pairs' file.
    let dataHash: [UInt8]
    private let set: TrainingSet
    private let order: BatchOrder
    private let gradients: GradientPass
    private var batches: (pass: Int, batches: [ArraySlice<Int>])?

    package init(
        _ recipe: TrainingRecipe, _ set: TrainingSet, dataHash: [UInt8],
        encoder: SentenceEncoder
    ) throws(ModelError) {
        guard set.examples.count >= recipe.batchCount else {
            throw ModelError(
                .malformed,
                "\(set.examples.count) pairs to train on, one batch takes \(recipe.batchCount)")
        }
        var table = ParameterTable()
        reader = try TrainedReader(
            encoder, method: recipe.method, seed: recipe.seed, table: &table)
        self.recipe = recipe
        self.set = set
        self.dataHash = dataHash
        self.encoder = encoder
        order = BatchOrder(
            lengths: set.examples.map(\.ids.count), batchCount: recipe.batchCount,
            seed: recipe.seed)
        optimizer = AdamW(AdamW.Settings(decay: recipe.decay), count: table.count)
        gradients = GradientPass(
            reader, parameterCount: table.count, shardCount: recipe.shardCount,
            kernels: encoder.kernels)
        self.table = table
        reader.prepare(table.values)
    }

    package var isFinished: Bool { losses.count >= recipe.stepCount }

    /// Does the next step; throws, changing nothing, if the loss or the gradient is not finite.
    package func step() throws(ModelError) -> Step {
        let number = losses.count
        let batch = batch(number).map { set.examples[$0] }
        let loss = gradients(batch, weights: recipe.weights, table.values)
        let norm = gradients.clip(to: recipe.clip)
        guard loss.isFinite, norm.isFinite else {
            throw ModelError(
                .malformed,
                "step \(number + 1): the loss is \(loss.isNaN ? .nan : loss), the gradient's norm "
                    + "\(norm.isNaN ? .nan : norm)",
                hint: "Lower the learning rates in the recipe and resume the last checkpoint.")
        }
        let factor = recipe.schedule.factor(at: number)
        optimizer.update(&table.values, gradients.gradient, table.entries) { group in
            factor * (group == .heads ? recipe.headRate : recipe.encoderRate)
        }
        reader.prepare(table.values)
        losses.append(Float(loss))
        return Step(number: number + 1, loss: loss, gradientNorm: norm)
    }

    private func batch(_ number: Int) -> ArraySlice<Int> {
        let perPass = order.batchesPerPass
        let pass = number / perPass
        if batches?.pass != pass { batches = (pass, order.batches(pass: pass)) }
        return batches?.batches[number % perPass] ?? []
    }
}
