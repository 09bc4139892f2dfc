import ErrataCore

/// The chat form of a dataset: prompts with and without edits, and the answers.
///
/// A question in scope is asked with its edit: alone in half of the cases, with one near edit about another
/// subject in a quarter, with two in the rest; the true edit stands at a random place. A question whose true answer is
/// known is asked without edits too, and one out of scope with them as well: the answer stays the same.
struct ChatForm: Sendable {
    private struct Edit: Sendable { let text: String, subject: String }

    private let groups: [String: [Edit]]
    private let searched: [Edit]
    private let index: WordIndex
    private var random: SeededGenerator

    /// So many edits are searched by their words: real ones first.
    private static let searchedCountMax = 20_000

    /// Edits of the same relation are the nearest; where there are none, words find some.
    init(_ items: [ScopeItem], seed: UInt64) {
        var groups: [String: [Edit]] = [:]
        var real: [Edit] = []
        var made: [Edit] = []
        var seen: Set<String> = []
        for item in items where seen.insert(item.pair.edit).inserted {
            let edit = Edit(text: item.pair.edit, subject: item.pair.subject)
            if let group = item.group { groups[group, default: []].append(edit) }
            if item.pair.source != SyntheticGenerator.source {
                real.append(edit)
            } else if made.count < ChatForm.searchedCountMax {
                made.append(edit)
            }
        }
        self.groups = groups
        searched = Array((real + made).prefix(max(real.count, ChatForm.searchedCountMax)))
        index = WordIndex(searched.map(\.text))
        random = SeededGenerator(seed: seed)
    }

    /// Returns the lines of one item, none if no answer is known.
    mutating func lines(of item: ScopeItem) -> [String] {
        let pair = item.pair
        var lines: [String] = []
        if let answer = pair.answer?.text ?? item.truth {
            let prompt = EditPrompt.text(question: pair.question, edits: edits(for: item))
            lines.append(ChatForm.line(prompt, answer))
        }
        if let truth = item.truth {
            let prompt = EditPrompt.text(question: pair.question, edits: [])
            lines.append(ChatForm.line(prompt, truth))
        }
        return lines
    }

    static func line(_ prompt: String, _ answer: String) -> String {
        "{\"messages\":[{\"role\":\"user\",\"content\":\(JSONText.quoted(prompt))},"
            + "{\"role\":\"assistant\",\"content\":\(JSONText.quoted(answer))}]}"
    }

    /// Returns the question of an item that no edit answers and whose answer nobody says, else nil.
    mutating func openQuestion(of item: ScopeItem) -> OpenQuestion? {
        guard item.pair.answer == nil, item.truth == nil else { return nil }
        return OpenQuestion(question: item.pair.question, edits: edits(for: item))
    }

    /// The item's own edit among near ones.
    private mutating func edits(for item: ScopeItem) -> [String] {
        let roll = random.below(4)
        var edits: [String] = []
        let count = roll < 2 ? 0 : roll - 1
        for _ in 0..<(3 * count) where edits.count < count {
            guard let near = near(item), !edits.contains(near) else { continue }
            edits.append(near)
        }
        edits.insert(item.pair.edit, at: random.below(edits.count + 1))
        return edits
    }

    private mutating func near(_ item: ScopeItem) -> String? {
        let pair = item.pair
        let isWanted = { (edit: Edit) in
            edit.text != pair.edit && !pair.question.holdsName(edit.subject)
                && !edit.subject.holdsName(pair.subject)
        }
        if let group = item.group.flatMap({ groups[$0] }),
            let edit = random.pick(group, where: isWanted)
        {
            return edit.text
        }
        let found = index.nearest(3, to: pair.edit) { isWanted(searched[$0]) }
        return found.isEmpty ? nil : searched[random.pick(found)].text
    }
}
