/// A small generator whose every run is the same for the same seed (SplitMix64: Steele, Lea, Flood 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 to `count - 1`.
    package mutating func below(_ count: Int) -> Int {
        precondition(count > 0)
        return Int(next() % UInt64(count))
    }

    /// Returns a number of the range, one of 2^24 steps.
    mutating func uniform(_ range: ClosedRange<Float>) -> Float {
        let unit = Float(next() >> 40) * 0x1p-24
        return range.lowerBound + (range.upperBound - range.lowerBound) * unit
    }

    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.count)
    }

    /// Returns true in `percent` of 100 calls.
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ items: [Element]) -> Element { items[below(items.count)] }

    /// Returns an item that `isFit` accepts, or nil after `tryCountMax` tries.
    mutating func pick<Element>(
        _ items: [Element], tryCountMax: Int = 12, where isFit: (Element) -> Bool
    ) -> Element? {
        guard !items.isEmpty else { return nil }
        for _ in 0..<tryCountMax {
            let item = pick(items)
            if isFit(item) { return item }
        }
        return nil
    }

    /// Returns an item with a chance in proportion to its weight.
    mutating func pick<Element>(weighted items: [(Element, Int)]) -> Element {
        var rest = below(items.reduce(0) { $0 + $1.1 })
        for (item, weight) in items {
            if rest < weight { return item }
            rest -= weight
        }
        fatalError("unreachable: the weights sum to more than any rest")
    }

    /// Mixes in place (Fisher and Yates), the same way on every platform.
    package mutating func shuffle<Element>(_ items: inout [Element]) {
        guard items.count > 1 else { return }
        for i in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(i, below(i + 1)) }
    }
}
