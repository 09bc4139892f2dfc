import CErrataKernels
import ErrataModels
import Glibc

/// What the logits behind one token of a row are held to.
package struct LogitGoal: Sendable {
    package enum Target: Sendable {
        /// This token is to come: its cross-entropy counts.
        case token(Int32)
        /// Probabilities that are to stay: the divergence (Kullback and Leibler) of ours from them counts.
        case distribution([Float])
    }

    /// The token of the row behind which the logits are.
    package let row: Int
    package let target: Target
    /// How much it counts.
    package let weight: Double

    package init(row: Int, _ target: Target, weight: Double) {
        self.row = row
        self.target = target
        self.weight = weight
    }
}

extension DecoderHead {
    /// How far logits are from their goals.
    struct Distance {
        var loss = 0.0
        /// Whether each goal that is a token is the most likely one; true for distributions.
        var isMet: [Bool] = []
    }

    /// Returns the logits behind some tokens, (tokens, vocabulary), with room for the kernels' lanes behind each.
    func logits(_ x: Tensor, rows: [Int], _ pass: DecoderPass) -> Tensor {
        logits(norm(gathered(x, rows), pass), pass)
    }

    private func gathered(_ x: Tensor, _ rows: [Int]) -> Tensor {
        let result = Tensor(rows: rows.count, columns: width)
        for (index, row) in rows.enumerated() {
            (result.start + index * width).update(from: x.start + row * width, count: width)
        }
        return result
    }

    private func logits(_ normed: Tensor, _ pass: DecoderPass) -> Tensor {
        let stride = (vocabulary + 15) / 16 * 16
        let logits = Tensor(rows: normed.rows, columns: stride)
        pass.work.multiply(
            normed.rows, vocabulary, width, normed.start, width,
            .transposed(weight.start(pass.values), stride: width), into: logits.start, stride)
        return logits
    }

    /// Returns how far the hidden states x are from some goals, and the gradient of that at x.
    ///
    /// No parameter's gradient is summed.
    func distance(
        _ x: Tensor, _ goals: [LogitGoal], _ pass: DecoderPass
    ) -> (distance: Distance, gradient: Tensor) {
        let before = gathered(x, goals.map(\.row))
        let logits = logits(norm(before, pass), pass)
        let losses = Tensor.zeros(rows: 1, columns: goals.count)
        let hits = Tensor.zeros(rows: 1, columns: goals.count)
        pass.work.each(goals.count) { index in
            let (loss, isMet) = score(
                logits.start + index * logits.columns, stride: logits.columns, goals[index], pass)
            losses.start[index] = loss
            hits.start[index] = isMet ? 1 : 0
        }
        let gradient = Tensor(rows: goals.count, columns: width)
        pass.work.multiply(
            goals.count, width, vocabulary, logits.start, logits.columns,
            .rows(weight.start(pass.values), stride: width), into: gradient.start, width)
        norm.backward(before, gradient, pass, nil)
        let result = Tensor.zeros(rows: x.rows, columns: width)
        for (index, goal) in goals.enumerated() {
            pass.work.kernels.functions.add(
                result.start + goal.row * width, gradient.start + index * width, width)
        }
        return (
            Distance(
                loss: zip(goals, losses.values).reduce(0) { $0 + $1.0.weight * Double($1.1) },
                isMet: hits.values.map { $0 > 0 }),
            result
        )
    }

    /// Replaces a row of logits by its gradient.
    private func score(
        _ row: UnsafeMutablePointer<Float>, stride: Int, _ goal: LogitGoal, _ pass: DecoderPass
    ) -> (loss: Float, isMet: Bool) {
        var best = 0
        for i in 1..<max(1, vocabulary) where row[i] > row[best] { best = i }
        let top = row[best]
        var expected: Float = 0
        switch goal.target {
        case .token(let token): expected = row[Int(token)]
        case .distribution(let wanted):
            var sum = 0.0
            for i in 0..<vocabulary where wanted[i] > 0 {
                // Σ q (z - top - log q): what is lost is log Σ exp(z - top) less this.
                sum += Double(wanted[i]) * (Double(row[i] - top) - log(Double(wanted[i])))
            }
            expected = top + Float(sum)
        }
        pass.work.kernels.functions.softmax(row, stride, 1, vocabulary, 1)
        // The largest probability is one over the sum of exp(z - max z).
        let loss = top - expected - log(row[best])
        let weight = Float(goal.weight)
        switch goal.target {
        case .token(let token):
            row[Int(token)] -= 1
            for i in 0..<vocabulary { row[i] *= weight }
            return (loss, best == Int(token))
        case .distribution(let wanted):
            for i in 0..<vocabulary { row[i] = weight * (row[i] - wanted[i]) }
            return (loss, true)
        }
    }
}
