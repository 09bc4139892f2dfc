/// What turns hidden states into a sentence's vector, as sentence-transformers' files say.
///
/// `modules.json` must list a transformer, a pooling and possibly a normalization, in this order;
/// `sentence_bert_config.json` gives the number of tokens that a text may have. Anything else is
/// refused: another pooling gives vectors that look right and are wrong.
struct SentenceModules {
    /// Tokens of one text, special ones included, before it is truncated.
    let tokenCountMax: Int
    /// The directory of the pooling module, relative to the model's.
    let poolingDirectory: String
    /// Whether the vectors get length 1.
    let isNormalized: Bool

    init(
        modules: [UInt8], transformer: [UInt8], positionCount: Int
    ) throws(ModelError) {
        (poolingDirectory, isNormalized) = try Self.read(modules)
        let place = "sentence_bert_config.json"
        let transformer = try JSONReader.object(transformer, place: place)
        guard try !transformer.boolean("do_lower_case") else {
            throw ModelError(
                .unsupported, "\(place): do_lower_case is not supported, the tokenizer decides")
        }
        tokenCountMax = try transformer.integer("max_seq_length", in: 3...positionCount)
    }

    private static func read(
        _ modules: [UInt8]
    ) throws(ModelError) -> (poolingDirectory: String, isNormalized: Bool) {
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
        let isNormalized = types.count == 3 && types[2] == "Normalize"
        guard types.prefix(2) == ["Transformer", "Pooling"], types.count == 2 || isNormalized,
            paths[0].isEmpty
        else {
            throw ModelError(
                .unsupported,
                "\(place): modules \(types) are not supported, only a Transformer in this "
                    + "directory, Pooling and perhaps Normalize")
        }
        guard !paths[1].isEmpty, !paths[1].contains("/"), !paths[1].hasPrefix(".") else {
            throw ModelError(
                .malformed, "\(place): pooling path '\(paths[1])' is not a directory name")
        }
        return (paths[1], isNormalized)
    }
}
