import ErrataCore
import ErrataJournal
package import ErrataService

/// How long an edit takes: from the commit to the first right answer to its own prompt.
package struct EditingSpeed {
    /// What was measured of one method with so many edits in the store.
    package struct Row: Codable, Equatable, Sendable {
        package let method: String
        /// Edits in the store, the one that is timed included.
        package let edits: Int
        /// The median of the edits that were answered rightly; nil if none was.
        package let milliseconds: Double?
        package let slowest: Double?
        package let repeats: Int
        /// Edits that were not answered rightly, so are not timed.
        package let missed: Int
    }

    private let items: [EvaluationItem]
    private let knowledge: KnowledgeBase

    package init(_ items: [EvaluationItem], _ knowledge: KnowledgeBase) {
        self.items = items
        self.knowledge = knowledge
    }

    /// Times `repeats` edits, each by itself on a store of `count - 1` others.
    ///
    /// There must be so many items in all. Throws for an editor of weights with more than one edit: what others it made
    /// before is not measured.
    package func measure(
        _ method: any EvaluatedMethod, count: Int, repeats: Int
    ) async throws -> Row {
        precondition(items.count >= count - 1 + repeats)
        guard count == 1 || !method.isStateful else {
            throw EvaluationError(
                "\(method.name) writes edits into weights, and is timed with one edit alone",
                hint: "Time it with --edits 1.")
        }
        let base = try await filled(with: count - 1, for: method)
        var times: [Double] = []
        for place in (count - 1)..<(count - 1 + repeats) {
            try Task.checkCancellation()
            if let time = try await time(place, on: base, count, method) { times.append(time) }
        }
        times.sort()
        return Row(
            method: method.name, edits: count,
            milliseconds: times.isEmpty ? nil : times[times.count / 2], slowest: times.last,
            repeats: repeats, missed: repeats - times.count)
    }

    /// Returns a version that holds the first `count` edits.
    private func filled(with count: Int, for method: any EvaluatedMethod) async throws -> String {
        let main = try knowledge.resolve(RefName.main.text).hex
        guard count > 0 else { return main }
        let branch = "filled/\(method.name.replacing(":", with: "."))/\(count)"
        _ = try await knowledge.createBranch(branch, at: main, actor: .thisProcess)
        let commit = try await EvaluationStore.commit(
            Array(items.prefix(count)), to: branch, of: knowledge)
        try await knowledge.waitForIndex(at: commit)
        return commit
    }

    private func time(
        _ place: Int, on base: String, _ count: Int, _ method: any EvaluatedMethod
    ) async throws -> Double? {
        let item = items[place]
        let branch = "timed/\(method.name.replacing(":", with: "."))/\(count)/\(place)"
        _ = try await knowledge.createBranch(branch, at: base, actor: .thisProcess)
        let start = ContinuousClock.now
        let commit = try await EvaluationStore.commit([item], to: branch, of: knowledge)
        let version = EvaluationVersion(
            label: "timed", revision: commit, edits: place..<place + 1,
            measured: place..<place + 1)
        try await method.prepare(version, after: nil, items)
        let response = try await method.respond(to: item.prompt, target: nil, at: version)
        let time = (ContinuousClock.now - start) / .milliseconds(1)
        guard let text = response.text,
            AnswerMatch.holds(text, oneOf: item.questions[0].answers.joined())
        else { return nil }
        return time
    }
}
