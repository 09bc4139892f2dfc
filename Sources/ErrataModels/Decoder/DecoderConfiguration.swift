/// What a decoder's `config.json` says that changes a number in the forward pass.
///
/// One decoder computes all families; a family reads its own keys into this. Every such key is required.
/// These alone may be missing, and only because the program that wrote the file says nothing by it:
///
/// - `head_dim`, or null: hidden_size / num_attention_heads, save for Qwen 3, which always writes it.
/// - `num_key_value_heads` of a Llama: as many as heads. Files older than grouped queries have none.
/// - `attention_bias`, `mlp_bias` of a Llama: false. Were there biases, nothing would use their tensors,
///   which is an error.
/// - `rope_theta` of a Llama written before transformers 4.33, which had no such key: 10000.
/// - `layer_types`: follows from `max_window_layers`, as it does for transformers.
package struct DecoderConfiguration: Equatable, Sendable {
    /// Which maps of a block add a bias.
    package struct Biases: Equatable, Sendable {
        /// Queries, keys and values.
        package var inputs = false
        /// The map behind the heads.
        package var output = false
        package var feedForward = false
    }

    package let architecture: String
    package let vocabularyCount: Int
    package let width: Int
    package let layerCount: Int
    package let headCount: Int
    package let keyValueHeadCount: Int
    package let headWidth: Int
    package let intermediateWidth: Int
    package let positionCount: Int
    package let normEpsilon: Float
    package let rotary: RotaryEmbedding
    /// Whether the words' embeddings are also the last map.
    package let tiesEmbeddings: Bool
    package let biases: Biases
    /// Whether each head's queries and keys are normalized.
    package let normalizesHeads: Bool
    /// How many positions, its own included, a token attends to; one a layer, nil for all.
    package let windows: [Int?]
    /// How the linear weights lie on disk, if not as numbers of their own.
    package let quantization: DecoderQuantization?

    package static let widthMax = 1 << 16
    package static let headCountMax = 1 << 10
    package static let headWidthMax = 1 << 12
    package static let layerCountMax = 512
    package static let vocabularyCountMax = 1 << 22
    package static let positionCountMax = 1 << 24

    /// Reads `config.json`.
    package init(_ config: JSONObject) throws(ModelError) {
        let family = try Self.family(config)
        let features = try family.features(config)
        architecture = family.architecture
        vocabularyCount = try config.integer("vocab_size", in: 1...Self.vocabularyCountMax)
        width = try config.integer("hidden_size", in: 1...Self.widthMax)
        layerCount = try config.integer("num_hidden_layers", in: 1...Self.layerCountMax)
        headCount = try config.integer("num_attention_heads", in: 1...Self.headCountMax)
        keyValueHeadCount = try Self.keyValueHeadCount(config, headCount, family)
        headWidth = try Self.headWidth(config, width: width, headCount: headCount, family)
        intermediateWidth = try config.integer("intermediate_size", in: 1...8 * Self.widthMax)
        positionCount = try config.integer("max_position_embeddings", in: 1...Self.positionCountMax)
        normEpsilon = try Self.epsilon(config)
        rotary = try RotaryEmbedding(config, positionCount: positionCount)
        tiesEmbeddings = try config.boolean("tie_word_embeddings")
        biases = features.biases
        normalizesHeads = features.normalizesHeads
        windows = try features.windows.list(config, layerCount: layerCount)
        quantization =
            config.present("quantization_config") == nil
            ? nil : try DecoderQuantization(try config.object("quantization_config"))
    }

    private static func family(
        _ config: JSONObject
    ) throws(ModelError) -> any DecoderFamily.Type {
        let names = try config.array("architectures")
        guard names.count == 1, case .string(let name) = names[0] else {
            throw ModelError(
                .malformed, "\(config.place): 'architectures' must be a list of one name")
        }
        let families: [any DecoderFamily.Type] = [
            LlamaFamily.self, MistralFamily.self, Qwen2Family.self, Qwen3Family.self,
        ]
        guard let family = families.first(where: { $0.architecture == name }) else {
            throw ModelError(
                .unsupported, "\(config.place): architecture '\(name)' is not supported",
                hint: "These are: \(families.map { $0.architecture }.joined(separator: ", ")).")
        }
        try config.require("model_type", is: family.modelType)
        try config.require("hidden_act", is: "silu")
        return family
    }

    private static func keyValueHeadCount(
        _ config: JSONObject, _ headCount: Int, _ family: any DecoderFamily.Type
    ) throws(ModelError) -> Int {
        let key = "num_key_value_heads"
        if family == LlamaFamily.self, config.present(key) == nil { return headCount }
        let count = try config.integer(key, in: 1...headCountMax)
        guard headCount.isMultiple(of: count) else {
            throw ModelError(
                .malformed,
                "\(config.place): num_attention_heads \(headCount) is no multiple of "
                    + "\(key) \(count)")
        }
        return count
    }

    private static func headWidth(
        _ config: JSONObject, width: Int, headCount: Int, _ family: any DecoderFamily.Type
    ) throws(ModelError) -> Int {
        let headWidth: Int
        if family == Qwen3Family.self || config.present("head_dim") != nil {
            headWidth = try config.integer("head_dim", in: 1...headWidthMax)
        } else {
            guard width.isMultiple(of: headCount) else {
                throw ModelError(
                    .malformed,
                    "\(config.place): hidden_size \(width) is no multiple of "
                        + "num_attention_heads \(headCount)")
            }
            headWidth = width / headCount
        }
        guard headWidth.isMultiple(of: 2) else {
            throw ModelError(
                .malformed, "\(config.place): heads of odd width \(headWidth) cannot be rotated")
        }
        return headWidth
    }

    private static func epsilon(_ config: JSONObject) throws(ModelError) -> Float {
        let epsilon = try config.number("rms_norm_eps")
        guard epsilon > 0, epsilon < 1 else {
            throw ModelError(
                .malformed, "\(config.place): 'rms_norm_eps' must lie in 0..<1, not \(epsilon)")
        }
        return Float(epsilon)
    }
}

extension JSONObject {
    /// Returns the value of a member, or nil if there is none or it is null.
    func present(_ key: String) -> JSONValue? {
        guard let value = self[key] else { return nil }
        if case .null = value { return nil }
        return value
    }
}
