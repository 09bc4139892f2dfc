import ErrataCore
import ErrataModels
import Synchronization

/// Asks methods the questions of a data set at the versions of a store.
package struct EvaluationRun: Sendable {
    package let items: [EvaluationItem]
    package let store: EvaluationStore
    /// How many items are measured at a time, where the method allows it.
    package let width: Int

    package init(items: [EvaluationItem], store: EvaluationStore, width: Int) {
        self.items = items
        self.store = store
        self.width = width
    }

    /// How many items are measured for each method, those that are done already included.
    package var unitCount: Int { store.versions.reduce(0) { $0 + $1.measured.count } }

    /// Measures what is not in `done`; hands each item's measurement on when it is there.
    ///
    /// A cancelled task ends between two questions.
    package func measure(
        _ method: any EvaluatedMethod, except done: Set<ItemMeasurement.ID>,
        onItem: @escaping @Sendable (ItemMeasurement) throws -> Void
    ) async throws {
        let baselines = Baselines(method)
        if method.isStateful {
            var previous: EvaluationVersion?
            for version in store.versions {
                let left = unmeasured(version, method, done)
                guard !left.isEmpty else { continue }
                try await method.prepare(version, after: previous, items)
                previous = version
                for place in left {
                    try onItem(try await measure(place, at: version, method, baselines))
                }
            }
            return
        }
        let units = store.versions.flatMap { version in
            unmeasured(version, method, done).map { (version, $0) }
        }
        try await withThrowingTaskGroup(of: ItemMeasurement.self) { group in
            var next = units.makeIterator()
            for _ in 0..<width {
                guard let (version, place) = next.next() else { break }
                group.addTask { try await measure(place, at: version, method, baselines) }
            }
            while let result = try await group.next() {
                try onItem(result)
                guard let (version, place) = next.next() else { continue }
                group.addTask { try await measure(place, at: version, method, baselines) }
            }
        }
    }

    private func unmeasured(
        _ version: EvaluationVersion, _ method: any EvaluatedMethod, _ done: Set<ItemMeasurement.ID>
    ) -> [Int] {
        version.measured.filter {
            !done.contains(.init(method: method.name, version: version.label, item: $0))
        }
    }

    private func measure(
        _ place: Int, at version: EvaluationVersion, _ method: any EvaluatedMethod,
        _ baselines: Baselines
    ) async throws -> ItemMeasurement {
        let start = ContinuousClock.now
        var answers: [Measurement] = []
        for (number, question) in items[place].questions.enumerated() {
            try Task.checkCancellation()
            let response = try await method.respond(
                to: question.text, target: question.target, at: version)
            let before =
                question.kind.isLocal
                ? try await baselines.response(to: question.text, question.target) : nil
            let judge = AnswerJudge(
                item: items[place], question: question, fact: store.facts[place], before: before)
            answers.append(
                judge.measurement(of: response, number: number, method.scoresTokens))
        }
        return ItemMeasurement(
            method: method.name, version: version.label, edits: version.editCount, item: place,
            seconds: (ContinuousClock.now - start) / .seconds(1), answers: answers)
    }
}

/// What a method said before all edits, asked once for each question.
private final class Baselines: Sendable {
    private struct Key: Hashable {
        let question: String
        let target: String?
    }

    private let method: any EvaluatedMethod
    private let known = Mutex<[Key: MethodResponse]>([:])

    init(_ method: any EvaluatedMethod) { self.method = method }

    func response(to question: String, _ target: String?) async throws -> MethodResponse {
        let key = Key(question: question, target: target)
        if let response = known.withLock({ $0[key] }) { return response }
        let response = try await method.respond(to: question, target: target, at: nil)
        known.withLock { $0[key] = response }
        return response
    }
}

/// Judges what was answered.
struct AnswerJudge {
    private static let fluentWordCountMin = 3

    let item: EvaluationItem
    let question: EvaluationQuestion
    /// What the item's edit becomes.
    let fact: FactID?
    /// The answer from before all edits, for a local question.
    let before: MethodResponse?

    func measurement(
        of response: MethodResponse, number: Int, _ scoresTokens: Bool
    ) -> Measurement {
        let text = response.text
        let isAnswer = text.map { AnswerMatch.holds($0, oneOf: question.answers.joined()) } ?? false
        return Measurement(
            question: number, text: text, kind: kind(of: response, isAnswer),
            isFirstAlias: text.map {
                AnswerMatch.holds($0, oneOf: [question.target].compactMap(\.self))
            } ?? false,
            tokens: scoresTokens ? share(of: response) : nil,
            isTrue: question.kind.isLocal && !question.answers.isEmpty ? isAnswer : nil,
            fluency: text.flatMap { text in
                NGramEntropy.words(of: text).count >= Self.fluentWordCountMin
                    ? NGramEntropy.fluency(text) : nil
            },
            rank: fact.flatMap(response.candidates.firstIndex).map { $0 + 1 },
            isRetrieved: !response.candidates.isEmpty,
            isTooLong: response.isTooLong ? true : nil)
    }

    private func kind(of response: MethodResponse, _ isAnswer: Bool) -> Measurement.Kind {
        if let before {
            // Nothing said before and now is the same as well.
            if AnswerMatch.normalised(response.text ?? "")
                == AnswerMatch.normalised(before.text ?? "")
            {
                return .right
            }
        } else if isAnswer {
            return .right
        }
        guard let text = response.text, !AnswerMatch.normalised(text).isEmpty else {
            return .abstained
        }
        let others =
            response.objects + (question.kind.isLocal && !item.isGeneral ? [item.target] : [])
        return AnswerMatch.holds(text, oneOf: others) ? .wrongObject : .other
    }

    /// Returns the share of places that are right, or as before; 0 where a target has no place that was scored.
    ///
    /// Nil for a local question to a method that says nothing without edits: there is nothing to stay.
    private func share(of response: MethodResponse) -> Double? {
        guard question.target != nil else { return nil }
        if let before {
            guard !before.tokens.isEmpty else { return nil }
            guard before.model == response.model else { return 0 }
            guard before.tokens.count == response.tokens.count else { return 0 }
            let same = zip(before.tokens, response.tokens).count { $0.mostLikely == $1.mostLikely }
            return Double(same) / Double(before.tokens.count)
        }
        guard !response.tokens.isEmpty else { return 0 }
        return Double(response.tokens.count(where: \.isMostLikely)) / Double(response.tokens.count)
    }
}
