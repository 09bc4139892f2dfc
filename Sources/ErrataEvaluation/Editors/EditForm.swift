import ErrataAlignment
import ErrataModels

/// A chat in tokens, and where an edit writes in it.
struct EditText: Equatable, Sendable {
    let example: ChatExample
    /// The last token of the subject, or of the prompt.
    let place: Int
}

/// Makes tokens of edits as the model is asked later: the prompt is the user's message, the target the answer.
struct EditForm {
    let base: DecoderBase
    private let endOfMessage: Int32

    init(_ base: DecoderBase) throws(ModelError) {
        self.base = base
        endOfMessage = try base.endOfMessage()
    }

    /// Returns an edit's prompt, with `prefix` before it, and its target.
    ///
    /// Throws if either is empty, or both are longer than the model's positions.
    func text(_ edit: WeightEdit, prefix: String = "") throws(ModelError) -> EditText {
        guard edit.prompt.contains(where: { !$0.isWhitespace }) else {
            throw ModelError(.malformed, "the edit to '\(edit.target)' has no prompt")
        }
        guard edit.target.contains(where: { !$0.isWhitespace }) else {
            throw ModelError(
                .malformed, "the edit of '\(edit.prompt)' has no target",
                hint: "Say what the model is to answer.")
        }
        let prompt = prefix + edit.prompt
        let (tokens, start) = try base.tokens(
            of: [ChatMessage(.user, prompt), ChatMessage(.assistant, edit.target)],
            endOfMessage: endOfMessage)
        try check(tokens.count, edit.prompt)
        guard start > 0, start < tokens.count - 1 else {
            throw ModelError(
                .malformed, "the tokenizer makes nothing of '\(edit.prompt)' or '\(edit.target)'")
        }
        return EditText(
            example: ChatExample(tokens: tokens, answerStart: start),
            place: place(edit.subject, prompt, Array(tokens[..<start])))
    }

    /// Returns the chat by which an edit's subject is held to what it is, or nil if there is no subject.
    ///
    /// Nothing in it is learned.
    func essence(_ edit: WeightEdit) throws(ModelError) -> EditText? {
        guard let subject = edit.subject, subject.contains(where: { !$0.isWhitespace }) else {
            return nil
        }
        let prompt = subject + " is a"
        let (tokens, start) = try base.tokens(
            of: [ChatMessage(.user, prompt), ChatMessage(.assistant, "")],
            endOfMessage: endOfMessage)
        guard start > 0, start <= base.configuration.positionCount else { return nil }
        let asked = Array(tokens[..<start])
        return EditText(
            example: ChatExample(tokens: asked, answerStart: start),
            place: place(subject, prompt, asked))
    }

    /// Returns the first tokens of a text of a sample, as a user's message and as the answer.
    func sample(_ text: String, tokenCountMax: Int) throws(ModelError) -> ChatExample {
        let (tokens, start) = try base.tokens(
            of: [ChatMessage(.user, text), ChatMessage(.assistant, text)],
            endOfMessage: endOfMessage)
        let count = min(tokens.count, tokenCountMax, base.configuration.positionCount)
        return ChatExample(tokens: Array(tokens[..<count]), answerStart: min(start, count))
    }

    private func check(_ count: Int, _ prompt: String) throws(ModelError) {
        let countMax = base.configuration.positionCount
        guard count <= countMax else {
            throw ModelError(
                .limit,
                "the edit of '\(prompt.prefix(40))' is \(count) tokens long, the model has "
                    + "\(countMax) positions")
        }
    }

    private func place(_ subject: String?, _ prompt: String, _ tokens: [Int32]) -> Int {
        let tokenizer = base.tokenizer
        if let subject, let place = tokenizer.lastToken(of: subject, inside: prompt, tokens) {
            return place
        }
        return tokenizer.lastToken(of: prompt, inside: prompt, tokens) ?? tokens.count - 1
    }
}
