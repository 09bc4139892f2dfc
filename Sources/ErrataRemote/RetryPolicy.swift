/// When a request that came to nothing is made again: after a random time, up to one that doubles.
///
/// Full jitter, so that many clients of a server that was down do not come back together (Brooker, AWS
/// Architecture Blog 2015).
package struct RetryPolicy: Sendable {
    package var attemptCountMax = 4
    package var firstDelay = Duration.milliseconds(250)
    package var delayMax = Duration.seconds(8)
    /// A server that wants to be left alone for longer is not waited for.
    package var serverDelayMax = Duration.seconds(20)
    /// Returns a time between zero and the one given.
    package var jitter: @Sendable (Duration) -> Duration = { $0 * Double.random(in: 0...1) }

    package init() {}

    /// Returns how long to wait after `attempt`, counted from 1; nil gives up.
    func delay(after attempt: Int, serverDelay: Duration?) -> Duration? {
        guard attempt < attemptCountMax else { return nil }
        if let serverDelay {
            return serverDelay <= serverDelayMax ? serverDelay : nil
        }
        return jitter(min(delayMax, firstDelay * (1 << min(attempt - 1, 20))))
    }
}
