import CErrataKernels
import ErrataModels

/// A low-rank update of a map with its gradients (LoRA; Hu and others 2021, section 4.1).
///
///     x' = drop(x),  h = s x' Aᵀ,  y += h Bᵀ
///     dB = dyᵀ h,  dh = s dy B,  dA = dhᵀ x',  dx += drop'(dh A)
///
/// A is (rank, inputs), B is (outputs, rank), as in PEFT's files.
struct LowRankUpdate: Sendable {
    let rank: Int
    let inputs: Int
    let outputs: Int
    let scale: Float
    let dropout: Dropout
    let down: Range<Int>
    let up: Range<Int>

    /// The rank up to whole lanes of the kernels.
    private var padded: Int { (rank + 15) / 16 * 16 }

    /// Adds the update to columns of y from `column` on.
    func add(_ x: Tensor, to y: Tensor, column: Int, _ pass: DecoderPass) {
        let inner = inner(dropout(x, pass), pass)
        pass.work.multiply(
            x.rows, outputs, rank, inner.start, padded,
            .transposed(pass.values + up.lowerBound, stride: rank), into: y.start + column,
            y.columns, adding: true)
    }

    /// Returns h, (tokens, padded rank).
    private func inner(_ x: Tensor, _ pass: DecoderPass) -> Tensor {
        let rows = Tensor.zeros(rows: padded, columns: inputs)
        rows.start.update(from: pass.values + down.lowerBound, count: down.count)
        let inner = Tensor(rows: x.rows, columns: padded)
        pass.work.multiply(
            x.rows, padded, inputs, x.start, inputs, .transposed(rows.start, stride: inputs),
            into: inner.start, padded)
        inner.scale(by: scale)
        return inner
    }

    /// Sums the gradients of A and B, and adds to dx, where they are wanted.
    func backward(
        _ x: Tensor, _ dy: Tensor, column: Int, _ pass: DecoderPass,
        _ gradients: UnsafeMutablePointer<Float>?, addingTo dx: Tensor?
    ) {
        let back = back(dy, column: column, pass)
        if let gradients { sum(x, dy, column: column, back, pass, gradients) }
        guard let dx else { return }
        let update = Tensor(rows: x.rows, columns: inputs)
        pass.work.multiply(
            x.rows, inputs, rank, back.start, padded,
            .rows(pass.values + down.lowerBound, stride: inputs), into: update.start, inputs)
        dropout.backward(update, pass, addingTo: dx)
    }

    /// Sums the gradients of A and B.
    private func sum(
        _ x: Tensor, _ dy: Tensor, column: Int, _ back: Tensor, _ pass: DecoderPass,
        _ gradients: UnsafeMutablePointer<Float>
    ) {
        let (work, tokens) = (pass.work, x.rows)
        let dropped = dropout(x, pass)
        let inner = inner(dropped, pass)
        let turned = work.transposed(inner.start, stride: padded, rows: tokens, columns: rank)
        let upGradient = Tensor(rows: rank, columns: outputs)
        work.multiply(
            rank, outputs, tokens, turned.start, tokens,
            .rows(dy.start + column, stride: dy.columns), into: upGradient.start, outputs)
        for row in 0..<outputs {
            for i in 0..<rank {
                gradients[up.lowerBound + row * rank + i] += upGradient.start[i * outputs + row]
            }
        }
        let backTurned = work.transposed(back.start, stride: padded, rows: tokens, columns: rank)
        work.multiply(
            rank, inputs, tokens, backTurned.start, tokens, .rows(dropped.start, stride: inputs),
            into: gradients + down.lowerBound, inputs, adding: true)
    }

    /// Returns dh, (tokens, padded rank).
    private func back(_ dy: Tensor, column: Int, _ pass: DecoderPass) -> Tensor {
        let wide = Tensor.zeros(rows: outputs, columns: padded)
        let up = pass.values + up.lowerBound
        for row in 0..<outputs {
            (wide.start + row * padded).update(from: up + row * rank, count: rank)
        }
        let back = Tensor(rows: dy.rows, columns: padded)
        pass.work.multiply(
            dy.rows, padded, outputs, dy.start + column, dy.columns,
            .rows(wide.start, stride: padded), into: back.start, padded)
        back.scale(by: scale)
        return back
    }
}
