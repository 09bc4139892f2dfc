import ErrataCore
import LMDB

/// Applies edits to a trie and collects the nodes that are new.
struct TrieUpdate {
    /// One fact's new value; nil takes the fact out.
    struct Change {
        let fact: FactID
        let leaf: Leaf?
        let path: TriePath

        init(_ fact: FactID, _ leaf: Leaf?) {
            self.fact = fact
            self.leaf = leaf
            path = TriePath(fact)
        }
    }

    /// The operation that the new nodes belong to.
    let sequence: UInt64
    private let trie: TrieReader
    /// The new nodes, in the form of the `nodes` table.
    private(set) var nodes: [UInt8] = []
    /// The last of them, the root among these, as they will be asked for by the next commit.
    private(set) var made: [(link: TrieLink, node: TrieNode)] = []

    init(at sequence: UInt64, _ trie: TrieReader) {
        self.sequence = sequence
        self.trie = trie
    }

    /// Returns the root of the trie under `root` with `changes`, which are sorted by fact, one a fact.
    mutating func apply(
        _ changes: [Change], to root: TrieEntry?, _ reader: borrowing ReadTransaction
    ) throws -> TrieEntry? {
        precondition(zip(changes, changes.dropFirst()).allSatisfy { $0.fact < $1.fact })
        return try apply(changes[...], to: root, level: 0, reader)
    }

    private mutating func apply(
        _ changes: ArraySlice<Change>, to entry: TrieEntry?, level: Int,
        _ reader: borrowing ReadTransaction
    ) throws -> TrieEntry? {
        guard !changes.isEmpty else { return entry }
        switch entry {
        case nil: return try build(changes.filter { $0.leaf != nil }[...], level: level)
        case .leaf(let leaf):
            var all = changes.filter { $0.leaf != nil }
            if !changes.contains(where: { $0.fact == leaf.fact }) {
                let place = all.firstIndex { $0.fact > leaf.fact } ?? all.endIndex
                all.insert(Change(leaf.fact, leaf.leaf), at: place)
            }
            return try build(all[...], level: level)
        case .node(let link):
            let old = try trie.node(link, reader)
            var new = old
            for (digit, part) in TrieUpdate.split(changes, level) {
                new.entries[digit] = try apply(
                    part, to: old.entries[digit], level: level + 1, reader)
            }
            return new == old ? entry : try store(new)
        }
    }

    /// Returns the subtree of these facts alone.
    private mutating func build(_ facts: ArraySlice<Change>, level: Int) throws -> TrieEntry? {
        guard let first = facts.first, let leaf = first.leaf else { return nil }
        guard facts.count > 1 else { return .leaf(TrieLeaf(fact: first.fact, leaf: leaf)) }
        var node = TrieNode()
        for (digit, part) in TrieUpdate.split(facts, level) {
            node.entries[digit] = try build(part, level: level + 1)
        }
        return try store(node)
    }

    /// Splits changes that share all digits before `level` into runs by their digit there.
    private static func split(
        _ changes: ArraySlice<Change>, _ level: Int
    ) -> [(digit: Int, part: ArraySlice<Change>)] {
        var runs: [(digit: Int, part: ArraySlice<Change>)] = []
        var start = changes.startIndex
        while start < changes.endIndex {
            let digit = changes[start].path.digit(level)
            let end = changes[start...].firstIndex { $0.path.digit(level) != digit }
            runs.append((digit, changes[start..<(end ?? changes.endIndex)]))
            start = end ?? changes.endIndex
        }
        return runs
    }

    /// Returns the entry for `node`: nothing, its only leaf, or a link to where it is now stored.
    private mutating func store(_ node: TrieNode) throws -> TrieEntry? {
        let entries = node.entries.compactMap(\.self)
        if entries.isEmpty { return nil }
        if entries.count == 1, case .leaf = entries[0] { return entries[0] }
        guard let offset = UInt32(exactly: nodes.count) else {
            throw JournalError.limit(
                "the size of a commit's trie nodes", nodes.count, max: Int(UInt32.max))
        }
        node.encode(into: &nodes, at: sequence)
        let link = TrieLink(hash: node.hash, sequence: sequence, offset: offset)
        if made.count == TrieNodeCache.countMax / 4 { made = [] }
        made.append((link, node))
        return .node(link)
    }
}
