import CErrataKernels

/// The affine map y = x Wᵀ + b, with W packed once for the matrix kernel.
package struct Linear: Sendable {
    /// The numbers that a map computes with.
    package enum Precision: String, Sendable {
        case float32
        /// Weights and inputs in 8 bits; see ``QuantizedWeight``.
        case int8
    }

    private enum Weight: Sendable {
        /// W as `errata_pack` lays it out.
        case packed(WeightNumbers<Float>)
        case quantized(QuantizedWeight)
    }

    package let inputs: Int
    package let outputs: Int
    private let weight: Weight
    private let bias: [Float]
    private let kernels: Kernels

    /// Makes the map from `weight`, (outputs, inputs) as checkpoints store it, and `bias`, (outputs).
    package init(
        weight: [Float], bias: [Float], inputs: Int, precision: Precision = .float32,
        kernels: Kernels
    ) {
        self.init(
            weight: weight, bias: bias, inputs: inputs, precision: precision, kernels: kernels,
            memory: nil)
    }

    /// Makes the map with its weight in `memory`, or in memory of its own.
    init(
        weight: [Float], bias: [Float], inputs: Int, precision: Precision, kernels: Kernels,
        memory: WeightMemory?
    ) {
        precondition(weight.count == bias.count * inputs)
        self.inputs = inputs
        outputs = bias.count
        self.bias = bias
        self.kernels = kernels
        switch precision {
        case .float32:
            let outputs = bias.count
            self.weight = .packed(
                WeightNumbers(count: errata_packed_count(outputs, inputs), in: memory) {
                    errata_pack($0, weight, outputs, inputs)
                })
        case .int8:
            self.weight = .quantized(
                QuantizedWeight(
                    weight, outputs: bias.count, inputs: inputs, kernels: kernels, memory: memory))
        }
    }

    /// Returns (tokens, outputs) for x, (tokens, inputs).
    ///
    /// In float32 each output is one chain of fused multiply-adds over the inputs that starts at the
    /// bias: a row of the result depends on nothing but its row of x. So it does in int8.
    ///
    /// The threads of `pool` share the outputs, which changes no bit.
    package func callAsFunction(_ x: Matrix, _ pool: WorkerPool? = nil) -> Matrix {
        precondition(x.columns == inputs)
        switch weight {
        case .quantized(let weight): return weight.multiply(x, bias: bias, pool)
        case .packed(let packed):
            let panel = Int(ERRATA_PANEL_WIDTH)
            return Matrix(rows: x.rows, columns: outputs) { y in
                pool.shareColumns(outputs, products: x.rows * inputs) { columns in
                    let first = columns.lowerBound
                    packed.withUnsafeBufferPointer { packed in
                        guard let packed = packed.baseAddress else { return }
                        kernels.functions.gemm(
                            x.rows, columns.count, inputs, x.values, inputs,
                            packed + first * inputs, panel, inputs * panel,
                            Array(bias[columns]), y + first, outputs)
                    }
                }
            }
        }
    }
}
