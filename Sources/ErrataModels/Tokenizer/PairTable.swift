/// A map from pairs of ids to numbers that are not negative.
struct PairTable: Sendable {
    private let hash = ByteHash()
    /// No pair: ids are not negative.
    private static let empty = UInt64.max
    private var keys: [UInt64]
    private var values: [Int32]

    /// Makes room for `count` pairs.
    init(count: Int) {
        var slotCount = 16
        while slotCount < 2 * count { slotCount *= 2 }
        keys = [UInt64](repeating: Self.empty, count: slotCount)
        values = [Int32](repeating: -1, count: slotCount)
    }

    /// The number of a pair, or -1.
    subscript(first: Int32, second: Int32) -> Int32 {
        let key = Self.key(first, second)
        var slot = self.slot(key)
        while keys[slot] != Self.empty {
            if keys[slot] == key { return values[slot] }
            slot = (slot + 1) & (keys.count - 1)
        }
        return -1
    }

    /// Sets the number of a pair, in place of the one that it had.
    mutating func set(_ first: Int32, _ second: Int32, to value: Int32) {
        let key = Self.key(first, second)
        var slot = self.slot(key)
        while keys[slot] != Self.empty, keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
        keys[slot] = key
        values[slot] = value
    }

    private static func key(_ first: Int32, _ second: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: first)) << 32 | UInt64(UInt32(bitPattern: second))
    }

    private func slot(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: hash(key)) & (keys.count - 1)
    }
}
