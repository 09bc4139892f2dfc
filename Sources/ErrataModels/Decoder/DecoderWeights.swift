import CErrataKernels

/// The tensors of a decoder's checkpoint, by their names in it.
///
/// The table of names is checked in both directions before anything is read: a tensor that is missing,
/// has another shape or is not used is an error.
struct DecoderWeights {
    /// In files of early transformers: what ``RotaryEmbedding`` computes.
    private static let unusedSuffix = ".self_attn.rotary_emb.inv_freq"

    let configuration: DecoderConfiguration
    let kernels: Kernels
    private let tensors: any TensorSource
    private let shapes: [String: [Int]]
    private let precision: Linear.Precision
    private let adapters: [LoraAdapter]

    /// Checks the table; `adapters` are added to the weights as they are read.
    init(
        _ tensors: any TensorSource, _ configuration: DecoderConfiguration,
        precision: Linear.Precision, adapters: [LoraAdapter], kernels: Kernels
    ) throws(ModelError) {
        self.tensors = tensors
        self.configuration = configuration
        self.precision = precision
        self.adapters = adapters
        self.kernels = kernels
        shapes = DecoderTensors.shapes(configuration)
        let (found, name) = (tensors.shapes, tensors.name)
        if let tensor = Set(shapes.keys).subtracting(found.keys).min() {
            throw ModelError(.mismatch, "\(name): tensor '\(tensor)' is missing")
        }
        let unused = Set(found.keys).subtracting(shapes.keys)
        if let tensor = unused.filter({ !$0.hasSuffix(Self.unusedSuffix) }).min() {
            throw ModelError(.mismatch, "\(name): nothing uses tensor '\(tensor)'")
        }
        for (tensor, shape) in shapes.sorted(by: { $0.key < $1.key }) where found[tensor] != shape {
            throw ModelError(
                .mismatch,
                "\(name): tensor '\(tensor)' has shape \(found[tensor] ?? []), expected \(shape)")
        }
    }

    private func shape(_ name: String) -> [Int] {
        guard let shape = shapes[name] else { fatalError("unreachable: \(name) is in the table") }
        return shape
    }

    private func floats(_ name: String) throws(ModelError) -> [Float] {
        try tensors.floats(name, shape: shape(name))
    }

    func norm(_ name: String) throws(ModelError) -> RootMeanSquareNorm {
        RootMeanSquareNorm(
            weight: try floats(name + ".weight"), epsilon: configuration.normEpsilon,
            kernels: kernels)
    }

    /// Returns a map's weight; in float32, 16-bit files stay in 16 bits.
    func weight(_ name: String) throws(ModelError) -> PackedWeight {
        let shape = shape(name)
        let type = try tensors.type(of: name)
        guard precision == .float32, type == "F16" || type == "BF16" else {
            return PackedWeight(
                try floats(name), outputs: shape[0], precision: precision, kernels: kernels)
        }
        return PackedWeight(
            try tensors.halves(name, shape: shape),
            type == "F16" ? ERRATA_FLOAT16 : ERRATA_BFLOAT16, outputs: shape[0])
    }

    /// Returns a block's map, with the adapters merged into it.
    ///
    /// A merged weight has no 16-bit form, so it is float32 or 8 bits.
    func projection(_ module: DecoderModule, layer: Int) throws(ModelError) -> Projection {
        let name = "model.layers.\(layer).\(module.path)"
        let bias = module.hasBias(configuration) ? try floats(name + ".bias") : nil
        let updates = adapters.compactMap { $0.update(module, layer: layer) }
        guard !updates.isEmpty else {
            return Projection(weight: try weight(name + ".weight"), bias: bias)
        }
        var values = try floats(name + ".weight")
        for update in updates {
            values = WeightDelta.merged(
                values, down: update.down, up: update.up, rank: update.rank, scale: update.scale,
                kernels: kernels)
        }
        let outputs = module.shape(configuration)[0]
        return Projection(
            weight: PackedWeight(values, outputs: outputs, precision: precision, kernels: kernels),
            bias: bias)
    }
}
