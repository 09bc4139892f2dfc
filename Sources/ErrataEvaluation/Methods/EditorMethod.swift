import ErrataModels

/// A language model into whose weights the edits are written.
package actor EditorMethod: EvaluatedMethod {
    package nonisolated let name: String
    package nonisolated let identity: String
    package nonisolated let scoresTokens = true
    package nonisolated let isStateful = true
    package nonisolated let byteCount: Int?
    private let kind: WeightEditorKind
    private let edited: EditedModel
    private let tokenCountMax: Int
    private let original: LanguageModel
    private var current: LanguageModel
    private var kept: (weights: EditedModel.Saved, model: LanguageModel)?

    /// `sample` is running text, for the second moments of keys.
    package init(
        _ kind: WeightEditorKind, directory: String, sample: [String], threads: Int,
        tokenCountMax: Int, seed: UInt64
    ) throws {
        name = kind.rawValue
        self.kind = kind
        self.tokenCountMax = tokenCountMax
        edited = try EditedModel(
            directory: directory, threads: threads, sample: sample, seed: seed)
        original = try edited.languageModel()
        current = original
        identity = try original.hexIdentity
        // In float32: the model that answers, the numbers that edits change, those that they are put back to, and
        // for fine-tuning the optimizer's means.
        byteCount = (kind == .ft || kind == .ftl ? 5 : 3) * original.decoder.byteCount
    }

    package func prepare(
        _ version: EvaluationVersion, after previous: EvaluationVersion?,
        _ items: [EvaluationItem]
    ) throws {
        if let shown = version.shown {
            edited.restore()
            return try make(shown.map { items[$0] })
        }
        var made = version.edits.lowerBound
        if let previous, version.continues(previous) {
            made = previous.edits.upperBound
        } else {
            edited.restore()
        }
        try make(Array(items[made..<version.edits.upperBound]))
    }

    package func make(_ items: [EvaluationItem]) throws {
        let edits = items.map {
            WeightEdit(prompt: $0.prompt, subject: $0.subject, target: $0.target)
        }
        try edited.apply(edits, with: kind, isCancelled: { Task.isCancelled })
        current = try edited.languageModel()
    }

    package func keep() throws { kept = (edited.saved(), current) }

    package func goBack() {
        guard let kept else { return }
        edited.restore(kept.weights)
        current = kept.model
    }

    package func respond(
        to question: String, target: String?, at version: EvaluationVersion?
    ) throws -> MethodResponse {
        try (version == nil ? original : current).methodResponse(
            to: question, target: target, tokenCountMax: tokenCountMax)
    }
}
