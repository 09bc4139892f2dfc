import CErrataKernels
import ErrataModels

/// Root mean square normalization with its gradients (Zhang and Sennrich 2019, equation 4).
///
///     r = 1 / sqrt(mean(x²) + epsilon),  n = r x,  y = n * weight
///     dn = dy * weight,  dx = r (dn - n mean(dn * n)),  dw = Σ dy * n
struct DecoderNorm: Sendable {
    /// Parts of the rows whose sums for the weight are added in order: so many whatever the threads.
    private static let partCount = 8

    private let weight: CheckpointValues
    private let width: Int
    private let epsilon: Float

    init(_ name: String, width: Int, _ parameters: inout DecoderParameters) throws(ModelError) {
        weight = try parameters.values(name + ".weight")
        self.width = width
        epsilon = parameters.source.configuration.normEpsilon
    }

    /// Returns the normalized rows of x.
    func callAsFunction(_ x: Tensor, _ pass: DecoderPass) -> Tensor {
        let y = Tensor(rows: x.rows, columns: x.columns)
        let functions = pass.work.kernels.functions
        pass.work.eachRows(x.rows) { rows in
            let start = rows.lowerBound * width
            functions.rms_norm(
                y.start + start, x.start + start, rows.count, width, weight.start(pass.values),
                epsilon)
        }
        return y
    }

    /// Normalizes `count` vectors that lie one after the other, in place.
    func apply(to x: UnsafeMutablePointer<Float>, count: Int, _ pass: DecoderPass) {
        pass.work.kernels.functions.rms_norm(
            x, x, count, width, weight.start(pass.values), epsilon)
    }

    /// Replaces the gradient at y by the one at x and sums that of the weight, if it is wanted.
    func backward(
        _ x: Tensor, _ gradient: Tensor, _ pass: DecoderPass,
        _ gradients: UnsafeMutablePointer<Float>?
    ) {
        backward(
            Vectors(start: x.start, stride: width, count: 1),
            Vectors(start: gradient.start, stride: width, count: 1), tokens: x.rows, pass,
            gradients)
    }

    /// Vectors that lie one after the other, in each of a few rows.
    struct Vectors {
        let start: UnsafeMutablePointer<Float>
        let stride: Int
        let count: Int
    }

    /// Does the same for vectors inside of wider rows.
    func backward(
        _ x: Vectors, _ gradient: Vectors, tokens: Int, _ pass: DecoderPass,
        _ gradients: UnsafeMutablePointer<Float>?
    ) {
        let functions = pass.work.kernels.functions
        let sum = weight.gradient(gradients, pass)
        let parts = Tensor.zeros(rows: Self.partCount, columns: width)
        pass.work.each(Self.partCount) { part in
            let rows =
                tokens * part / Self.partCount..<tokens * (part + 1) / Self.partCount
            for row in rows {
                functions.rms_norm_gradient(
                    gradient.start + row * gradient.stride,
                    sum == nil ? nil : parts.start + part * width, x.start + row * x.stride,
                    x.count, width, weight.start(pass.values), epsilon)
            }
        }
        guard let sum else { return }
        for part in 0..<Self.partCount { functions.add(sum, parts.start + part * width, width) }
    }
}
