import ErrataCore

/// Chats whose question takes two edits: the answer comes first, then the hops that lead to it.
///
/// As "Learning to Edit" has it (Jiang and others, ACL 2024). The two edits stand in any order, in half of the
/// cases among others about the same things.
struct HopChats: Sendable {
    /// So many made-up pairs go with one such chat.
    static let pairsPerChat = 20

    private let chains: [SyntheticGenerator.Chain]
    private let seed: UInt64

    /// Draws about `count` chains; those about subjects that are held back are left out.
    init(_ generator: SyntheticGenerator, count: Int, seed: UInt64) {
        var generator = generator
        self.seed = seed
        chains = (0..<count).compactMap { _ in generator.chain() }
            .filter {
                !HeldBack.contains($0.first.subject) && !HeldBack.contains($0.second.subject)
            }
    }

    var lines: [String] {
        var random = SeededGenerator(seed: seed)
        return chains.map { chain in
            var edits = [chain.first, chain.second].map(\.statement)
            if random.chance(50) { edits += chain.others.map(\.statement) }
            random.shuffle(&edits)
            let hops = [chain.first, chain.second].map { Self.sentence($0.statement) }
            return ChatForm.line(
                EditPrompt.text(question: chain.question, edits: edits),
                ([Self.sentence(chain.second.object)] + hops).joined(separator: " "))
        }
    }

    private static func sentence(_ text: String) -> String {
        let isEnded = text.last.map { ".!?".contains($0) } ?? true
        return isEnded ? text : text + "."
    }
}
