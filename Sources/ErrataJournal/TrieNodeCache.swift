import ErrataCore
import Synchronization

/// Trie nodes that were read, or made, lately.
///
/// A commit walks from the root to each of its facts and so reads again what the last one read or made: the
/// upper levels, which all paths share. A node never changes once it is committed. Each node has one place, which it
/// takes from whatever was there: cheaper than a table that knows what was asked for last.
final class TrieNodeCache: Sendable {
    /// At most 10 MB; the upper five levels of a large trie are 4,681 nodes.
    static let countMax = 1 << 14

    private typealias Slot = (link: TrieLink, node: TrieNode)

    private let slots = Mutex<[Slot?]>(Array(repeating: nil, count: TrieNodeCache.countMax))

    func node(_ link: TrieLink) -> TrieNode? {
        slots.withLock { slots in
            guard let slot = slots[TrieNodeCache.place(of: link)], slot.link == link else {
                return nil
            }
            return slot.node
        }
    }

    func insert(_ node: TrieNode, for link: TrieLink) {
        slots.withLock { $0[TrieNodeCache.place(of: link)] = (link, node) }
    }

    /// Forgets everything: a transaction ended without a commit, so what it made lies nowhere.
    func removeAll() {
        slots.withLock { $0 = Array(repeating: nil, count: TrieNodeCache.countMax) }
    }

    /// Fibonacci hashing (Knuth, volume 3, section 6.4) of where the node lies.
    private static func place(of link: TrieLink) -> Int {
        let number = link.sequence << 20 ^ UInt64(link.offset)
        return Int((number &* 0x9e37_79b9_7f4a_7c15) >> 50)
    }
}
