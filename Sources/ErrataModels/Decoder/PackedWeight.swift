import CErrataKernels

/// The weight of a linear map, (outputs, inputs), laid out once for the matrix kernels.
///
/// 16-bit checkpoints stay in 16 bits: the kernels widen them exactly on the way, so the products have
/// the bits that the same weights in float32 give.
struct PackedWeight: Sendable {
    private enum Storage: Sendable {
        /// As `errata_pack` lays it out.
        case float32(WeightNumbers<Float>)
        /// As `errata_pack_u16` lays it out.
        case half(WeightNumbers<UInt16>, errata_half)
        case int8(QuantizedWeight)
    }

    let inputs: Int
    let outputs: Int
    private let storage: Storage

    /// Takes the elements as floats, row after row; in 8 bits they are rounded first.
    init(
        _ weight: [Float], outputs: Int, precision: Linear.Precision, kernels: Kernels,
        memory: WeightMemory
    ) {
        let inputs = weight.count / outputs
        precondition(weight.count == inputs * outputs)
        self.inputs = inputs
        self.outputs = outputs
        switch precision {
        case .float32:
            storage = .float32(
                WeightNumbers(count: errata_packed_count(outputs, inputs), in: memory) {
                    errata_pack($0, weight, outputs, inputs)
                })
        case .int8:
            storage = .int8(
                QuantizedWeight(
                    weight, outputs: outputs, inputs: inputs, kernels: kernels, memory: memory))
        }
    }

    /// Takes the elements as 16-bit numbers, all of them finite.
    init(_ weight: [UInt16], _ half: errata_half, outputs: Int, memory: WeightMemory) {
        let inputs = weight.count / outputs
        precondition(weight.count == inputs * outputs)
        self.inputs = inputs
        self.outputs = outputs
        storage = .half(
            WeightNumbers(count: errata_packed_count(outputs, inputs), in: memory) {
                errata_pack_u16($0, weight, outputs, inputs)
            }, half)
    }

    /// Takes a weight that is in 8 bits already.
    init(_ weight: QuantizedWeight) {
        inputs = weight.inputs
        outputs = weight.outputs
        storage = .int8(weight)
    }

    /// Whether inputs are rounded to 8 bits before the product.
    var wantsRoundedInputs: Bool {
        if case .int8 = storage { true } else { false }
    }

    /// How many bytes the weight takes.
    var byteCount: Int {
        switch storage {
        case .float32(let packed): packed.count * 4
        case .half(let packed, _): packed.count * 2
        case .int8(let weight): weight.byteCount
        }
    }

    /// Writes columns `range` of x Wᵀ + b to y, whose rows are `stride` apart.
    ///
    /// `range` starts at a panel. Each output is one chain of operations of its own: neither the range nor
    /// the other rows of x show in it.
    func multiply(
        _ x: ProjectionInput, bias: UnsafePointer<Float>?, to y: UnsafeMutablePointer<Float>,
        stride: Int, columns range: Range<Int>, kernels: Kernels
    ) {
        let panel = Int(ERRATA_PANEL_WIDTH)
        precondition(range.lowerBound.isMultiple(of: panel))
        let first = range.lowerBound
        let functions = kernels.functions
        switch storage {
        case .float32(let packed):
            packed.withUnsafeBufferPointer { packed in
                guard let b = packed.baseAddress else { return }
                functions.gemm(
                    x.rows, range.count, inputs, x.values, x.stride, b + first * inputs, panel,
                    inputs * panel, bias.map { $0 + first }, y + first, stride)
            }
        case .half(let packed, let half):
            withUnsafeTemporaryAllocation(of: Float.self, capacity: inputs * panel) { scratch in
                packed.withUnsafeBufferPointer { packed in
                    guard let b = packed.baseAddress, let scratch = scratch.baseAddress
                    else { return }
                    functions.gemm_half(
                        x.rows, range.count, inputs, x.values, x.stride, b + first * inputs, half,
                        bias.map { $0 + first }, y + first, stride, scratch)
                }
            }
        case .int8(let weight):
            weight.multiply(
                x, bias: bias, to: y, stride: stride, columns: range, functions: functions)
        }
    }

    /// Writes one row of the weight to `out`, (inputs): an embedding.
    func copyRow(_ row: Int, to out: UnsafeMutablePointer<Float>) {
        precondition((0..<outputs).contains(row))
        let panel = Int(ERRATA_PANEL_WIDTH)
        let start = row / panel * panel * inputs + row % panel
        switch storage {
        case .float32(let packed):
            for i in 0..<inputs { out[i] = packed[start + i * panel] }
        case .half(let packed, ERRATA_FLOAT16):
            for i in 0..<inputs { out[i] = SafeTensors.float(half: packed[start + i * panel]) }
        case .half(let packed, _):
            for i in 0..<inputs { out[i] = SafeTensors.float(brain: packed[start + i * panel]) }
        case .int8(let weight): weight.copyRow(row, to: out)
        }
    }
}

/// Rows that several maps multiply: floats, and the same in 8 bits if one of them wants that.
struct ProjectionInput {
    let rows: Int
    /// Floats from one row to the next.
    let stride: Int
    let values: UnsafePointer<Float>
    /// (rows, inputs rounded up to 4), and a scale a row.
    let rounded: (values: UnsafePointer<Int8>, scales: UnsafePointer<Float>)?
}

extension QuantizedWeight {
    /// Writes columns `range` of x Wᵀ + b to y, as ``PackedWeight`` does.
    fileprivate func multiply(
        _ x: ProjectionInput, bias: UnsafePointer<Float>?, to y: UnsafeMutablePointer<Float>,
        stride: Int, columns range: Range<Int>, functions: errata_kernels
    ) {
        guard let rounded = x.rounded else { fatalError("unreachable: inputs are rounded first") }
        let depth = (inputs + 3) / 4 * 4
        let first = range.lowerBound
        func run(_ bias: UnsafePointer<Float>) {
            withPacked { packed in
                scales.withUnsafeBufferPointer { scales in
                    guard let b = packed.baseAddress, let scales = scales.baseAddress
                    else { return }
                    functions.gemm_i8(
                        x.rows, range.count, depth, rounded.values, rounded.scales,
                        b + first * depth, scales + first, bias, y + first, stride)
                }
            }
        }
        if let bias { return run(bias + first) }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count) { zeros in
            zeros.initialize(repeating: 0)
            guard let zeros = zeros.baseAddress else { return }
            run(UnsafePointer(zeros))
        }
    }

    /// Writes one row of the rounded weight to `out`.
    fileprivate func copyRow(_ row: Int, to out: UnsafeMutablePointer<Float>) {
        let quads = (inputs + 3) / 4
        let start = row / 16 * quads * 64 + row % 16 * 4
        withPacked { packed in
            for i in 0..<inputs {
                // Packed bytes have their top bit flipped.
                let value = packed[start + i / 4 * 64 + i % 4] ^ Int8.min
                out[i] = Float(value) * scales[row]
            }
        }
    }
}
