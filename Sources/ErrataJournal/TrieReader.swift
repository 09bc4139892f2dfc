import ErrataCore
import LMDB

/// Reads trie nodes, each checked against the hash that its parent holds.
struct TrieReader: Sendable {
    let table: Table
    /// Nodes that were read and checked before; without it every one comes from the disk.
    var cache: TrieNodeCache?

    /// Returns the node that `link` names, which stands at `position`.
    func node(
        _ link: TrieLink, at position: TriePosition, _ reader: borrowing ReadTransaction
    ) throws -> TrieNode {
        if let known = cache?.node(link, at: position) { return known }
        let node = try stored(link, reader)
        cache?.keep(node, link, at: position)
        return node
    }

    private func stored(_ link: TrieLink, _ reader: borrowing ReadTransaction) throws -> TrieNode {
        let node = try reader.withValue(of: [UInt8](bigEndian: link.sequence), in: table) {
            TrieNode(decoding: $0, at: link.offset, of: link.sequence)
        }
        guard let node = node ?? nil, node.hash == link.hash else {
            throw JournalError.corrupt(
                "the trie node at \(link.sequence):\(link.offset) does not have the hash "
                    + "\(link.hash.hex)")
        }
        return node
    }

    /// Returns what the trie under `root` holds of `fact`, or nil.
    func leaf(
        of fact: FactID, under root: TrieEntry?, _ reader: borrowing ReadTransaction
    ) throws -> Leaf? {
        let path = TriePath(fact)
        var entry = root
        var position = TriePosition.root
        while case .node(let link)? = entry {
            let digit = path.digit(position.level)
            entry = try node(link, at: position, reader).entries[digit]
            position = position.child(digit)
        }
        guard case .leaf(let leaf)? = entry, leaf.fact == fact else { return nil }
        return leaf.leaf
    }
}

/// A walk through one trie in the order of fact ids, which can stop and go on in another transaction.
///
/// Nodes never change, so a walk sees one snapshot however many transactions it takes.
struct TrieWalk {
    private struct Step {
        let entry: TrieEntry
        let position: TriePosition
        /// Whether `after` may lie in this subtree.
        let holdsBound: Bool
    }

    private let after: FactID?
    private var stack: [Step]

    /// Starts before the first fact that follows `after`.
    init(root: TrieEntry?, after: FactID?) {
        self.after = after
        stack = root.map { [Step(entry: $0, position: .root, holdsBound: after != nil)] } ?? []
    }

    var isDone: Bool { stack.isEmpty }

    /// Appends the next facts to `found` until it has `limit`, or `nodeCountMax` nodes were read.
    mutating func advance(
        _ found: inout [TrieLeaf], limit: Int, nodeCountMax: Int, _ trie: TrieReader,
        _ reader: borrowing ReadTransaction
    ) throws {
        var nodeCount = 0
        while found.count < limit, nodeCount < nodeCountMax, let step = stack.popLast() {
            switch step.entry {
            case .leaf(let leaf):
                if let after, step.holdsBound, leaf.fact <= after { continue }
                found.append(leaf)
            case .node(let link):
                nodeCount += 1
                push(try trie.node(link, at: step.position, reader), step)
            }
        }
    }

    private mutating func push(_ node: TrieNode, _ step: Step) {
        let bound = step.holdsBound ? after.map { TriePath($0).digit(step.position.level) } : nil
        for digit in (0..<Trie.width).reversed() {
            guard let entry = node.entries[digit], digit >= bound ?? 0 else { continue }
            stack.append(
                Step(
                    entry: entry, position: step.position.child(digit),
                    holdsBound: digit == bound))
        }
    }
}
