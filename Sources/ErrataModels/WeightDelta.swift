import CErrataKernels

/// What training changed of a checkpoint: whole tensors, or low-rank updates of them (LoRA).
///
/// From Hu et al. 2021, section 4.1: W + scale · B A. Tensors are named as in PEFT's adapters: for a
/// tensor `x.weight`, `x.lora_A.weight` is (rank, inputs) and `x.lora_B.weight` is (outputs, rank). A
/// tensor under the checkpoint's own name replaces it.
package struct WeightDelta {
    private let file: SafeTensors
    private let rank: Int
    private let scale: Float

    /// Reads a delta; `rank` is 0 where the file holds whole tensors only.
    package init(_ file: SafeTensors, rank: Int, scale: Float) {
        self.file = file
        self.rank = rank
        self.scale = scale
    }

    /// Returns a tensor of the checkpoint as it is after training.
    func applied(
        to values: [Float], _ name: String, shape: [Int], _ kernels: Kernels
    ) throws(ModelError) -> [Float] {
        if file.shapes[name] != nil { return try file.floats(name, shape: shape) }
        let (downName, upName) = Self.factors(of: name)
        guard shape.count == 2, rank > 0, file.shapes[downName] != nil else { return values }
        let down = try file.floats(downName, shape: [rank, shape[1]])
        let up = try file.floats(upName, shape: [shape[0], rank])
        return Self.merged(
            values, down: down, up: up, rank: rank, scale: scale, kernels: kernels)
    }

    /// The names of A and B for a tensor `x.weight`.
    package static func factors(of name: String) -> (down: String, up: String) {
        let stem = name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : name
        return (stem + ".lora_A.weight", stem + ".lora_B.weight")
    }

    /// Returns W + scale · B A: `up` is B, (outputs, rank), `down` is A, (rank, inputs).
    package static func merged(
        _ weight: [Float], down: [Float], up: [Float], rank: Int, scale: Float, kernels: Kernels
    ) -> [Float] {
        let (inputs, outputs) = (down.count / rank, up.count / rank)
        precondition(weight.count == inputs * outputs)
        let update = Matrix(rows: outputs, columns: inputs) { update in
            kernels.functions.gemm(
                outputs, inputs, rank, up, rank, down, inputs, Int(ERRATA_PANEL_WIDTH), nil, update,
                inputs)
        }
        return zip(weight, update.values).map { $0 + scale * $1 }
    }
}
