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
    let precision: Linear.Precision
    private let adapters: [LoraAdapter]
    private let memory = WeightMemory()

    /// Checks the table; `adapters` are added to the weights as they are read.
    init(
        _ tensors: any TensorSource, _ configuration: DecoderConfiguration,
        precision: Linear.Precision, adapters: [LoraAdapter], kernels: Kernels
    ) throws(ModelError) {
        self.tensors = tensors
        self.configuration = configuration
        self.precision = configuration.quantization == nil ? precision : .int8
        self.adapters = adapters
        self.kernels = kernels
        shapes = DecoderTensors.shapes(configuration)
        try Self.checkTable(tensors, configuration, shapes)
        if self.precision == .int8 { try Self.checkWidths(shapes, tensors.name) }
        guard configuration.quantization == nil || adapters.isEmpty else {
            throw ModelError(
                .unsupported, "\(tensors.name): no adapter can be merged into weights in 8 bits",
                hint: "Merge it into the original: errata models quantize --adapter ADAPTER.")
        }
    }

    private static func checkTable(
        _ tensors: any TensorSource, _ configuration: DecoderConfiguration,
        _ logical: [String: [Int]]
    ) throws(ModelError) {
        let shapes =
            configuration.quantization == nil ? logical : DecoderTensors.quantized(logical)
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

    /// Refuses maps of more inputs than their products in 8 bits have room to be summed.
    private static func checkWidths(
        _ shapes: [String: [Int]], _ name: String
    ) throws(ModelError) {
        for (tensor, shape) in shapes.sorted(by: { $0.key < $1.key })
        where DecoderTensors.isLinear(shape) && shape[1] > QuantizedWeight.inputCountMax {
            throw ModelError(
                .limit,
                "\(name): tensor '\(tensor)' has \(shape[1]) inputs, more than the "
                    + "\(QuantizedWeight.inputCountMax) that 8 bits allow")
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

    /// Returns a map's weight; in float32, 16-bit files stay in 16 bits, and 8-bit ones always do.
    func weight(_ name: String) throws(ModelError) -> PackedWeight {
        let shape = shape(name)
        if configuration.quantization != nil {
            return PackedWeight(
                try QuantizedWeight(tensors, name, shape: shape, kernels: kernels))
        }
        let type = try tensors.type(of: name)
        guard precision == .float32, type == "F16" || type == "BF16" else {
            return PackedWeight(
                try floats(name), outputs: shape[0], precision: precision, kernels: kernels,
                memory: memory)
        }
        return PackedWeight(
            try tensors.halves(name, shape: shape),
            type == "F16" ? ERRATA_FLOAT16 : ERRATA_BFLOAT16, outputs: shape[0], memory: memory)
    }

    /// Returns a block's map, with the adapters merged into it.
    ///
    /// A merged weight has no 16-bit form, so it is float32 or 8 bits.
    func projection(_ module: DecoderModule, layer: Int) throws(ModelError) -> Projection {
        let name = Self.name(module, layer: layer)
        let bias = module.hasBias(configuration) ? try floats(name + ".bias") : nil
        let updates = adapters.compactMap { $0.update(module, layer: layer) }
        guard !updates.isEmpty else {
            return Projection(weight: try weight(name + ".weight"), bias: bias)
        }
        let values = try merged(name + ".weight", updates)
        let outputs = module.shape(configuration)[0]
        return Projection(
            weight: PackedWeight(
                values, outputs: outputs, precision: precision, kernels: kernels, memory: memory),
            bias: bias)
    }

    private static func name(_ module: DecoderModule, layer: Int) -> String {
        "model.layers.\(layer).\(module.path)"
    }

    private func merged(
        _ name: String, _ updates: [LoraAdapter.Update]
    ) throws(ModelError) -> [Float] {
        var values = try floats(name)
        for update in updates {
            values = WeightDelta.merged(
                values, down: update.down, up: update.up, rank: update.rank, scale: update.scale,
                kernels: kernels)
        }
        return values
    }

    /// Returns a linear weight in 8 bits, with the adapters merged into it: the one that is computed with.
    func quantized(_ name: String) throws(ModelError) -> QuantizedWeight {
        let shape = shape(name)
        return QuantizedWeight(
            try tensor(name), outputs: shape[0], inputs: shape[1], kernels: kernels, memory: nil)
    }

    /// Returns a tensor with the adapters merged into it.
    func tensor(_ name: String) throws(ModelError) -> [Float] {
        var updates: [LoraAdapter.Update] = []
        for layer in 0..<configuration.layerCount {
            for module in DecoderModule.allCases
            where Self.name(module, layer: layer) + ".weight" == name {
                updates = adapters.compactMap { $0.update(module, layer: layer) }
            }
        }
        return try merged(name, updates)
    }
}
