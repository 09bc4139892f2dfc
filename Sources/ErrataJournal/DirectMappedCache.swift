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

/// Where commits lie that were passed on the way to their ancestors, at most 2 MB: long jumps are the same for many.
typealias LineageCache = DirectMappedCache<CommitID, Lineage>

extension CommitID: DirectMappedKey {
    var spread: UInt64 { UInt64(bitPattern: Int64(hashValue)) }
}
