/// What one family of checkpoints has of its own; one type a family.
protocol DecoderFamily: Sendable {
    /// The name under `architectures`.
    static var architecture: String { get }
    static var modelType: String { get }

    /// Reads the keys that only this family has.
    static func features(_ config: JSONObject) throws(ModelError) -> DecoderFeatures
}

/// Where the families differ.
struct DecoderFeatures {
    var biases = DecoderConfiguration.Biases()
    var normalizesHeads = false
    var windows = AttentionWindows.none
}

/// Which layers attend to a window only.
enum AttentionWindows {
    case none
    /// Every layer.
    case all(Int)
    /// Layers from `firstLayer` on, unless `layer_types` says otherwise.
    case later(Int, firstLayer: Int)

    /// Returns each layer's window, nil where it sees everything before it.
    func list(_ config: JSONObject, layerCount: Int) throws(ModelError) -> [Int?] {
        switch self {
        case .none:
            try Self.checkTypes(config, layerCount: layerCount)
            return [Int?](repeating: nil, count: layerCount)
        case .all(let window): return [Int?](repeating: window, count: layerCount)
        case .later(let window, let first):
            guard let types = try Self.types(config, layerCount: layerCount) else {
                return (0..<layerCount).map { $0 >= first ? window : nil }
            }
            return types.map { $0 ? window : nil }
        }
    }

    /// Refuses a layer with a window in a checkpoint that has none.
    private static func checkTypes(_ config: JSONObject, layerCount: Int) throws(ModelError) {
        guard let types = try types(config, layerCount: layerCount), types.contains(true) else {
            return
        }
        throw ModelError(
            .malformed,
            "\(config.place): layer_types has 'sliding_attention' without a sliding window")
    }

    /// Returns whether each layer slides, or nil if the file does not say.
    private static func types(
        _ config: JSONObject, layerCount: Int
    ) throws(ModelError) -> [Bool]? {
        guard config.present("layer_types") != nil else { return nil }
        var types: [Bool] = []
        for value in try config.array("layer_types") {
            switch value {
            case .string("full_attention"): types.append(false)
            case .string("sliding_attention"): types.append(true)
            case .string(let name):
                throw ModelError(
                    .unsupported, "\(config.place): layer type '\(name)' is not supported")
            default:
                throw ModelError(
                    .malformed, "\(config.place): 'layer_types' holds \(value.kind)")
            }
        }
        guard types.count == layerCount else {
            throw ModelError(
                .malformed,
                "\(config.place): layer_types has \(types.count) layers, num_hidden_layers says "
                    + "\(layerCount)")
        }
        return types
    }
}

/// Llama (Touvron and others, 2023).
enum LlamaFamily: DecoderFamily {
    static let architecture = "LlamaForCausalLM"
    static let modelType = "llama"

    static func features(_ config: JSONObject) throws(ModelError) -> DecoderFeatures {
        var features = DecoderFeatures()
        if config.present("attention_bias") != nil {
            let bias = try config.boolean("attention_bias")
            features.biases.inputs = bias
            features.biases.output = bias
        }
        if config.present("mlp_bias") != nil {
            features.biases.feedForward = try config.boolean("mlp_bias")
        }
        return features
    }
}

/// Mistral (Jiang and others, 2023): Llama, with a window in every layer if `sliding_window` is a number.
enum MistralFamily: DecoderFamily {
    static let architecture = "MistralForCausalLM"
    static let modelType = "mistral"

    static func features(_ config: JSONObject) throws(ModelError) -> DecoderFeatures {
        var features = DecoderFeatures()
        if case .null = try config.required("sliding_window") { return features }
        features.windows = .all(try config.window())
        return features
    }
}

/// Qwen 2 and 2.5 (Yang and others, 2024): Llama, with biases on queries, keys and values.
enum Qwen2Family: DecoderFamily {
    static let architecture = "Qwen2ForCausalLM"
    static let modelType = "qwen2"

    static func features(_ config: JSONObject) throws(ModelError) -> DecoderFeatures {
        var features = DecoderFeatures()
        features.biases.inputs = true
        features.windows = try config.qwenWindows()
        return features
    }
}

/// Qwen 3 (Yang and others, 2025): norms over each head's queries and keys, heads of a width of their own.
enum Qwen3Family: DecoderFamily {
    static let architecture = "Qwen3ForCausalLM"
    static let modelType = "qwen3"

    static func features(_ config: JSONObject) throws(ModelError) -> DecoderFeatures {
        var features = DecoderFeatures()
        let bias = try config.boolean("attention_bias")
        features.biases.inputs = bias
        features.biases.output = bias
        features.normalizesHeads = true
        features.windows = try config.qwenWindows()
        return features
    }
}

extension JSONObject {
    /// Returns `sliding_window`.
    fileprivate func window() throws(ModelError) -> Int {
        try integer("sliding_window", in: 1...DecoderConfiguration.positionCountMax)
    }

    /// Reads the keys by which Qwen checkpoints switch windows on.
    fileprivate func qwenWindows() throws(ModelError) -> AttentionWindows {
        guard try boolean("use_sliding_window") else { return .none }
        let first = try integer("max_window_layers", in: 0...DecoderConfiguration.layerCountMax)
        return .later(try window(), firstLayer: first)
    }
}
