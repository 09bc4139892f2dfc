/// Chats as a decoder learns them: what it is asked with later, and what it is to say then.
extension DecoderBase {
    /// Returns the tokens of a chat whose last message is learned, and where that begins.
    ///
    /// The prompt is the one that ``LanguageModel`` gives for the messages before; behind the answer stands the
    /// token that ends a message.
    package func tokens(
        of chat: [ChatMessage], endOfMessage: Int32
    ) throws(ModelError) -> (tokens: [Int32], answerStart: Int) {
        guard let answer = chat.last else { return ([], 0) }
        let before = Array(chat.dropLast())
        let prompt = try texts.prompt(of: before, model: name)
        return (
            prompt + (try texts.answer(answer.content, to: before)) + [endOfMessage], prompt.count
        )
    }

    /// Returns the token after which a message is over: the one that the chat template writes, else the one
    /// that ends a text.
    package func endOfMessage() throws(ModelError) -> Int32 {
        if let token = try endAfterTemplate() { return token }
        let named = texts.configuration?.specialTokens["eos_token"].flatMap(tokenizer.id(of:))
        if let named, endTokens.contains(named) { return named }
        guard let token = endTokens.min() else {
            throw ModelError(
                .unsupported, "'\(name)' does not say which token ends a text",
                hint: "Add 'eos_token_id' to its config.json or generation_config.json.")
        }
        return token
    }

    private func endAfterTemplate() throws(ModelError) -> Int32? {
        guard texts.hasChatTemplate, let template = try texts.chatTemplate() else { return nil }
        let answer = "Answer."
        let text = try template.prompt(
            messages: [(role: "user", content: "Question?"), (role: "assistant", content: answer)]
                .map(LanguageModelTexts.templateValue),
            addGenerationPrompt: false, more: texts.configuration?.templateValues ?? [:])
        guard let end = text.ranges(of: answer).last?.upperBound else { return nil }
        return tokenizer.encode(String(text[end...]), addSpecialTokens: false)
            .first { endTokens.contains($0) }
    }
}
