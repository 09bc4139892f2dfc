import ErrataAlignment

/// Values of a metric by item: questions of one item are not independent, so items are what is drawn from.
///
/// A metric may have classes, whose means count alike however many questions each has.
package struct ItemValues: Equatable, Sendable {
    /// (classes, items): the sum of an item's values, and how many there are.
    private var sums: [[Double]]
    private var counts: [[Double]]

    package init(classCount: Int, itemCount: Int) {
        let zeros = [Double](repeating: 0, count: itemCount)
        sums = [[Double]](repeating: zeros, count: classCount)
        counts = sums
    }

    package mutating func add(_ value: Double, class index: Int = 0, item: Int) {
        sums[index][item] += value
        counts[index][item] += 1
    }

    package var itemCount: Int { sums.first?.count ?? 0 }

    /// How many values there are.
    package var count: Int { Int(counts.reduce(0) { $0 + $1.reduce(0, +) }) }

    /// The mean over the classes of their means; nil if there is no value.
    package var mean: Double? {
        mean { index in (sums[index].reduce(0, +), counts[index].reduce(0, +)) }
    }

    /// Returns the mean over some items, each as often as it is named.
    fileprivate func mean(of sample: [Int]) -> Double? {
        mean { index in
            var (sum, count) = (0.0, 0.0)
            for item in sample {
                sum += sums[index][item]
                count += counts[index][item]
            }
            return (sum, count)
        }
    }

    private func mean(_ totals: (Int) -> (sum: Double, count: Double)) -> Double? {
        var (sum, classes) = (0.0, 0.0)
        for index in sums.indices {
            let total = totals(index)
            guard total.count > 0 else { continue }
            sum += total.sum / total.count
            classes += 1
        }
        return classes > 0 ? sum / classes : nil
    }
}

/// Confidence intervals by the bootstrap over items (Efron 1979): the bounds between which 95 of 100 samples lie.
package enum Bootstrap {
    package static let sampleCount = 1_000
    private static let tail = 0.025

    /// Returns the bounds of a mean; the same values and seed give the same.
    package static func interval(_ values: ItemValues, seed: UInt64) -> ClosedRange<Double>? {
        bounds(values.itemCount, seed: seed) { values.mean(of: $0) }
    }

    /// Returns the bounds of the difference of two means over the same items: `second` less `first`.
    package static func differenceInterval(
        _ first: ItemValues, _ second: ItemValues, seed: UInt64
    ) -> ClosedRange<Double>? {
        precondition(first.itemCount == second.itemCount)
        return bounds(first.itemCount, seed: seed) { sample in
            guard let old = first.mean(of: sample), let new = second.mean(of: sample) else {
                return nil
            }
            return new - old
        }
    }

    private static func bounds(
        _ count: Int, seed: UInt64, _ value: ([Int]) -> Double?
    ) -> ClosedRange<Double>? {
        guard count > 0 else { return nil }
        var random = SeededGenerator(seed: seed)
        let values = (0..<sampleCount).compactMap { _ in
            value((0..<count).map { _ in random.below(count) })
        }.sorted()
        guard !values.isEmpty else { return nil }
        let cut = Int((tail * Double(values.count)).rounded(.down))
        return values[cut]...values[values.count - 1 - cut]
    }
}
