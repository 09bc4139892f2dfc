import Synchronization

/// Counts requests by user: a bucket of as many tokens as a minute allows, filled evenly.
package final class RateLimiter: Sendable {
    /// Users who come back after a minute start with a full bucket anyway, so few need to be remembered.
    package static let userCountMax = 10_000

    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let buckets = Mutex<[UInt32: Bucket]>([:])

    package init() {}

    /// Takes a token of `uid`; returns how long to wait if there is none.
    package func take(
        of uid: UInt32, perMinute max: Int, at now: ContinuousClock.Instant
    ) -> Duration? {
        buckets.withLock { buckets in
            let size = Double(max)
            var bucket = buckets[uid] ?? Bucket(tokens: size, filledAt: now)
            let elapsed = (now - bucket.filledAt) / .seconds(60)
            bucket.tokens = min(size, bucket.tokens + Swift.max(0, elapsed) * size)
            bucket.filledAt = Swift.max(bucket.filledAt, now)
            let wait = bucket.tokens < 1 ? Duration.seconds(60) * ((1 - bucket.tokens) / size) : nil
            if wait == nil { bucket.tokens -= 1 }
            if buckets.count >= RateLimiter.userCountMax, buckets[uid] == nil {
                buckets = buckets.filter { now - $0.value.filledAt < .seconds(60) }
            }
            buckets[uid] = bucket
            return wait
        }
    }
}
