import Synchronization

/// Trie nodes that were read or made lately.
///
/// A commit walks from the root to each of its facts, and makes each node on the way anew. So the upper levels have a
/// place for every position in the trie, where the newest node stands that was seen there: whoever commits next finds
/// all of these, however many commits there were. Those that give way to newer ones share a table with the lower levels:
/// diffs and merges look at two or three versions.
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
        let new = (link: link, node: node)
        let isUpper = position.level < TrieNodeCache.upperLevelCount
        if let older = isUpper ? replaced(by: new, at: position) : new {
            others[older.link] = older.node
        }
    }

    /// Puts the newer node of two in its place; returns the older one.
    private func replaced(by new: Entry, at position: TriePosition) -> Entry? {
        upper.withLock { levels in
            if levels[position.level].isEmpty {
                levels[position.level] = Array(
                    repeating: nil, count: TriePosition.count(on: position.level))
            }
            guard let known = levels[position.level][position.index] else {
                levels[position.level][position.index] = new
                return nil
            }
            guard new.link.sequence >= known.link.sequence else { return new }
            levels[position.level][position.index] = new
            return known
        }
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
