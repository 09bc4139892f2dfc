import ErrataModels

/// The gradient of a step: rows go through the decoder one after the other, and their gradients are summed.
package final class DecoderGradients {
    /// What a step was.
    package struct Result: Sendable {
        /// The mean cross-entropy of the answers' tokens.
        package let loss: Double
        /// Tokens that went through the model.
        package let tokenCount: Int
        /// The most that a row's backward pass kept of its forward pass.
        package let keptByteCount: Int
    }

    private let decoder: TrainedDecoder
    private let sum: Tensor

    package init(_ decoder: TrainedDecoder, parameterCount: Int) {
        self.decoder = decoder
        sum = Tensor(rows: 1, columns: parameterCount)
    }

    /// The gradient of the last step.
    package var gradient: UnsafeMutablePointer<Float> { sum.start }

    /// Returns the loss of some rows and leaves its gradient in `gradient`.
    ///
    /// `isCancelled` is asked before each row; if it says so, the call throws `CancellationError`.
    package func callAsFunction(
        _ rows: [PackedRow], _ values: [Float], dropoutSeed: UInt64? = nil,
        isCancelled: () -> Bool = { false }
    ) throws(CancellationError) -> Result {
        sum.start.update(repeating: 0, count: sum.count)
        let targetCount = rows.reduce(0) { $0 + $1.targetCount }
        var loss = 0.0
        var kept = 0
        for (index, row) in rows.enumerated() {
            if isCancelled() { throw CancellationError() }
            let score = decoder.score(
                row, values,
                training: .init(
                    divisor: Double(max(1, targetCount)), gradients: gradient,
                    // Rows of a step are far apart in the sequence of seeds.
                    dropoutSeed: dropoutSeed.map { $0 &+ UInt64(index) &* 0xA24B_AED4_963E_E407 }))
            loss += score.loss
            kept = max(kept, score.keptByteCount)
        }
        return Result(
            loss: loss / Double(max(1, targetCount)),
            tokenCount: rows.reduce(0) { $0 + $1.tokens.count }, keptByteCount: kept)
    }

    /// Scales the gradient down to a norm of `limit` and returns its norm before.
    ///
    /// From Pascanu et al. 2013, section 3.2. The squares are summed in parts of a fixed size.
    package func clip(to limit: Double) -> Double {
        let size = 1 << 16
        let parts = (sum.count + size - 1) / size
        var squares = [Double](repeating: 0, count: parts)
        let start = sum.start
        squares.withUnsafeMutableBufferPointer { squares in
            guard let squares = squares.baseAddress else { return }
            decoder.work.eachRows(sum.count, atATime: size) { range in
                var part = 0.0
                for i in range { part += Double(start[i]) * Double(start[i]) }
                squares[range.lowerBound / size] = part
            }
        }
        let norm = squares.reduce(0, +).squareRoot()
        // PyTorch's bound against division by zero.
        let factor = Float(limit / (norm + 1e-6))
        if factor < 1 {
            decoder.work.eachRows(sum.count, atATime: size) { range in
                for i in range { start[i] *= factor }
            }
        }
        return norm
    }
}
