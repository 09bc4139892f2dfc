package import ErrataCore
import ErrataJournal
package import ErrataService

/// A real store whose versions hold the edits of a data set.
package struct EvaluationStore: Sendable {
    package let knowledge: KnowledgeBase
    /// The version without edits.
    package let base: String
    /// What holds of each item's edit once it is committed.
    package let facts: [FactID]
    package let versions: [EvaluationVersion]

    /// Commits the edits of `items` as the settings ask for them, and waits until all can be asked.
    ///
    /// Of two edits of one fact in one commit the later counts.
    package init(
        _ knowledge: KnowledgeBase, _ items: [EvaluationItem], _ settings: [EvaluationSetting],
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws {
        self.knowledge = knowledge
        base = try knowledge.resolve(RefName.main.text).hex
        facts = try items.map { knowledge.journal.factID(for: try $0.edit.checked().key) }
        let series = settings.flatMap {
            EvaluationPlan.series(of: $0, itemCount: items.count)
        }
        let total = series.reduce(0) { $0 + $1.commits.count }
        var done = 0
        var versions: [EvaluationVersion] = []
        for series in series {
            _ = try await knowledge.createBranch(series.branch, at: base, actor: .thisProcess)
            var revisions: [String] = []
            for places in series.commits {
                try Task.checkCancellation()
                let edits = EvaluationStore.lastOfEachFact(places, facts).map {
                    CommitRequest.EditRequest.assert(items[$0].edit)
                }
                revisions.append(
                    try await EvaluationStore.commit(edits, to: series.branch, of: knowledge))
                done += 1
                progress(done, total)
            }
            versions += series.versions.map {
                EvaluationVersion(
                    label: $0.label, revision: revisions[$0.commit], edits: $0.edits,
                    measured: $0.measured)
            }
        }
        if let last = versions.last {
            try await knowledge.waitForIndex(at: last.revision)
        }
        self.versions = versions
    }

    private static func lastOfEachFact(_ places: Range<Int>, _ facts: [FactID]) -> [Int] {
        var last: [FactID: Int] = [:]
        for place in places { last[facts[place]] = place }
        return places.filter { last[facts[$0]] == $0 }
    }

    /// Returns the commit; what says again what is there leaves the head where it is.
    private static func commit(
        _ edits: [CommitRequest.EditRequest], to branch: String, of knowledge: KnowledgeBase
    ) async throws -> String {
        let request = CommitRequest(branch: branch, message: "An evaluation's edits", edits: edits)
        do {
            return try await knowledge.commit(request, actor: .thisProcess).commit.hex
        } catch  where error.code == .nothingToCommit {
            return try knowledge.resolve(branch).hex
        }
    }
}
