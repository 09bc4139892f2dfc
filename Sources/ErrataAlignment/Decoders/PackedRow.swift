/// Texts that go through a decoder together, one behind the other; none sees another.
package struct PackedRow: Equatable, Sendable {
    package let tokens: [Int32]
    /// Which tokens are learned: those of answers.
    package let isAnswer: [Bool]
    /// Where each text lies; a text's first token is never learned.
    package let texts: [Range<Int>]

    package init(_ examples: [ChatExample]) {
        var tokens: [Int32] = []
        var isAnswer: [Bool] = []
        var texts: [Range<Int>] = []
        for example in examples where !example.tokens.isEmpty {
            texts.append(tokens.count..<tokens.count + example.tokens.count)
            tokens += example.tokens
            isAnswer +=
                example.tokens.indices.map { $0 > 0 && $0 >= example.answerStart }
        }
        self.tokens = tokens
        self.isAnswer = isAnswer
        self.texts = texts
    }

    /// The learned tokens.
    package var targets: [Int] { isAnswer.indices.filter { isAnswer[$0] } }

    package var targetCount: Int { isAnswer.count { $0 } }
}

/// A prompt and its answer in tokens.
package struct ChatExample: Equatable, Sendable {
    package let tokens: [Int32]
    /// The first token of the answer.
    package let answerStart: Int

    package init(tokens: [Int32], answerStart: Int) {
        precondition((0...tokens.count).contains(answerStart))
        self.tokens = tokens
        self.answerStart = answerStart
    }
}
