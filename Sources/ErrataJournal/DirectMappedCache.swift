import ErrataCore
import Synchronization

/// Rows that never change once they are committed, as far as they were read or made lately.
///
/// Each key has one place, which it takes from whatever was there: cheaper than a table that knows what was asked
/// for last.
final class DirectMappedCache<Key: DirectMappedKey, Value: Sendable>: Sendable {
    private typealias Entry = (key: Key, value: Value)

    /// Empty until there is something to keep.
    private let entries = Mutex<[Entry?]>([])

    subscript(key: Key) -> Value? {
        get {
            entries.withLock { entries in
                guard !entries.isEmpty, let entry = entries[Self.place(of: key)], entry.key == key
                else { return nil }
                return entry.value
            }
        }
        set {
            entries.withLock { entries in
                if entries.isEmpty {
                    entries = Array(repeating: nil, count: DirectMappedCacheSize.countMax)
                }
                entries[Self.place(of: key)] = newValue.map { (key, $0) }
            }
        }
    }

    func removeAll() { entries.withLock { $0 = [] } }

    private static func place(of key: Key) -> Int {
        Int(key.spread >> (64 - DirectMappedCacheSize.bitCount))
    }
}

/// How many entries each cache has.
enum DirectMappedCacheSize {
    static let bitCount = 14
    static let countMax = 1 << bitCount
}

/// What rows are cached by.
protocol DirectMappedKey: Equatable, Sendable {
    /// A number whose upper bits differ between keys that are used together.
    var spread: UInt64 { get }
}

/// Trie nodes.
///
/// A commit walks from the root to each of its facts and so reads again what the last one read or made: the
/// upper levels, which all paths share. At most 10 MB; the upper five levels of a large trie are 4,681 nodes.
///
/// After a transaction that ended without a commit everything is to be forgotten: what it made lies nowhere.
typealias TrieNodeCache = DirectMappedCache<TrieLink, TrieNode>

extension TrieLink: DirectMappedKey {
    /// Fibonacci hashing (Knuth, volume 3, section 6.4) of where the node lies.
    var spread: UInt64 { (sequence << 20 ^ UInt64(offset)) &* 0x9e37_79b9_7f4a_7c15 }
}

/// Where commits lie that were passed on the way to their ancestors, at most 2 MB: long jumps are the same for many.
typealias LineageCache = DirectMappedCache<CommitID, Lineage>

extension CommitID: DirectMappedKey {
    var spread: UInt64 { UInt64(bitPattern: Int64(hashValue)) }
}
