import CErrataKernels
import ErrataModels
import Glibc

/// The last norm and map of a decoder with the cross-entropy of the learned tokens, and its gradients.
///
///     z = norm(x) W_headᵀ,  loss = Σ log Σ_j exp(z_j) - z_target,  dz = softmax(z) - onehot(target)
///
/// Only rows before a learned token have logits, some of them at a time.
struct DecoderHead: Sendable {
    /// Logits that are held at a time.
    static let logitCountDefault = 1 << 24

    /// How well the learned tokens of a row were foretold.
    struct Score {
        var loss = 0.0
        /// Targets that were the most likely token.
        var rightCount = 0
    }

    let norm: DecoderNorm
    let weight: CheckpointValues
    let width: Int
    let vocabulary: Int
    private let logitCountMax: Int

    /// `embedding` is the last map too if they are tied.
    init(
        embedding: CheckpointValues, logitCountMax: Int, _ parameters: inout DecoderParameters
    ) throws(ModelError) {
        self.logitCountMax = logitCountMax
        let configuration = parameters.source.configuration
        width = configuration.width
        vocabulary = configuration.vocabularyCount
        norm = try DecoderNorm("model.norm", width: width, &parameters)
        weight =
            configuration.tiesEmbeddings ? embedding : try parameters.values("lm_head.weight")
    }

    /// Returns the score of a row for the hidden states x, and the gradient at x if it is wanted.
    ///
    /// The gradient is that of the loss over `divisor`.
    func callAsFunction(
        _ x: Tensor, divisor: Double, _ pass: DecoderPass
    ) -> (score: Score, gradient: Tensor?) {
        let targets = pass.row.targets
        let before = Tensor(rows: targets.count, columns: width)
        for (index, target) in targets.enumerated() {
            (before.start + index * width).update(
                from: x.start + (target - 1) * width, count: width)
        }
        let normed = norm(before, pass)
        let gradient =
            pass.gradients == nil ? nil : Tensor(rows: targets.count, columns: width)
        var score = Score()
        let size = max(1, logitCountMax / vocabulary)
        for start in stride(from: 0, to: targets.count, by: size) {
            let rows = start..<min(start + size, targets.count)
            score.add(
                chunk(normed, rows, targets[rows], divisor: divisor, pass, gradient: gradient))
        }
        guard let gradient, let gradients = pass.gradients else { return (score, nil) }
        norm.backward(before, gradient, pass, gradients)
        let result = Tensor.zeros(rows: x.rows, columns: width)
        for (index, target) in targets.enumerated() {
            (result.start + (target - 1) * width).update(
                from: gradient.start + index * width, count: width)
        }
        return (score, result)
    }

    /// Scores some of the rows and writes their gradients.
    private func chunk(
        _ normed: Tensor, _ rows: Range<Int>, _ targets: ArraySlice<Int>, divisor: Double,
        _ pass: DecoderPass, gradient: Tensor?
    ) -> Score {
        let (work, count) = (pass.work, rows.count)
        let stride = (vocabulary + 15) / 16 * 16
        let logits = Tensor(rows: count, columns: stride)
        let head = weight.start(pass.values)
        let x = normed.start + rows.lowerBound * width
        work.multiply(
            work.left(x, stride: width, rows: count, depth: width), columns: vocabulary,
            .transposed(head, stride: width), into: logits.start, stride)
        let score = scored(logits, targets, divisor: divisor, pass)
        guard let gradient else { return score }
        work.multiply(
            work.left(logits.start, stride: stride, rows: count, depth: vocabulary),
            columns: width, .rows(head, stride: width),
            into: gradient.start + rows.lowerBound * width, width)
        if let sum = weight.gradient(pass.gradients, pass) {
            let turned = work.left(
                transposing: logits.start, stride: stride, rows: vocabulary, depth: count)
            work.multiply(
                turned, columns: width, .rows(x, stride: width), into: sum, width, adding: true)
        }
        return score
    }

    /// Replaces logits by their gradients.
    private func scored(
        _ logits: Tensor, _ targets: ArraySlice<Int>, divisor: Double, _ pass: DecoderPass
    ) -> Score {
        let losses = Tensor(rows: 1, columns: targets.count)
        let hits = Tensor.zeros(rows: 1, columns: targets.count)
        let share = Float(1 / divisor)
        pass.work.each(targets.count) { index in
            let row = logits.start + index * logits.columns
            let target = Int(pass.row.tokens[targets[targets.startIndex + index]])
            var best = 0
            for i in 1..<max(1, vocabulary) where row[i] > row[best] { best = i }
            let distance = row[best] - row[target]
            pass.work.kernels.functions.softmax(row, logits.columns, 1, vocabulary, 1)
            // The largest probability is one over the sum of exp(z - max z).
            losses.start[index] = distance - log(row[best])
            hits.start[index] = best == target ? 1 : 0
            row[target] -= 1
            for i in 0..<vocabulary { row[i] *= share }
        }
        var score = Score()
        for index in 0..<targets.count {
            score.loss += Double(losses.start[index])
            score.rightCount += hits.start[index] > 0 ? 1 : 0
        }
        return score
    }
}

extension DecoderHead.Score {
    fileprivate mutating func add(_ other: DecoderHead.Score) {
        loss += other.loss
        rightCount += other.rightCount
    }
}
