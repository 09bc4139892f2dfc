extension LanguageModel {
    /// What a model says to a message, and how likely it holds given answers.
    package struct Response: Sendable {
        /// What it says, without white space around it.
        package let text: String
        package let tokenCount: Int
        /// Of each given answer its tokens, as the model was taught to say them.
        package let answers: [[ScoredToken]]
    }

    /// Returns what the model says to a user's message, most likely token by token, and scores `answers` to it.
    ///
    /// The message goes through the model once. Special tokens in it are plain text. Throws `limit` where the prompt
    /// leaves no position; answers are scored as far as positions reach.
    package func respond(
        to message: String, answers: [String] = [], tokenCountMax: Int,
        isCancelled: () -> Bool = { false }
    ) throws -> Response {
        let chat = [ChatMessage(.user, message)]
        let prompt = try prompt(of: chat)
        let room = decoder.configuration.positionCount - prompt.count
        guard room > 0, let last = prompt.last else {
            throw ModelError(
                .limit,
                "the prompt has \(prompt.count) tokens, and '\(decoder.name)' has "
                    + "\(decoder.configuration.positionCount) positions")
        }
        var caches = [try decoder.makeCache()]
        if prompt.count > 1 {
            _ = try decoder.hiddenStates(
                [Array(prompt.dropLast())], &caches, isCancelled: isCancelled)
        }
        let continuations = try answers.map {
            Array(try texts.answer($0, to: chat).prefix(room))
        }
        let scores = try decoder.scores(
            prompt: [last], continuations: continuations, cache: caches[0],
            isCancelled: isCancelled)
        let said = try said(after: last, caches[0], tokenCountMax, isCancelled)
        return Response(text: said.text, tokenCount: said.count, answers: scores)
    }

    private func said(
        after token: Int32, _ cache: KeyValueCache, _ tokenCountMax: Int,
        _ isCancelled: () -> Bool
    ) throws -> (text: String, count: Int) {
        guard tokenCountMax > 0 else { return ("", 0) }
        var generation = try Generation(
            decoder, prompts: [[token]], caches: [cache],
            options: [GenerationOptions(tokenCountMax: tokenCountMax, stopTokens: endTokens)])
        let tokens = try generation.run(isCancelled: isCancelled)[0].tokens.map(\.token)
        let text = tokenizer.decode(tokens.filter { !endTokens.contains($0) })
        return (text.trimmingWhitespace, tokens.count)
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
