import CErrataKernels

/// Layer normalization (Ba, Kiros and Hinton 2016) over each row.
///
///     y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias
package struct LayerNorm: Sendable {
    private let weight: [Float]
    private let bias: [Float]
    /// Inside the root; a checkpoint's `layer_norm_eps`.
    private let epsilon: Float
    private let kernels: Kernels

    package init(weight: [Float], bias: [Float], epsilon: Float, kernels: Kernels) {
        precondition(weight.count == bias.count)
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
        self.kernels = kernels
    }

    /// Returns the normalized rows of x, (tokens, width).
    package func callAsFunction(_ x: Matrix) -> Matrix {
        precondition(x.columns == weight.count)
        return Matrix(rows: x.rows, columns: x.columns) { y in
            kernels.functions.layer_norm(y, x.values, x.rows, x.columns, weight, bias, epsilon)
        }
    }
}
