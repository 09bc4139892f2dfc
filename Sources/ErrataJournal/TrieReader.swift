import ErrataCore
import LMDB

/// Reads trie nodes, each checked against the hash that its parent holds.
struct TrieReader: Sendable {
    let table: Table
    /// Nodes that were read and checked before; without it every one comes from the disk.
    var cache: TrieNodeCache?

    /// Returns the node that `link` names.
    func node(_ link: TrieLink, _ reader: borrowing ReadTransaction) throws -> TrieNode {
        if let known = cache?[link] { return known }
        let node = try stored(link, reader)
        cache?[link] = node
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
        var level = 0
        while case .node(let link)? = entry {
            entry = try node(link, reader).entries[path.digit(level)]
            level += 1
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
        let level: Int
        /// Whether `after` may lie in this subtree.
        let holdsBound: Bool
    }

    private let after: FactID?
    private var stack: [Step]

    /// Starts before the first fact that follows `after`.
    init(root: TrieEntry?, after: FactID?) {
        self.after = after
        stack = root.map { [Step(entry: $0, level: 0, holdsBound: after != nil)] } ?? []
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
                push(try trie.node(link, reader), step)
            }
        }
    }

    private mutating func push(_ node: TrieNode, _ step: Step) {
        let bound = step.holdsBound ? after.map { TriePath($0).digit(step.level) } : nil
        for digit in (0..<Trie.width).reversed() {
            guard let entry = node.entries[digit], digit >= bound ?? 0 else { continue }
            stack.append(Step(entry: entry, level: step.level + 1, holdsBound: digit == bound))
        }
    }
}
