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

    /// Returns the tokens after which a model says the next message of a chat.
    ///
    /// Throws `unsupported` without a chat template, or with one that is not supported.
    func prompt(of chat: [LanguageModel.Message], model name: String) throws(ModelError) -> [Int32]
    {
        guard let template = try chatTemplate() else {
            throw ModelError(
                .unsupported, "'\(name)' has no tokenizer_config.json with a chat template",
                hint: "Give the model plain text.")
        }
        let text = try template.prompt(
            messages: chat.map(Self.templateValue), more: configuration?.templateValues ?? [:])
        // The template writes the special tokens itself.
        return tokenizer.encode(text, addSpecialTokens: false)
    }

    /// Returns the same for messages that people wrote: none becomes a special token.
    ///
    /// A model without a chat template gets the last message as plain text.
    func prompt(of chat: [ChatMessage], model name: String) throws(ModelError) -> [Int32] {
        let messages = chat.map {
            (role: $0.role.rawValue, content: tokenizer.withoutSpecialTokens($0.content))
        }
        guard hasChatTemplate else { return tokenizer.encode(messages.last?.content ?? "") }
        return try prompt(of: messages, model: name)
    }

    /// Returns the tokens of an answer to `chat`, without what ends it.
    ///
    /// White space that the template writes before an answer, and that a prompt does not end with, is part of it:
    /// `<|assistant|>` in a prompt, `<|assistant|> Astana` in a chat.
    func answer(_ answer: String, to chat: [ChatMessage]) throws(ModelError) -> [Int32] {
        let text = tokenizer.withoutSpecialTokens(answer)
        return tokenizer.encode(
            try space(before: text, chat: chat) + text, addSpecialTokens: false)
    }

    private func space(
        before answer: String, chat: [ChatMessage]
    ) throws(ModelError) -> Substring {
        guard hasChatTemplate, let template = try chatTemplate() else { return "" }
        let messages = (chat + [ChatMessage(.assistant, answer)]).map {
            Self.templateValue((role: $0.role.rawValue, content: $0.content))
        }
        let more = configuration?.templateValues ?? [:]
        let prompt = try template.prompt(messages: Array(messages.dropLast()), more: more)
        let whole = try template.prompt(
            messages: messages, addGenerationPrompt: false, more: more)
        guard whole.utf8.starts(with: prompt.utf8) else { return "" }
        let space = String(decoding: whole.utf8.dropFirst(prompt.utf8.count), as: UTF8.self)
            .prefix(while: \.isWhitespace)
        return answer.first?.isWhitespace == true ? "" : space
    }

    static func templateValue(_ message: LanguageModel.Message) -> TemplateValue {
        .object(.init([("role", .string(message.role)), ("content", .string(message.content))]))
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
