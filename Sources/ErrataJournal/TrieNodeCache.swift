import Synchronization

/// Trie nodes that were read or made lately.
///
/// A commit walks from the root to each of its facts, and makes each node on the way anew. So the upper levels have a
/// place for every position in the trie, where the newest node stands that was seen there: whoever commits next finds
/// all of these, however many commits there were. Nodes of earlier versions and of lower levels share a table.
///
/// At most 21 MB for the upper six levels, which are 37,449 nodes in a large trie, and 10 MB for the others.
///
/// After a transaction that ended without a commit everything is to be forgotten: what it made lies nowhere.
final class TrieNodeCache: Sendable {
    private typealias Entry = (link: TrieLink, node: TrieNode)
    private static let upperLevelCount = 6

    /// By level and position; a level is empty until there is something to keep.
    private let upper = Mutex([[Entry?]](repeating: [], count: upperLevelCount))
    private let others = DirectMappedCache<TrieLink, TrieNode>()

    /// Returns the node that `link` names, which stands at `position`, if it is kept.
    func node(_ link: TrieLink, at position: TriePosition) -> TrieNode? {
        if position.level < TrieNodeCache.upperLevelCount {
            let entry = upper.withLock { levels -> Entry? in
                levels[position.level].isEmpty ? nil : levels[position.level][position.index]
            }
            if let entry, entry.link == link { return entry.node }
        }
        return others[link]
    }

    /// Keeps a node.
    func keep(_ node: TrieNode, _ link: TrieLink, at position: TriePosition) {
        let isOlder =
            position.level >= TrieNodeCache.upperLevelCount
            || upper.withLock { levels in
                if levels[position.level].isEmpty {
                    levels[position.level] = Array(
                        repeating: nil, count: TriePosition.count(on: position.level))
                }
                let known = levels[position.level][position.index]?.link.sequence ?? 0
                guard link.sequence >= known else { return true }
                levels[position.level][position.index] = (link, node)
                return false
            }
        if isOlder { others[link] = node }
    }

    func removeAll() {
        upper.withLock { $0 = Array(repeating: [], count: TrieNodeCache.upperLevelCount) }
        others.removeAll()
    }
}

extension TrieLink: DirectMappedKey {
    /// Fibonacci hashing (Knuth, volume 3, section 6.4) of where the node lies.
    var spread: UInt64 { (sequence << 20 ^ UInt64(offset)) &* 0x9e37_79b9_7f4a_7c15 }
}
