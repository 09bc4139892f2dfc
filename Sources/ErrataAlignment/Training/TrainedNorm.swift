import CErrataKernels
import ErrataModels

/// Layer normalization with its gradients (Ba, Kiros and Hinton 2016).
///
///     n = (x - mean(x)) / sqrt(variance(x) + epsilon),  y = n * weight + bias
///     dn = dy * weight
///     dx = (dn - mean(dn) - n * mean(dn * n)) / sqrt(variance(x) + epsilon)
struct TrainedNorm {
    private let weight: Range<Int>
    private let bias: Range<Int>
    private let epsilon: Float
    private let kernels: Kernels

    init(
        _ name: String, epsilon: Float, table: inout ParameterTable, kernels: Kernels,
        tensor: (String) throws(ModelError) -> [Float]
    ) throws(ModelError) {
        let (scale, shift) = (try tensor(name + ".weight"), try tensor(name + ".bias"))
        weight = table.add(name + ".weight", shape: [scale.count], scale)
        bias = table.add(name + ".bias", shape: [shift.count], shift)
        self.epsilon = epsilon
        self.kernels = kernels
    }

    /// Returns the normalized rows of x.
    func callAsFunction(_ x: Tensor, _ values: UnsafePointer<Float>) -> Tensor {
        let y = Tensor(rows: x.rows, columns: x.columns)
        kernels.functions.layer_norm(
            y.start, x.start, x.rows, x.columns, values + weight.lowerBound,
            values + bias.lowerBound, epsilon)
        return y
    }

    /// Replaces the gradient at y by the one at x and adds those of the parameters.
    func backward(
        _ x: Tensor, _ gradient: Tensor, _ values: UnsafePointer<Float>,
        into gradients: UnsafeMutablePointer<Float>
    ) {
        kernels.functions.layer_norm_gradient(
            gradient.start, gradients + weight.lowerBound, gradients + bias.lowerBound, x.start,
            x.rows, x.columns, values + weight.lowerBound, epsilon)
    }
}
