import ErrataCore
import Synchronization

/// Trie nodes that were read, or made, lately.
///
/// A commit walks from the root to each of its facts and so reads again what the last one read or made: the
/// upper levels, which all paths share. A node never changes once it is committed.
final class TrieNodeCache: Sendable {
    /// At most 10 MB; the upper five levels of a large trie are 4,681 nodes.
    static let countMax = 16_384

    private let nodes = Mutex(RecentValues<TrieLink, TrieNode>(countMax: TrieNodeCache.countMax))

    func node(_ link: TrieLink) -> TrieNode? { nodes.withLock { $0[link] } }

    func insert(_ node: TrieNode, for link: TrieLink) {
        nodes.withLock { $0.insert(node, for: link) }
    }

    /// Forgets everything: a transaction ended without a commit, so what it made lies nowhere.
    func removeAll() {
        nodes.withLock { $0 = RecentValues(countMax: TrieNodeCache.countMax) }
    }
}
