/// What turns hidden states into a sentence's vector, as sentence-transformers' files say.
///
/// `modules.json` must list a transformer, mean pooling and normalization, in this order;
/// `sentence_bert_config.json` gives the number of tokens that a text may have. Anything else is
/// refused: another pooling gives vectors that look right and are wrong.
struct SentenceModules {
    /// Tokens of one text, special ones included, before it is truncated.
    let tokenCountMax: Int
    /// The directory of the pooling module, relative to the model's.
    let poolingDirectory: String

    init(
        modules: [UInt8], transformer: [UInt8], positionCount: Int
    ) throws(ModelError) {
        poolingDirectory = try Self.poolingDirectory(modules)
        let place = "sentence_bert_config.json"
        let transformer = try JSONReader.object(transformer, place: place)
        guard try !transformer.boolean("do_lower_case") else {
            throw ModelError(
                .unsupported, "\(place): do_lower_case is not supported, the tokenizer decides")
        }
        tokenCountMax = try transformer.integer("max_seq_length", in: 3...positionCount)
    }

    private static func poolingDirectory(_ modules: [UInt8]) throws(ModelError) -> String {
        let place = "modules.json"
        guard case .array(let items) = try JSONReader.value(modules, place: place) else {
            throw ModelError(.malformed, "\(place): expected an array")
        }
        var types: [String] = []
        var paths: [String] = []
        for item in items {
            guard case .object(let module) = item else {
                throw ModelError(.malformed, "\(place): a module is \(item.kind)")
            }
            let type = try module.string("type")
            types.append(String(type.split(separator: ".").last ?? ""))
            paths.append(try module.string("path"))
        }
        guard types == ["Transformer", "Pooling", "Normalize"], paths[0].isEmpty else {
            throw ModelError(
                .unsupported,
                "\(place): modules \(types) are not supported, only a Transformer in this "
                    + "directory, Pooling, Normalize")
        }
        guard !paths[1].isEmpty, !paths[1].contains("/"), !paths[1].hasPrefix(".") else {
            throw ModelError(
                .malformed, "\(place): pooling path '\(paths[1])' is not a directory name")
        }
        return paths[1]
    }

    /// Throws unless a pooling module's `config.json` asks for the mean over all tokens of `width`.
    static func checkPooling(_ bytes: [UInt8], width: Int, place: String) throws(ModelError) {
        let pooling = try JSONReader.object(bytes, place: place)
        guard try pooling.boolean("pooling_mode_mean_tokens") else {
            throw ModelError(
                .unsupported, "\(place): only pooling_mode_mean_tokens is supported")
        }
        for member in pooling.members where member.key != "pooling_mode_mean_tokens" {
            let (key, value) = (member.key, member.value)
            if key == "word_embedding_dimension" {
                let found = try pooling.integer(key, in: 1...BertConfiguration.widthMax)
                guard found == width else {
                    throw ModelError(
                        .mismatch, "\(place): \(key) is \(found), hidden_size is \(width)")
                }
            } else if key == "include_prompt" {
                continue
            } else if case .boolean(false) = value {
                continue
            } else {
                throw ModelError(.unsupported, "\(place): \(key) is \(value.kind), not supported")
            }
        }
    }
}
