/// What a model is to say from now on: the target, as its message, when a user's message is the prompt.
package struct WeightEdit: Equatable, Sendable {
    package let prompt: String
    /// What the prompt is about; its last token is where ROME and MEMIT write.
    ///
    /// Where it is nil or does not stand in the prompt, they write at the last token of the prompt.
    package let subject: String?
    package let target: String

    package init(prompt: String, subject: String?, target: String) {
        self.prompt = prompt
        self.subject = subject
        self.target = target
    }
}

/// The editors of the paper that write into weights.
package enum WeightEditorKind: String, CaseIterable, Sendable {
    /// Fine-tuning.
    case ft
    /// Fine-tuning of one map within a bound on each number's change.
    case ftl = "ft-l"
    /// Rank-one model editing (Meng and others 2022).
    case rome
    /// Mass-editing memory in a transformer (Meng and others 2023).
    case memit
}

/// How an edit went.
package struct WeightEditOutcome: Equatable, Sendable {
    /// Steps of gradient descent: of the weights, or of the vector that ROME and MEMIT write.
    package let stepCount: Int
    /// What the steps came to: the target's mean cross-entropy, and what else the editor minimizes.
    package let loss: Double
    /// Whether by then each token of the target was the most likely one.
    ///
    /// With the changed weights for fine-tuning, with the vector in place for ROME and MEMIT, whose weights only
    /// come near it.
    package let isLearned: Bool
}
