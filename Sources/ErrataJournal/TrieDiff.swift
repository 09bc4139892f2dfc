import ErrataCore
import LMDB

/// A walk through two tries that skips what they share; it can stop and go on in another transaction.
///
/// Costs O(changes · depth). Changes come in the order of fact ids.
struct TrieDiff {
    private struct Step {
        let old: TrieEntry?
        let new: TrieEntry?
        let position: TriePosition

        var hasNode: Bool {
            if case .node? = old { return true }
            if case .node? = new { return true }
            return false
        }
    }

    private var stack: [Step] = []

    init(from old: TrieEntry?, to new: TrieEntry?) { push(old, new, .root) }

    var isDone: Bool { stack.isEmpty }

    /// Appends the next changes to `found`, reading at most about `nodeCountMax` nodes.
    mutating func advance(
        _ found: inout [Edit], nodeCountMax: Int, _ trie: TrieReader,
        _ reader: borrowing ReadTransaction
    ) throws {
        var nodeCount = 0
        while nodeCount < nodeCountMax, let step = stack.popLast() {
            guard step.hasNode else {
                found += TrieDiff.changes(step.old, step.new)
                continue
            }
            let old = try TrieDiff.entries(step.old, step.position, trie, reader)
            let new = try TrieDiff.entries(step.new, step.position, trie, reader)
            nodeCount += 2
            for digit in (0..<Trie.width).reversed() {
                push(old[digit], new[digit], step.position.child(digit))
            }
        }
    }

    private mutating func push(_ old: TrieEntry?, _ new: TrieEntry?, _ position: TriePosition) {
        guard old?.hash != new?.hash else { return }
        stack.append(Step(old: old, new: new, position: position))
    }

    /// Returns the entries under `entry`; a leaf stands where the node that it shares would hold it.
    private static func entries(
        _ entry: TrieEntry?, _ position: TriePosition, _ trie: TrieReader,
        _ reader: borrowing ReadTransaction
    ) throws -> [TrieEntry?] {
        switch entry {
        case nil: return TrieNode().entries
        case .node(let link): return try trie.node(link, at: position, reader).entries
        case .leaf(let leaf):
            var node = TrieNode()
            node.entries[TriePath(leaf.fact).digit(position.level)] = entry
            return node.entries
        }
    }

    /// Returns the changes between two subtrees of at most one fact each.
    private static func changes(_ old: TrieEntry?, _ new: TrieEntry?) -> [Edit] {
        var before: TrieLeaf?
        var after: TrieLeaf?
        if case .leaf(let leaf)? = old { before = leaf }
        if case .leaf(let leaf)? = new { after = leaf }
        if let before, let after, before.fact == after.fact {
            return [Edit(fact: before.fact, old: before.leaf, new: after.leaf)]
        }
        let gone = before.map { Edit(fact: $0.fact, old: $0.leaf, new: nil) }
        let come = after.map { Edit(fact: $0.fact, old: nil, new: $0.leaf) }
        return [gone, come].compactMap(\.self).sorted { $0.fact < $1.fact }
    }
}
