import CErrataKernels

/// The position-wise feed-forward network with GELU (Hendrycks and Gimpel 2016), the exact form.
///
///     y = gelu(x W_1 + b_1) W_2 + b_2,    gelu(x) = x (1 + erf(x / sqrt 2)) / 2
package struct FeedForward: Sendable {
    private let intermediate: Linear
    private let output: Linear
    private let kernels: Kernels

    package init(intermediate: Linear, output: Linear, kernels: Kernels) {
        precondition(intermediate.outputs == output.inputs)
        self.intermediate = intermediate
        self.output = output
        self.kernels = kernels
    }

    /// Returns (tokens, width) for x, (tokens, width); the threads of `pool` share the work.
    package func callAsFunction(_ x: Matrix, _ pool: WorkerPool? = nil) -> Matrix {
        var hidden = intermediate(x, pool)
        kernels.functions.gelu(&hidden.values, hidden.values.count)
        return output(hidden, pool)
    }
}
