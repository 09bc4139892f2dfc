import ErrataAlignment
import ErrataCore
import ErrataService

/// Unrelated edits beside an item's own: of other facts, about other subjects.
package struct Distractors {
    /// Where they stand in a prompt.
    package enum Place: String, CaseIterable, Sendable {
        case before
        case after
        /// The edit has a place among them that is drawn.
        case mixed
    }

    /// As many as a reader can be shown beside the edit.
    package static let countMax = AskRequest.candidateCountMax - 1

    private let subjects: [String]
    private let keys: [String]

    init(_ items: ArraySlice<EvaluationItem>) throws {
        subjects = items.map { AnswerMatch.normalised($0.subject) }
        keys = try items.map { try $0.edit.checked().key }
    }

    var indices: Range<Int> { keys.indices }

    /// Returns the places of an item and of `count` unrelated ones, in the order of the prompt.
    ///
    /// Fewer are the beginning of more, and stand the same at each place.
    func shown(with item: Int, _ count: Int, _ place: Place, seed: UInt64) throws -> [Int] {
        var random = SeededGenerator(seed: seed &+ UInt64(item) &* 0x9E37_79B9_7F4A_7C15)
        var others: [Int] = []
        while others.count < count {
            let start = random.below(keys.count)
            // The next that is unrelated, from a place that is drawn.
            guard
                let other = indices.lazy.map({ (start + $0) % keys.count })
                    .first(where: { candidate in
                        ([item] + others).allSatisfy { isUnrelated(candidate, $0) }
                    })
            else {
                throw EvaluationError(
                    "of \(keys.count) items no \(count) are unrelated to '\(subjects[item])'",
                    hint: "Ask for fewer distractors, or take more --items.")
            }
            others.append(other)
        }
        switch place {
        case .before: return others + [item]
        case .after: return [item] + others
        case .mixed:
            others.insert(item, at: random.below(count + 1))
            return others
        }
    }

    private func isUnrelated(_ one: Int, _ other: Int) -> Bool {
        one != other && subjects[one] != subjects[other] && keys[one] != keys[other]
    }
}
