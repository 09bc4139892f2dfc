import CErrataKernels

/// The affine map y = x Wᵀ + b, with W packed once for the matrix kernel.
package struct Linear: Sendable {
    package let inputs: Int
    package let outputs: Int
    /// W as `errata_pack` lays it out.
    private let packed: [Float]
    private let bias: [Float]
    private let kernels: Kernels

    /// Makes the map from `weight`, (outputs, inputs) as checkpoints store it, and `bias`, (outputs).
    package init(weight: [Float], bias: [Float], inputs: Int, kernels: Kernels) {
        precondition(weight.count == bias.count * inputs)
        self.inputs = inputs
        outputs = bias.count
        self.bias = bias
        self.kernels = kernels
        let count = errata_packed_count(bias.count, inputs)
        packed = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress { errata_pack(start, weight, bias.count, inputs) }
            initialized = count
        }
    }

    /// Returns (tokens, outputs) for x, (tokens, inputs).
    ///
    /// Each output is one chain of fused multiply-adds over the inputs that starts at the bias: a row
    /// of the result depends on nothing but its row of x.
    package func callAsFunction(_ x: Matrix) -> Matrix {
        precondition(x.columns == inputs)
        let panel = Int(ERRATA_PANEL_WIDTH)
        return Matrix(rows: x.rows, columns: outputs) { y in
            kernels.functions.gemm(
                x.rows, outputs, inputs, x.values, inputs, packed, panel, inputs * panel, bias,
                y, outputs)
        }
    }
}
