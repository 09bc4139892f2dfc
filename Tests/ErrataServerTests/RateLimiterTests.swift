import ErrataServer
import Testing

@Suite("the rate limiter")
struct RateLimiterTests {
    @Test("a user gets as many tokens as a minute allows, and each comes back in its time")
    func bucket() {
        let limiter = RateLimiter()
        let start = ContinuousClock.now
        for _ in 0..<60 { #expect(limiter.take(of: 1, perMinute: 60, at: start) == nil) }
        let wait = limiter.take(of: 1, perMinute: 60, at: start) ?? .zero
        #expect((Duration.milliseconds(999)...(.milliseconds(1_001))).contains(wait))
        #expect(limiter.take(of: 2, perMinute: 60, at: start) == nil)
        let later = start + .milliseconds(1_001)
        #expect(limiter.take(of: 1, perMinute: 60, at: later) == nil)
        #expect(limiter.take(of: 1, perMinute: 60, at: later) != nil)
    }

    @Test("time that goes back gives nothing, and a wait is never longer than a minute")
    func bounds() {
        let limiter = RateLimiter()
        let start = ContinuousClock.now
        #expect(limiter.take(of: 1, perMinute: 1, at: start) == nil)
        let wait = limiter.take(of: 1, perMinute: 1, at: start - .seconds(600))
        #expect(wait == .seconds(60))
    }
}
