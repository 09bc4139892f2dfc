/// What the directory of a language model holds beside the decoder.
struct LanguageModelTexts: Sendable {
    let tokenizer: Tokenizer
    let endTokens: Set<Int32>
    let configuration: TokenizerConfiguration?
    /// The text of `chat_template.jinja`, where the template is not in `tokenizer_config.json`.
    private let templateFile: String?

    init(_ files: inout ModelFiles) throws(ModelError) {
        tokenizer = try Tokenizer(tokenizerFile: try files.bytes("tokenizer.json"))
        endTokens = try Self.endTokens(&files)
        configuration =
            files.contains("tokenizer_config.json")
            ? try TokenizerConfiguration(files.bytes("tokenizer_config.json")) : nil
        templateFile =
            files.contains("chat_template.jinja")
            ? String(decoding: try files.bytes("chat_template.jinja"), as: UTF8.self) : nil
    }

    /// Throws if the tokenizer gives ids that the decoder does not know.
    func check(_ decoder: DecoderConfiguration) throws(ModelError) {
        guard tokenizer.idCount <= decoder.vocabularyCount else {
            throw ModelError(
                .mismatch,
                "the tokenizer has ids up to \(tokenizer.idCount - 1), config.json's vocab_size is "
                    + "\(decoder.vocabularyCount)")
        }
    }

    /// Returns what writes chats, or nil if the directory says nothing of it.
    func chatTemplate() throws(ModelError) -> ChatTemplate? {
        if let templateFile { return try ChatTemplate(templateFile) }
        return try configuration?.chatTemplate()
    }

    /// Whether the directory says how chats are written.
    var hasChatTemplate: Bool {
        templateFile != nil || configuration?.chatTemplates["default"] != nil
    }

    private static func endTokens(_ files: inout ModelFiles) throws(ModelError) -> Set<Int32> {
        let name =
            files.contains("generation_config.json") ? "generation_config.json" : "config.json"
        let config = try JSONReader.object(try files.bytes(name), place: name)
        func id(_ value: JSONValue) throws(ModelError) -> Int32 {
            guard case .number(let text) = value, let id = Int32(text), id >= 0 else {
                throw ModelError(.malformed, "\(name): 'eos_token_id' holds \(value.kind)")
            }
            return id
        }
        guard let value = config["eos_token_id"] else { return [] }
        switch value {
        case .null: return []
        case .array(let values):
            var ids: Set<Int32> = []
            for value in values { ids.insert(try id(value)) }
            return ids
        default: return [try id(value)]
        }
    }
}
