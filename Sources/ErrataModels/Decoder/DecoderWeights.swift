import CErrataKernels

/// The linear maps of a block, by their names in checkpoints and adapters.
package enum DecoderModule: String, CaseIterable, Sendable {
    case query = "q_proj"
    case key = "k_proj"
    case value = "v_proj"
    case output = "o_proj"
    case gate = "gate_proj"
    case up = "up_proj"
    case down = "down_proj"

    /// The name inside a block.
    package var path: String {
        switch self {
        case .query, .key, .value, .output: "self_attn." + rawValue
        case .gate, .up, .down: "mlp." + rawValue
        }
    }

    /// (outputs, inputs).
    package func shape(_ configuration: DecoderConfiguration) -> [Int] {
        let width = configuration.width
        let heads = configuration.headCount * configuration.headWidth
        let keys = configuration.keyValueHeadCount * configuration.headWidth
        return switch self {
        case .query: [heads, width]
        case .key, .value: [keys, width]
        case .output: [width, heads]
        case .gate, .up: [configuration.intermediateWidth, width]
        case .down: [width, configuration.intermediateWidth]
        }
    }

    func hasBias(_ configuration: DecoderConfiguration) -> Bool {
        switch self {
        case .query, .key, .value: configuration.biases.inputs
        case .output: configuration.biases.output
        case .gate, .up, .down: configuration.biases.feedForward
        }
    }
}

/// The tensors of a decoder's checkpoint, by their names in it.
///
/// The table of names is checked in both directions before anything is read: a tensor that is missing,
/// has another shape or is not used is an error.
struct DecoderWeights {
    /// In files of early transformers: what ``RotaryEmbedding`` computes.
    private static let unusedSuffix = ".self_attn.rotary_emb.inv_freq"

    let configuration: DecoderConfiguration
    let kernels: Kernels
    private let checkpoint: Checkpoint
    private let shapes: [String: [Int]]
    private let precision: Linear.Precision
    private let adapters: [LoraAdapter]

    /// Checks the table; `adapters` are added to the weights as they are read.
    init(
        _ checkpoint: Checkpoint, _ configuration: DecoderConfiguration,
        precision: Linear.Precision, adapters: [LoraAdapter], kernels: Kernels
    ) throws(ModelError) {
        self.checkpoint = checkpoint
        self.configuration = configuration
        self.precision = precision
        self.adapters = adapters
        self.kernels = kernels
        shapes = Self.shapes(configuration)
        let (found, name) = (checkpoint.shapes, checkpoint.name)
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

    /// Returns the name and shape of every tensor that the configuration asks for.
    static func shapes(_ configuration: DecoderConfiguration) -> [String: [Int]] {
        let width = configuration.width
        var shapes = [
            "model.embed_tokens.weight": [configuration.vocabularyCount, width],
            "model.norm.weight": [width],
        ]
        if !configuration.tiesEmbeddings {
            shapes["lm_head.weight"] = [configuration.vocabularyCount, width]
        }
        for layer in 0..<configuration.layerCount {
            let prefix = "model.layers.\(layer)."
            shapes[prefix + "input_layernorm.weight"] = [width]
            shapes[prefix + "post_attention_layernorm.weight"] = [width]
            if configuration.normalizesHeads {
                shapes[prefix + "self_attn.q_norm.weight"] = [configuration.headWidth]
                shapes[prefix + "self_attn.k_norm.weight"] = [configuration.headWidth]
            }
            for module in DecoderModule.allCases {
                let shape = module.shape(configuration)
                shapes[prefix + module.path + ".weight"] = shape
                if module.hasBias(configuration) {
                    shapes[prefix + module.path + ".bias"] = [shape[0]]
                }
            }
        }
        return shapes
    }

    private func shape(_ name: String) -> [Int] {
        guard let shape = shapes[name] else { fatalError("unreachable: \(name) is in the table") }
        return shape
    }

    private func floats(_ name: String) throws(ModelError) -> [Float] {
        try checkpoint.floats(name, shape: shape(name))
    }

    func norm(_ name: String) throws(ModelError) -> RootMeanSquareNorm {
        RootMeanSquareNorm(
            weight: try floats(name + ".weight"), epsilon: configuration.normEpsilon,
            kernels: kernels)
    }

    /// Returns a map's weight; in float32, 16-bit files stay in 16 bits.
    func weight(_ name: String) throws(ModelError) -> PackedWeight {
        let shape = shape(name)
        let type = try checkpoint.type(of: name)
        guard precision == .float32, type == "F16" || type == "BF16" else {
            return PackedWeight(
                try floats(name), outputs: shape[0], precision: precision, kernels: kernels)
        }
        return PackedWeight(
            try checkpoint.halves(name, shape: shape),
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
