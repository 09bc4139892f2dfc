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

    package func hasBias(_ configuration: DecoderConfiguration) -> Bool {
        switch self {
        case .query, .key, .value: configuration.biases.inputs
        case .output: configuration.biases.output
        case .gate, .up, .down: configuration.biases.feedForward
        }
    }
}

/// The table of names of a decoder's checkpoint.
package enum DecoderTensors {
    /// Returns the name and shape of every tensor that the configuration asks for.
    package static func shapes(_ configuration: DecoderConfiguration) -> [String: [Int]] {
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
}
