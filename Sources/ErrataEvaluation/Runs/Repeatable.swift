import ErrataAlignment
package import ErrataJournal
import Synchronization

extension Randomness {
    /// Randomness that is the same every time, for stores of which nothing stays.
    ///
    /// Facts of equal scores are ordered by their ids, which come of the store's secret.
    package static func repeatable(seed: UInt64) -> Randomness {
        let generator = Mutex(SeededGenerator(seed: seed))
        return Randomness { count in
            generator.withLock { generator in
                (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 32) }
            }
        }
    }
}
