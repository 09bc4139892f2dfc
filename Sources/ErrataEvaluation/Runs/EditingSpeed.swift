import ErrataCore
import ErrataJournal
package import ErrataService

/// How long an edit takes: from the commit, or the call of the editor, to the answer to its own prompt.
package struct EditingSpeed {
    /// What was measured of one method with so many edits made.
    package struct Row: Codable, Equatable, Sendable {
        package let method: String
        /// Edits that the store or the weights hold, the one that is timed included.
        package let edits: Int
        /// The median of the edits that were answered rightly; nil if none was.
        package let milliseconds: Double?
        /// The longest of those.
        package let slowest: Double?
        /// The median of all, to the first answer, right or wrong.
        package let answered: Double?
        package let repeats: Int
        /// Edits that were not answered rightly.
        package let missed: Int
        /// What the method's own weights take.
        package let bytes: Int?
        /// The most that the process held while the edits were made: its encoder, its reader, all models.
        ///
        /// Nil where the system does not tell.
        package let peakBytes: Int?
    }

    /// What versions of a timed store are called.
    static let label = "timed"

    private let items: [EvaluationItem]
    private let knowledge: KnowledgeBase

    package init(_ items: [EvaluationItem], _ knowledge: KnowledgeBase) {
        self.items = items
        self.knowledge = knowledge
    }

    /// How many items there must be.
    package static func itemCount(_ counts: [Int], repeats: Int) -> Int {
        (counts.max() ?? 0) - 1 + repeats
    }

    /// Times `repeats` edits for each of `counts`, each edit by itself beside `count - 1` others.
    ///
    /// An editor of weights makes the others first: one after the other, or together where it can. What is learned
    /// once for all edits, as the moments of keys, and what a first call costs, is not timed: an edit before is.
    package func measure(
        _ method: any EvaluatedMethod, counts: [Int], repeats: Int,
        onRow: (Row) -> Void = { _ in }
    ) async throws -> [Row] {
        precondition(items.count >= Self.itemCount(counts, repeats: repeats))
        var rows: [Row] = []
        var previous: EvaluationVersion?
        for count in Set(counts).sorted() {
            let isCounted = PeakMemory.reset()
            let base = try await filled(with: count - 1, for: method, after: previous)
            previous = base
            _ = try await time(count - 1, on: base, method, isFirst: true)
            var times: [(milliseconds: Double, isRight: Bool)] = []
            for place in (count - 1)..<(count - 1 + repeats) {
                try Task.checkCancellation()
                times.append(try await time(place, on: base, method))
            }
            let right = times.filter(\.isRight).map(\.milliseconds).sorted()
            let row = Row(
                method: method.name, edits: count, milliseconds: right.median,
                slowest: right.last, answered: times.map(\.milliseconds).sorted().median,
                repeats: repeats, missed: repeats - right.count, bytes: method.byteCount,
                peakBytes: isCounted ? PeakMemory.byteCount : nil)
            rows.append(row)
            onRow(row)
        }
        return rows
    }

    /// Returns a version that holds the first `count` edits.
    private func filled(
        with count: Int, for method: any EvaluatedMethod, after previous: EvaluationVersion?
    ) async throws -> EvaluationVersion {
        var revision = try knowledge.resolve(RefName.main.text).hex
        if count > 0, !method.isStateful {
            let branch = "filled/\(method.name.replacing(":", with: "."))/\(count)"
            _ = try await knowledge.createBranch(branch, at: revision, actor: .thisProcess)
            revision = try await EvaluationStore.commit(
                Array(items.prefix(count)), to: branch, of: knowledge)
            try await knowledge.waitForIndex(at: revision)
        }
        let version = EvaluationVersion(
            label: Self.label, revision: revision, edits: 0..<count, measured: 0..<0)
        try await method.prepare(version, after: previous, items)
        try await method.keep()
        return version
    }

    private func time(
        _ place: Int, on base: EvaluationVersion, _ method: any EvaluatedMethod,
        isFirst: Bool = false
    ) async throws -> (milliseconds: Double, isRight: Bool) {
        let item = items[place]
        let branch =
            "\(isFirst ? "first" : "timed")/\(method.name.replacing(":", with: "."))/"
            + "\(base.edits.count)/\(place)"
        if !method.isStateful {
            _ = try await knowledge.createBranch(branch, at: base.revision, actor: .thisProcess)
        }
        let start = ContinuousClock.now
        var commit = base.revision
        if !method.isStateful {
            commit = try await EvaluationStore.commit([item], to: branch, of: knowledge)
        }
        try await method.make([item])
        let response = try await method.respond(
            to: item.prompt, target: nil,
            at: EvaluationVersion(
                label: Self.label, revision: commit, edits: place..<place + 1,
                measured: place..<place + 1))
        let time = (ContinuousClock.now - start) / .milliseconds(1)
        try await method.goBack()
        let isRight =
            response.text.map {
                AnswerMatch.holds($0, oneOf: item.questions[0].answers.joined())
            } ?? false
        return (time, isRight)
    }
}

extension [Double] {
    /// The one in the middle, of a sorted array.
    fileprivate var median: Double? { isEmpty ? nil : self[count / 2] }
}
