package import ErrataCore

/// A fact as one leaf has it: what the index keeps rows for.
package struct FactVersion: Hashable, Sendable {
    package let fact: FactID
    package let leaf: Leaf

    package init(_ fact: FactID, _ leaf: Leaf) {
        self.fact = fact
        self.leaf = leaf
    }
}

/// A fact to be indexed; one whose text was erased has rows no more, but versions still name it.
package struct IndexedFact: Sendable {
    package let version: FactVersion
    /// What the leaf stands for: one value, several if they are in conflict, none if the text was erased.
    package let facts: [Fact]

    package init(_ version: FactVersion, _ facts: [Fact]) {
        self.version = version
        self.facts = facts
    }

    package init(_ version: FactVersion, _ fact: Fact?) {
        self.init(version, [fact].compactMap(\.self))
    }
}

extension [Fact] {
    /// The texts that the index holds for these values of one fact, none twice in a kind.
    var surfaceForms: [SurfaceForm] {
        if count == 1 { return self[0].surfaceForms }
        var seen: Set<SurfaceForm> = []
        return flatMap(\.surfaceForms).filter { seen.insert($0).inserted }
    }
}
