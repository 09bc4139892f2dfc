package import ErrataCore
import Glibc

/// How a journal is opened, and where it takes time and chance from.
package struct JournalOptions: Sendable {
    /// The first size of the maps in bytes: address space, not disk; they grow by themselves.
    package var mapBytes: Int
    /// How many keys are drawn and synced at a time.
    package var keyBatchCount: UInt64
    /// After so many bytes of operations in the redo log the data file is synced.
    package var checkpointByteCount: Int
    /// Says what time it is.
    package var clock: @Sendable () -> Timestamp
    /// Draws unpredictable bytes.
    package var random: Randomness
    /// Who operation 0 names, if the store is new.
    package var creator: Actor
    /// Requests that weigh less together are not planned before all that came before is stored: 13 commits of one edit,
    /// or 4 of 100.
    package var aheadWeightMin = 400
    /// After so long LMDB takes over the rows of commits from memory.
    package var flushMilliseconds = 500
    /// From so many bytes in use on the data file is made longer in advance.
    package var roomByteCountMin = 32 << 20
    /// Whether opening makes every table anew that follows from the operations.
    package var rebuildsDerived = false
    /// Hears how many operations are done while opening brings the store up to date, which an earlier program wrote.
    package var updateProgress:
        @Sendable (_ step: UpdateStep, _ done: UInt64, _ count: UInt64) -> Void =
            { _, _, _ in }

    /// What is done to the store of an earlier program.
    package enum UpdateStep: String, Sendable {
        case payloads
        case tables
    }

    package init(
        mapBytes: Int = 1 << 32, keyBatchCount: UInt64 = 4096,
        checkpointByteCount: Int = 512 << 10,
        clock: @escaping @Sendable () -> Timestamp = JournalOptions.systemClock,
        random: Randomness = .system, creator: Actor = .thisProcess
    ) {
        precondition(keyBatchCount >= 4)
        self.mapBytes = mapBytes
        self.keyBatchCount = keyBatchCount
        self.checkpointByteCount = checkpointByteCount
        self.clock = clock
        self.random = random
        self.creator = creator
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

    /// The kernel's generator.
    package static let system = Randomness { count in
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                // One call gives at most 256 bytes (getentropy(3)).
                let part = min(256, count - filled)
                let code = getentropy(buffer.baseAddress?.advanced(by: filled), part)
                // It only fails for a bad address or size; without chance nothing may go on.
                precondition(code == 0, "getentropy: \(errno)")
                filled += part
            }
        }
    }
}
