import CErrataKernels

/// A matrix of weights in 8 bits: one scale for each output, and one for each row of the input.
///
/// Symmetric and linear, as in Jacob et al. 2018, section 2, without zero points: an input row is
/// rounded to round(x / s), s = max |x| / 127, the products are summed exactly in 32 bits, and the sum
/// is scaled back. A row of the result depends on nothing but its row of x.
struct QuantizedWeight: Sendable {
    let inputs: Int
    let outputs: Int
    /// One a panel column.
    let scales: [Float]
    /// As `errata_pack_i8` lays it out.
    private let packed: Packed
    private let kernels: Kernels

    private enum Packed: Sendable {
        case made(WeightNumbers<Int8>)
        case mapped(MappedBytes)
    }

    /// Inputs of which the sum of products is sure to fit in 32 bits.
    static let inputCountMax = 131_071

    /// Rounds `weight`, (outputs, inputs).
    init(
        _ weight: [Float], outputs: Int, inputs: Int, kernels: Kernels, memory: WeightMemory?
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.kernels = kernels
        var scales = [Float](repeating: 0, count: outputs)
        var rounded = [Int8](repeating: 0, count: weight.count)
        for output in 0..<outputs {
            let row = output * inputs..<(output + 1) * inputs
            let largest = weight[row].reduce(0) { max($0, abs($1)) }
            // Below this, dividing by the scale would not stay within 127 steps.
            guard largest > 127 * Float.leastNormalMagnitude else { continue }
            scales[output] = largest / 127
            for i in row { rounded[i] = Int8((weight[i] / scales[output]).rounded()) }
        }
        self.scales = scales
        packed = .made(
            WeightNumbers(count: errata_packed_i8_count(outputs, inputs), in: memory) {
                errata_pack_i8($0, rounded, outputs, inputs)
            })
    }

    /// Takes bytes that `errata_pack_i8` laid out, and their scales.
    init(
        packed: MappedBytes, scales: [Float], outputs: Int, inputs: Int, kernels: Kernels
    ) {
        precondition(packed.count == errata_packed_i8_count(outputs, inputs))
        precondition(scales.count == outputs)
        self.inputs = inputs
        self.outputs = outputs
        self.scales = scales
        self.packed = .mapped(packed)
        self.kernels = kernels
    }

    var byteCount: Int { errata_packed_i8_count(outputs, inputs) + 4 * outputs }

    func withPacked<Result>(_ body: (UnsafeBufferPointer<Int8>) -> Result) -> Result {
        switch packed {
        case .made(let bytes): bytes.withUnsafeBufferPointer(body)
        case .mapped(let bytes):
            bytes.withUnsafeBytes { body($0.assumingMemoryBound(to: Int8.self)) }
        }
    }

    /// Returns x Wᵀ + b, (tokens, outputs), for x, (tokens, inputs).
    ///
    /// The threads of `pool` share the outputs, which changes no bit.
    func multiply(_ x: Matrix, bias: [Float], _ pool: WorkerPool? = nil) -> Matrix {
        let stride = (inputs + 3) / 4 * 4
        return withUnsafeTemporaryAllocation(of: Int8.self, capacity: x.rows * stride) { rounded in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: x.rows) { rowScales in
                Matrix(rows: x.rows, columns: outputs) { y in
                    guard let rounded = rounded.baseAddress, let rowScales = rowScales.baseAddress
                    else { return }
                    kernels.functions.quantize_rows(
                        rounded, rowScales, x.values, x.rows, inputs, stride)
                    pool.shareColumns(outputs, products: x.rows * inputs) { columns in
                        let first = columns.lowerBound
                        withPacked { packed in
                            guard let packed = packed.baseAddress else { return }
                            kernels.functions.gemm_i8(
                                x.rows, columns.count, stride, rounded, rowScales,
                                packed + first * stride, Array(scales[columns]),
                                Array(bias[columns]), y + first, outputs)
                        }
                    }
                }
            }
        }
    }
}
