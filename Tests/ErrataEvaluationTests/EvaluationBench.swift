import ErrataEvaluation
import ErrataService
import ErrataTesting
import Foundation

/// A data set in a store of its own, searched by words alone.
struct EvaluationBench {
    let directory: TemporaryDirectory
    let set: EvaluationSet
    let knowledge: KnowledgeBase
    let store: EvaluationStore

    init(
        _ lines: [String], _ settings: [EvaluationSetting], seed: UInt64 = 1,
        key: RetrievalKey = .all
    ) async throws {
        directory = try TemporaryDirectory()
        let file = directory.file("items.jsonl")
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        set = try EvaluationSet(path: file)
        var configuration = KnowledgeBase.Configuration(
            dataDirectory: directory.file("data"), readerPrecision: nil)
        configuration.retrievalKey = key
        knowledge = try KnowledgeBase(configuration)
        store = try await EvaluationStore(knowledge, set.items, settings, seed: seed)
    }

    /// One's own items of these subjects and targets.
    static func lines(
        _ edits: [(subject: String, target: String)], _ prompt: (String) -> String
    ) -> [String] {
        edits.map {
            "{\"subject\": \"\($0.subject)\", \"prompt\": \"\(prompt($0.subject))\", "
                + "\"target\": \"\($0.target)\"}"
        }
    }
}
