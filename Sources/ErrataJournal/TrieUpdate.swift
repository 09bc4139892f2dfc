import ErrataCore
import LMDB

/// Applies edits to a trie and collects the nodes that are new.
struct TrieUpdate {
    /// A node that is new, as it will be asked for by the next commit.
    struct MadeNode {
        let link: TrieLink
        let node: TrieNode
        let position: TriePosition
    }

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

    /// About what one change makes in a large trie.
    private static let pathByteCount = 2_048
    private static let pathNodeCount = 8

    /// The operation that the new nodes belong to.
    let sequence: UInt64
    private let trie: TrieReader
    /// The new nodes, in the form of the `nodes` table.
    private(set) var nodes: [UInt8] = []
    /// The last of them, the root among these.
    private(set) var made: [MadeNode] = []

    init(at sequence: UInt64, _ trie: TrieReader) {
        self.sequence = sequence
        self.trie = trie
    }

    /// Returns the root of the trie under `root` with `changes`, which are sorted by fact, one a fact.
    mutating func apply(
        _ changes: [Change], to root: TrieEntry?, _ reader: borrowing ReadTransaction
    ) throws -> TrieEntry? {
        precondition(zip(changes, changes.dropFirst()).allSatisfy { $0.fact < $1.fact })
        return try apply(changes[...], to: root, at: .root, reader)
    }

    private mutating func apply(
        _ changes: ArraySlice<Change>, to entry: TrieEntry?, at position: TriePosition,
        _ reader: borrowing ReadTransaction
    ) throws -> TrieEntry? {
        guard !changes.isEmpty else { return entry }
        switch entry {
        case nil: return try build(changes.filter { $0.leaf != nil }[...], at: position)
        case .leaf(let leaf):
            var all = changes.filter { $0.leaf != nil }
            if !changes.contains(where: { $0.fact == leaf.fact }) {
                let place = all.firstIndex { $0.fact > leaf.fact } ?? all.endIndex
                all.insert(Change(leaf.fact, leaf.leaf), at: place)
            }
            return try build(all[...], at: position)
        case .node(let link):
            let old = try trie.node(link, at: position, reader)
            var new = old
            var isChanged = false
            try TrieUpdate.forEachRun(of: changes, position.level) { digit, part in
                let before = old.entries[digit]
                let after = try apply(part, to: before, at: position.child(digit), reader)
                guard after != before else { return }
                new.entries[digit] = after
                isChanged = true
            }
            return isChanged ? try store(new, at: position) : entry
        }
    }

    /// Returns the subtree of these facts alone.
    private mutating func build(
        _ facts: ArraySlice<Change>, at position: TriePosition
    ) throws -> TrieEntry? {
        guard let first = facts.first, let leaf = first.leaf else { return nil }
        guard facts.count > 1 else { return .leaf(TrieLeaf(fact: first.fact, leaf: leaf)) }
        var node = TrieNode()
        try TrieUpdate.forEachRun(of: facts, position.level) { digit, part in
            node.entries[digit] = try build(part, at: position.child(digit))
        }
        return try store(node, at: position)
    }

    /// Splits changes that share all digits before `level` into runs by their digit there.
    private static func forEachRun(
        of changes: ArraySlice<Change>, _ level: Int,
        _ body: (_ digit: Int, _ part: ArraySlice<Change>) throws -> Void
    ) rethrows {
        var start = changes.startIndex
        while start < changes.endIndex {
            let digit = changes[start].path.digit(level)
            var end = start + 1
            while end < changes.endIndex, changes[end].path.digit(level) == digit { end += 1 }
            try body(digit, changes[start..<end])
            start = end
        }
    }

    /// Returns the entry for `node`: nothing, its only leaf, or a link to where it is now stored.
    private mutating func store(
        _ node: TrieNode, at position: TriePosition
    ) throws -> TrieEntry? {
        var count = 0
        var last: TrieEntry?
        for case let entry? in node.entries { (count, last) = (count + 1, entry) }
        guard let last else { return nil }
        if count == 1, case .leaf = last { return last }
        guard let offset = UInt32(exactly: nodes.count) else {
            throw JournalError.limit(
                "the size of a commit's trie nodes", nodes.count, max: Int(UInt32.max))
        }
        if nodes.isEmpty {
            nodes.reserveCapacity(TrieUpdate.pathByteCount)
            made.reserveCapacity(TrieUpdate.pathNodeCount)
        }
        node.encode(into: &nodes, at: sequence)
        let link = TrieLink(hash: node.hash, sequence: sequence, offset: offset)
        if made.count == DirectMappedCacheSize.countMax / 4 { made = [] }
        made.append(MadeNode(link: link, node: node, position: position))
        return .node(link)
    }
}
