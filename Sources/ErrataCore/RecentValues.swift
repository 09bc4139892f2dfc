/// Values by key, of which those that nobody asks for are forgotten.
///
/// Two generations: when the young one is full it becomes the old one, and what was not asked for since
/// then is gone. That keeps the newest half of the limit at least, at one look-up each.
package struct RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let generationCountMax: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    /// Keeps `countMax` values at most, which is 2 or more.
    package init(countMax: Int) {
        precondition(countMax >= 2)
        generationCountMax = countMax / 2
    }

    package var count: Int { young.count + old.count }

    package subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old.removeValue(forKey: key) else { return nil }
            insert(value, for: key)
            return value
        }
    }

    package mutating func insert(_ value: Value, for key: Key) {
        old[key] = nil
        if young[key] == nil, young.count >= generationCountMax {
            // The memory of the one that ends serves the next.
            swap(&old, &young)
            young.removeAll(keepingCapacity: true)
        }
        young[key] = value
    }
}
