import ErrataCore
import Testing

@testable import ErrataJournal

@Suite("Trie nodes that are kept")
struct TrieNodeCacheTests {
    private static let upper = TriePosition.root.child(5).child(2)
    private static let deep = (0..<9).reduce(TriePosition.root) { place, _ in place.child(7) }

    /// A node that no other sequence has, and its link.
    private func made(_ sequence: UInt64) -> (link: TrieLink, node: TrieNode) {
        var node = TrieNode()
        let below = TrieLink(hash: .sha256([UInt8(sequence)]), sequence: sequence, offset: 1)
        node.entries[3] = .node(below)
        return (TrieLink(hash: node.hash, sequence: sequence, offset: 0), node)
    }

    @Test("are found with the versions before them, in whatever order they came")
    func versions() {
        for place in [Self.upper, Self.deep] {
            let cache = TrieNodeCache()
            let all = [2, 9, 4].map { made($0) }
            for (link, node) in all { cache.keep(node, link, at: place) }
            for (link, node) in all { #expect(cache.node(link, at: place) == node) }
            #expect(cache.node(made(3).link, at: place) == nil)
        }
    }

    @Test("do not give way to those that stand elsewhere")
    func places() {
        let cache = TrieNodeCache()
        let (link, node) = made(1)
        cache.keep(node, link, at: Self.upper)
        for digit in 0..<Trie.width where digit != 2 {
            let other = made(2 + UInt64(digit))
            cache.keep(other.node, other.link, at: TriePosition.root.child(5).child(digit))
        }
        #expect(cache.node(link, at: Self.upper) == node)
    }

    @Test("are forgotten, all of them")
    func forgotten() {
        let cache = TrieNodeCache()
        let all = [1, 2, 3].map { made($0) }
        for (link, node) in all { cache.keep(node, link, at: Self.upper) }
        cache.removeAll()
        for (link, _) in all { #expect(cache.node(link, at: Self.upper) == nil) }
    }
}
