/// What a `tokenizer_config.json` says beside the tokens: special tokens by their roles, chat templates.
package struct TokenizerConfiguration: Sendable {
    private static let roles = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// The special tokens as they are written, by role: "bos_token".
    package let specialTokens: [String: String]
    /// The sources of the chat templates by name; the usual one is "default".
    package let chatTemplates: [String: String]

    package init(
        _ bytes: [UInt8], place: String = "tokenizer_config.json"
    ) throws(ModelError) {
        let file = try JSONReader.object(bytes, place: place)
        var tokens: [String: String] = [:]
        for role in Self.roles {
            guard let value = file.optional(role) else { continue }
            if case .object(let token) = value {
                tokens[role] = try token.string("content")
            } else {
                tokens[role] = try file.string(role)
            }
        }
        specialTokens = tokens
        chatTemplates = try Self.templates(file)
    }

    /// Reads one template, or a list of `{"name": …, "template": …}`.
    private static func templates(_ file: JSONObject) throws(ModelError) -> [String: String] {
        guard let value = file.optional("chat_template") else { return [:] }
        guard case .array = value else { return ["default": try file.string("chat_template")] }
        var templates: [String: String] = [:]
        for item in try file.objects("chat_template") {
            templates[try item.string("name")] = try item.string("template")
        }
        return templates
    }

    /// Returns the template of a name.
    package func chatTemplate(_ name: String = "default") throws(ModelError) -> ChatTemplate {
        guard let source = chatTemplates[name] else {
            throw ModelError(
                .unsupported, "the tokenizer has no chat template '\(name)'",
                hint: "Give the model plain text: it was not made for chats.")
        }
        return try ChatTemplate(source)
    }

    /// The values that a template finds the special tokens under.
    package var templateValues: [String: TemplateValue] {
        specialTokens.mapValues { .string($0) }
    }
}
