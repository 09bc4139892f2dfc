/// The keys of a checkpoint of the BERT family, its `config.json`, that change a number in the forward pass.
///
/// All of them are required: a default would load a wrong model that answers fluently.
package struct BertConfiguration: Equatable, Sendable {
    /// The encoders that are built.
    package enum Family: String, Sendable {
        /// Devlin et al. 2019.
        case bert
        /// Song et al. 2020: no token types, and a bias by the distance of two tokens.
        case mpnet
    }

    package let family: Family
    package let vocabularyCount: Int
    package let width: Int
    package let layerCount: Int
    package let headCount: Int
    package let intermediateWidth: Int
    /// Tokens of the longest text.
    package let positionCount: Int
    /// 0 without token types.
    package let tokenTypeCount: Int
    package let layerNormEpsilon: Float

    package static let widthMax = 16_384
    package static let layerCountMax = 256
    package static let vocabularyCountMax = 1 << 22
    package static let positionCountMax = 1 << 17

    init(_ config: JSONObject) throws(ModelError) {
        let type = try config.string("model_type")
        guard let family = Family(rawValue: type) else {
            throw ModelError(
                .unsupported,
                "\(config.place): model_type '\(type)' is not supported, only 'bert' and 'mpnet'")
        }
        self.family = family
        try config.require("hidden_act", is: "gelu")
        if family == .bert { try config.require("position_embedding_type", is: "absolute") }
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
        positionCount =
            try config.integer(
                "max_position_embeddings", in: 3 + family.firstPosition...Self.positionCountMax)
            - family.firstPosition
        tokenTypeCount =
            try family == .bert ? config.integer("type_vocab_size", in: 1...64) : 0
        if family == .mpnet {
            let key = "relative_attention_num_buckets"
            let count = RelativeBias.bucketCount
            guard try config.integer(key, in: 1...1 << 16) == count else {
                throw ModelError(.unsupported, "\(config.place): \(key) must be \(count)")
            }
        }
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

extension BertConfiguration.Family {
    /// The row of the position table for a text's first token.
    ///
    /// MPNet numbers positions from its padding token's id on (`padding_idx` in transformers).
    var firstPosition: Int { self == .mpnet ? MPNet.padding + 1 : 0 }

    private enum MPNet {
        /// The id of the padding token, which transformers fixes.
        static let padding = 1
    }

    /// Returns the row of the position table for each token of a text.
    ///
    /// A padding token that somebody writes into a text does not count for MPNet.
    func positions(_ sentence: [Int32]) -> [Int] {
        guard self == .mpnet else { return Array(sentence.indices) }
        var last = MPNet.padding
        return sentence.map { id in
            guard id != MPNet.padding else { return MPNet.padding }
            last += 1
            return last
        }
    }

    /// Returns the name that the file has for a tensor of BERT's.
    func name(of tensor: String) -> String {
        guard self == .mpnet, tensor.contains(".attention.") else { return tensor }
        var name = tensor
        for (bert, mpnet) in [
            ("attention.self.query", "attention.attn.q"),
            ("attention.self.key", "attention.attn.k"),
            ("attention.self.value", "attention.attn.v"),
            ("attention.output.dense", "attention.attn.o"),
            ("attention.output.LayerNorm", "attention.LayerNorm"),
        ] {
            name = name.replacing(bert, with: mpnet)
        }
        return name
    }
}
