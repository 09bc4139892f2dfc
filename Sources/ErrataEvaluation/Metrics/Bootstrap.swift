import ErrataAlignment

/// Confidence intervals by the bootstrap over items (Efron 1979): questions of one item are not independent.
package enum Bootstrap {
    package static let sampleCount = 1_000
    private static let tail = 0.025

    /// What one item adds to a mean: the sum of its values, and how many there are.
    package struct Part: Equatable, Sendable {
        package var sum: Double
        package var count: Double

        package init(sum: Double, count: Double) {
            self.sum = sum
            self.count = count
        }
    }

    /// Returns the mean over all values; nil if there is none.
    package static func mean(_ parts: [Part]) -> Double? {
        let (sum, count) = parts.reduce((0.0, 0.0)) { ($0.0 + $1.sum, $0.1 + $1.count) }
        return count > 0 ? sum / count : nil
    }

    /// Returns the bounds between which the mean lies in 95 of 100 samples of the items.
    ///
    /// The same parts and seed give the same bounds.
    package static func interval(_ parts: [Part], seed: UInt64) -> ClosedRange<Double>? {
        bounds(parts.count, seed: seed) { sample in mean(sample.map { parts[$0] }) }
    }

    /// Returns the same for the difference of two means over the same items: `second` less `first`.
    package static func differenceInterval(
        _ first: [Part], _ second: [Part], seed: UInt64
    ) -> ClosedRange<Double>? {
        precondition(first.count == second.count)
        return bounds(first.count, seed: seed) { sample in
            guard let old = mean(sample.map { first[$0] }),
                let new = mean(sample.map { second[$0] })
            else { return nil }
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
