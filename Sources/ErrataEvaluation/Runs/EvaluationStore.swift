package import ErrataCore
import ErrataJournal
package import ErrataService

/// A real store whose versions hold the edits of a data set.
package struct EvaluationStore: Sendable {
    package let knowledge: KnowledgeBase
    /// The version without edits.
    package let base: String
    /// The fact that each item's edit becomes; nil of a general question.
    package let facts: [FactID?]
    /// What it says.
    package let values: [Fact?]
    package let versions: [EvaluationVersion]

    /// Commits the edits of `items` as the settings ask for them, and waits until all can be asked.
    ///
    /// Of two edits of one fact in one commit the later counts. `seed` draws what settings leave to chance.
    package init(
        _ knowledge: KnowledgeBase, _ items: [EvaluationItem], _ settings: [EvaluationSetting],
        seed: UInt64 = 1, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws {
        self.knowledge = knowledge
        let main = try knowledge.resolve(RefName.main.text).hex
        base = main
        let values = try items.map { $0.isGeneral ? nil : try $0.edit.checked() }
        facts = values.map { $0.map { knowledge.journal.factID(for: $0.key) } }
        self.values = values
        let count = items.count { !$0.isGeneral }
        // One batch of so many as there are items is the batch of all.
        var branches: Set<String> = []
        var series = try settings.flatMap {
            try EvaluationPlan.series(of: $0, items[..<count], seed: seed)
        }.filter { branches.insert($0.branch).inserted }
        if count < items.count {
            series.append(
                EvaluationPlan.general(itemCount: count, generalCount: items.count - count))
        }
        let total = series.reduce(0) { $0 + $1.commits.count }
        var done = 0
        var versions: [EvaluationVersion] = []
        for series in series {
            _ = try await knowledge.createBranch(series.branch, at: main, actor: .thisProcess)
            var revisions: [String] = []
            for places in series.commits {
                try Task.checkCancellation()
                revisions.append(
                    try await EvaluationStore.commit(
                        places.map { items[$0] }, to: series.branch, of: knowledge))
                done += 1
                progress(done, total)
            }
            versions += series.versions.map {
                EvaluationVersion(
                    label: $0.label, revision: $0.commit.map { revisions[$0] } ?? main,
                    edits: $0.edits, measured: $0.measured, shown: $0.shown)
            }
        }
        if let last = versions.last {
            try await knowledge.waitForIndex(at: last.revision)
        }
        self.versions = versions
    }

    /// A store without versions of its own, for methods that are asked at others.
    package init(_ knowledge: KnowledgeBase) throws {
        self.knowledge = knowledge
        base = try knowledge.resolve(RefName.main.text).hex
        (facts, values) = ([], [])
        versions = []
    }

    /// Commits edits, of one fact the last; what says again what is there leaves the head where it is.
    static func commit(
        _ items: [EvaluationItem], to branch: String, of knowledge: KnowledgeBase
    ) async throws -> String {
        var last: [String: Int] = [:]
        let keys = try items.map { try $0.edit.checked().key }
        for (place, key) in keys.enumerated() { last[key] = place }
        let edits = items.indices.filter { last[keys[$0]] == $0 }.map {
            CommitRequest.EditRequest.assert(items[$0].edit)
        }
        return try await head(
            after: CommitRequest(
                branch: branch, message: "An evaluation's edits", edits: edits), of: knowledge)
    }

    private static func head(
        after request: CommitRequest, of knowledge: KnowledgeBase
    ) async throws(ServiceError) -> String {
        do throws(ServiceError) {
            return try await knowledge.commit(request, actor: .thisProcess).commit.hex
        } catch {
            guard error.code == .nothingToCommit else { throw error }
            return try knowledge.resolve(request.branch).hex
        }
    }
}
