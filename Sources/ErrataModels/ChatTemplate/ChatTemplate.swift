/// A model's chat template: messages to the text that the model continues.
///
/// The subset of Jinja 3 that the templates of Llama 2 and 3, Mistral, Qwen2 and Qwen3 use, with what
/// transformers sets and adds. What is not built is refused by name when the template is read; a template
/// can loop, so steps and output of a run are bounded.
package struct ChatTemplate: Sendable {
    package static let sourceByteCountMax = 1 << 20
    package static let outputByteCountMax = 1 << 24
    package static let stepCountMax = 1 << 22
    package static let rangeCountMax = 100_000

    private let statements: [TemplateStatement]

    package init(_ source: String) throws(ModelError) {
        guard source.utf8.count <= Self.sourceByteCountMax else {
            throw ModelError(
                .limit,
                "chat template: \(source.utf8.count) bytes, more than \(Self.sourceByteCountMax)")
        }
        statements = try TemplateParser.statements(source)
    }

    /// Returns the text that the template gives for the values of its names.
    package func render(_ values: [String: TemplateValue]) throws(ModelError) -> String {
        var run = TemplateRun(values)
        return try run.output(of: statements)
    }

    /// Returns the prompt for messages like `{"role": "user", "content": "…"}`.
    ///
    /// `more` holds what a template asks for besides: `bos_token`, `tools`, `enable_thinking`.
    package func prompt(
        messages: [TemplateValue], addGenerationPrompt: Bool = true,
        more: [String: TemplateValue] = [:]
    ) throws(ModelError) -> String {
        var values = more
        values["messages"] = .list(messages)
        values["add_generation_prompt"] = .boolean(addGenerationPrompt)
        return try render(values)
    }

    static func failure(_ message: String) -> ModelError {
        ModelError(.malformed, "chat template: \(message)")
    }

    static func unsupported(_ what: String) -> ModelError {
        ModelError(.unsupported, "chat template: \(what) is not supported")
    }
}
