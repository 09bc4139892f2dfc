package import ErrataCore
import Synchronization

/// A clock that moves only when it is told to, or by a fixed step at every reading.
package final class ManualClock: Sendable {
    private let now: Mutex<Timestamp>
    private let step: Int64

    /// Starts at `start`; every reading moves it on by `step` microseconds.
    package init(
        start: Timestamp = Timestamp(microseconds: 1_767_225_600_000_000), step: Int64 = 1_000_000
    ) {
        now = Mutex(start)
        self.step = step
    }

    package func read() -> Timestamp {
        now.withLock { time in
            defer { time = Timestamp(microseconds: time.microseconds + step) }
            return time
        }
    }

    package func advance(microseconds: Int64) {
        now.withLock { $0 = Timestamp(microseconds: $0.microseconds + microseconds) }
    }
}
