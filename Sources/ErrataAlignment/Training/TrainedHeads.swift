import ErrataModels
import Glibc

/// The reader's heads with their losses and gradients.
///
/// The loss of a pair is the cross entropy of its scope; in scope also that of the direction, and where
/// the answer stands in the edit the mean of those of its first and last token.
struct TrainedHeads: Sendable {
    private let width: Int
    private let scope: Head
    private let direction: Head
    private let spans: [Head]
    private let kernels: Kernels

    /// One output: its weights and, behind them or elsewhere, its bias in the parameters.
    private struct Head {
        let weight: Int
        let bias: Int
    }

    init(
        width: Int, table: inout ParameterTable, random: inout SeededGenerator, kernels: Kernels
    ) {
        self.width = width
        self.kernels = kernels
        var heads: [Head] = []
        for (name, outputs) in [("scope", 1), ("direction", 1), ("span", 2)] {
            // BERT's 0.02, as a uniform of that deviation.
            let bound = 0.02 * Float(3).squareRoot()
            let weight = table.add(
                "reader.\(name).weight", shape: [outputs, width],
                (0..<outputs * width).map { _ in random.uniform(-bound...bound) }, group: .heads,
                decays: true)
            let bias = table.add(
                "reader.\(name).bias", shape: [outputs], [Float](repeating: 0, count: outputs),
                group: .heads)
            for output in 0..<outputs {
                heads.append(
                    Head(
                        weight: weight.lowerBound + output * width,
                        bias: bias.lowerBound + output))
            }
        }
        scope = heads[0]
        direction = heads[1]
        spans = [heads[2], heads[3]]
    }

    /// Returns the logits of every pair from its hidden states.
    func logits(
        _ hidden: Tensor, _ examples: [ReaderExample], sentences: [Range<Int>],
        _ values: UnsafePointer<Float>
    ) -> [ReaderLogits] {
        zip(examples, sentences).map { example, rows in
            func logits(_ head: Head) -> [Float] {
                example.edit.map { output(head, hidden, rows.lowerBound + $0, values) }
            }
            return ReaderLogits(
                scope: output(scope, hidden, rows.lowerBound, values),
                direction: output(direction, hidden, rows.lowerBound, values),
                starts: logits(spans[0]), ends: logits(spans[1]))
        }
    }

    /// One chain of fused multiply-adds that starts at the bias, as in ``Linear``.
    private func output(
        _ head: Head, _ hidden: Tensor, _ row: Int, _ values: UnsafePointer<Float>
    ) -> Float {
        let x = hidden.start + row * width
        var sum = values[head.bias]
        for i in 0..<width { sum = fmaf(x[i], values[head.weight + i], sum) }
        return sum
    }

    /// Returns the loss; adds the gradients at the hidden states and of the heads.
    func loss(
        _ hidden: Tensor, _ examples: [ReaderExample], sentences: [Range<Int>],
        weights: LossWeights, divisor: Float, _ values: UnsafePointer<Float>,
        gradient: Tensor, into gradients: UnsafeMutablePointer<Float>
    ) -> Double {
        var total = 0.0
        func add(_ head: Head, row: Int, slope: Float) {
            let x = hidden.start + row * width
            let dx = gradient.start + row * width
            for i in 0..<width {
                gradients[head.weight + i] += slope * x[i]
                dx[i] += slope * values[head.weight + i]
            }
            gradients[head.bias] += slope
        }
        func binary(_ head: Head, row: Int, is target: Bool, weight: Float) {
            let logit = output(head, hidden, row, values)
            total += Double(weight) * Self.entropy(logit, target)
            let slope = 1 / (1 + expf(-logit)) - (target ? 1 : 0)
            add(head, row: row, slope: weight * slope)
        }
        func categorical(_ head: Head, rows: Range<Int>, target: Int, weight: Float) {
            let logits = rows.map { output(head, hidden, $0, values) }
            let largest = logits.max() ?? 0
            let sum = logits.reduce(0) { $0 + expf($1 - largest) }
            total += Double(weight) * Double(logf(sum) + largest - logits[target])
            for (i, row) in rows.enumerated() {
                let slope = expf(logits[i] - largest) / sum - (i == target ? 1 : 0)
                add(head, row: row, slope: weight * slope)
            }
        }
        for (example, rows) in zip(examples, sentences) {
            let first = rows.lowerBound
            binary(
                scope, row: first, is: example.isInScope, weight: weights.scope / divisor)
            guard example.isInScope else { continue }
            binary(
                direction, row: first, is: example.asksForSubject,
                weight: weights.direction / divisor)
            guard let answer = example.answer else { continue }
            let edit = first + example.edit.lowerBound..<first + example.edit.upperBound
            let weight = weights.span / 2 / divisor
            categorical(spans[0], rows: edit, target: answer.lowerBound, weight: weight)
            categorical(spans[1], rows: edit, target: answer.upperBound - 1, weight: weight)
        }
        return total
    }

    /// Returns -log of the probability of `target`, without overflow.
    static func entropy(_ logit: Float, _ target: Bool) -> Double {
        let signed = Double(target ? logit : -logit)
        return max(0, -signed) + log1p(exp(-abs(signed)))
    }
}
