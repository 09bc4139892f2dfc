/// The keys of a BERT checkpoint's `config.json` that change a number in the forward pass.
///
/// All of them are required: a default would load a wrong model that answers fluently.
package struct BertConfiguration: Equatable, Sendable {
    package let vocabularyCount: Int
    package let width: Int
    package let layerCount: Int
    package let headCount: Int
    package let intermediateWidth: Int
    package let positionCount: Int
    package let tokenTypeCount: Int
    package let layerNormEpsilon: Float

    package static let widthMax = 16_384
    package static let layerCountMax = 256
    package static let vocabularyCountMax = 1 << 22
    package static let positionCountMax = 1 << 17

    init(_ config: JSONObject) throws(ModelError) {
        try config.require("model_type", is: "bert")
        try config.require("hidden_act", is: "gelu")
        try config.require("position_embedding_type", is: "absolute")
        for key in ["is_decoder", "add_cross_attention"] where config[key] != nil {
            guard try !config.boolean(key) else {
                throw ModelError(.unsupported, "\(config.place): \(key) is not supported")
            }
        }
        vocabularyCount = try config.integer("vocab_size", in: 1...Self.vocabularyCountMax)
        width = try config.integer("hidden_size", in: 1...Self.widthMax)
        layerCount = try config.integer("num_hidden_layers", in: 1...Self.layerCountMax)
        headCount = try config.integer("num_attention_heads", in: 1...Self.widthMax)
        intermediateWidth = try config.integer("intermediate_size", in: 1...8 * Self.widthMax)
        positionCount = try config.integer("max_position_embeddings", in: 3...Self.positionCountMax)
        tokenTypeCount = try config.integer("type_vocab_size", in: 1...64)
        let epsilon = try config.number("layer_norm_eps")
        guard epsilon > 0, epsilon < 1 else {
            throw ModelError(
                .malformed, "\(config.place): 'layer_norm_eps' must lie in 0..<1, not \(epsilon)")
        }
        layerNormEpsilon = Float(epsilon)
        guard width.isMultiple(of: headCount) else {
            throw ModelError(
                .malformed,
                "\(config.place): hidden_size \(width) is no multiple of num_attention_heads "
                    + "\(headCount)")
        }
    }
}
