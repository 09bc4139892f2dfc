import ErrataCore

/// The visibility sets of the versions last used, within a bound of memory.
struct VisibilityCache {
    static let byteCountMax = 64 << 20
    /// What an entry costs besides its own chunks.
    private static let entryByteCount = 200

    private struct Entry {
        let set: VisibilitySet
        var lastUse: UInt64
    }

    private var entries: [CommitID: Entry] = [:]
    private var uses: UInt64 = 0
    private var byteCount = 0
    private let byteCountMax: Int

    init(byteCountMax: Int = VisibilityCache.byteCountMax) { self.byteCountMax = byteCountMax }

    var count: Int { entries.count }

    mutating func set(at version: CommitID) -> VisibilitySet? {
        guard let set = entries[version]?.set else { return nil }
        uses += 1
        entries[version]?.lastUse = uses
        return set
    }

    mutating func insert(_ set: VisibilitySet, at version: CommitID) {
        remove(version)
        uses += 1
        entries[version] = Entry(set: set, lastUse: uses)
        byteCount += set.ownByteCount + VisibilityCache.entryByteCount
        while byteCount > byteCountMax, entries.count > 1,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
        {
            remove(oldest)
        }
    }

    mutating func removeAll() {
        entries.removeAll()
        byteCount = 0
    }

    private mutating func remove(_ version: CommitID) {
        guard let entry = entries.removeValue(forKey: version) else { return }
        byteCount -= entry.set.ownByteCount + VisibilityCache.entryByteCount
    }
}
