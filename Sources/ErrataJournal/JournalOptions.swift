package import ErrataCore
import Glibc

/// How a journal is opened, and where it takes time and chance from.
package struct JournalOptions: Sendable {
    /// The first size of the maps in bytes: address space, not disk; they grow by themselves.
    package var mapBytes: Int
    /// How many keys are drawn and synced at a time.
    package var keyBatchCount: UInt64
    /// Says what time it is.
    package var clock: @Sendable () -> Timestamp
    /// Draws unpredictable bytes.
    package var random: Randomness

    package init(
        mapBytes: Int = 1 << 32, keyBatchCount: UInt64 = 4096,
        clock: @escaping @Sendable () -> Timestamp = JournalOptions.systemClock,
        random: Randomness = .system
    ) {
        precondition(keyBatchCount >= 4)
        self.mapBytes = mapBytes
        self.keyBatchCount = keyBatchCount
        self.clock = clock
        self.random = random
    }

    /// The system's time in UTC.
    package static let systemClock: @Sendable () -> Timestamp = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
    }
}

/// A source of bytes: the system's, or a test's.
package struct Randomness: Sendable {
    private let draw: @Sendable (Int) -> [UInt8]

    package init(_ draw: @escaping @Sendable (Int) -> [UInt8]) { self.draw = draw }

    package func callAsFunction(_ count: Int) -> [UInt8] {
        let bytes = draw(count)
        precondition(bytes.count == count)
        return bytes
    }

    /// The kernel's generator, through Swift's.
    package static let system = Randomness { count in
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { bytes.append(bigEndian: generator.next() as UInt64) }
        return Array(bytes.prefix(count))
    }
}
