// CONFLICT. Two lines of commits changed one fact in ways that do not go together. The merge keeps both: in
// the snapshot the fact has a leaf that stands for the conflict, and the merge commit says what it stands for.
//
//   [FactID, base leaf or null, [leaf or null of each side]]
//   leaf = SHA-256("errata conflict 1" ‖ that encoding)
//
// Null is a fact that is not believed. Sides are two or more values that differ, none of them a conflict: one
// that meets another change takes its sides into the new one. A later edit of the fact ends the conflict.

/// The values that a merge could not choose between.
package struct Conflict: Hashable, Sendable {
    /// The most sides; a merge that would lead to more is refused.
    package static let sideCountMax = 16
    private static let label = Array("errata conflict 1".utf8)

    package let fact: FactID
    /// What both lines started from; nil if the fact was not believed there, or they started from several.
    package let base: Leaf?
    /// What each line made of it, that of the branch merged into first; nil is a retracted fact.
    package let sides: [Leaf?]

    /// Keeps the first of equal sides; at least two must differ.
    package init(fact: FactID, base: Leaf?, sides: [Leaf?]) {
        var seen: Set<Leaf?> = []
        self.fact = fact
        self.base = base
        self.sides = sides.filter { seen.insert($0).inserted }
        precondition(self.sides.count > 1, "a conflict has two sides")
    }

    /// What a snapshot holds of the fact.
    package var leaf: Leaf { Leaf(.sha256(Conflict.label + cbor.encoded)) }

    package var cbor: CBOR {
        let values = ([base] + sides).map { $0.map { CBOR.bytes($0.bytes) } ?? .null }
        return .array([.bytes(fact.bytes), values[0], .array(Array(values.dropFirst()))])
    }

    package init(_ item: CBOR) throws(CBORError) {
        guard case .array(let parts) = item, parts.count == 3, case .bytes(let id) = parts[0],
            let fact = FactID(id), case .array(let items) = parts[2]
        else { throw CBORError(message: "a conflict is not [fact, base, sides]", offset: 0) }
        var sides: [Leaf?] = []
        for item in items { sides.append(try Leaf.ifPresent(item)) }
        guard (2...Conflict.sideCountMax).contains(sides.count), Set(sides).count == sides.count
        else { throw CBORError(message: "a conflict does not have two or more sides", offset: 0) }
        self.fact = fact
        base = try Leaf.ifPresent(parts[1])
        self.sides = sides
    }
}
