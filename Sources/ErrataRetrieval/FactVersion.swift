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
    package let fact: Fact?

    package init(_ version: FactVersion, _ fact: Fact?) {
        self.version = version
        self.fact = fact
    }
}
