import CErrataKernels

/// Root mean square normalization (Zhang and Sennrich 2019, equation 4) over each row.
///
///     y = x / sqrt(mean(x²) + epsilon) * weight
struct RootMeanSquareNorm: Sendable {
    private let weight: [Float]
    /// Inside the root; a checkpoint's `rms_norm_eps`.
    private let epsilon: Float
    private let kernels: Kernels

    init(weight: [Float], epsilon: Float, kernels: Kernels) {
        self.weight = weight
        self.epsilon = epsilon
        self.kernels = kernels
    }

    /// Returns the normalized rows of x, (tokens, width).
    func callAsFunction(_ x: Matrix) -> Matrix {
        precondition(x.columns == weight.count)
        return Matrix(rows: x.rows, columns: x.columns) { y in
            kernels.functions.rms_norm(y, x.values, x.rows, x.columns, weight, epsilon)
        }
    }

    /// Normalizes `rows` vectors that lie one after the other.
    func apply(to x: UnsafeMutablePointer<Float>, rows: Int) {
        kernels.functions.rms_norm(x, x, rows, weight.count, weight, epsilon)
    }
}
