import Glibc
import Synchronization

/// Lets many transactions in, or one change of the map.
///
/// `mdb_env_set_mapsize` must not run beside a transaction of the same process (lmdb.h). The lock prefers
/// readers, so a thread that already reads may read again without waiting for itself.
final class ReadWriteGate: Sendable {
    // A pthread lock must stay at one address, so it lives in memory of its own. It is safe to share by
    // its contract, and it is freed only when nobody refers to this object any more.
    private nonisolated(unsafe) let lock: UnsafeMutablePointer<pthread_rwlock_t>

    /// Whether somebody waits to be alone.
    private let isWanted = Atomic(false)

    init() {
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_rwlock_t())
        let code = pthread_rwlock_init(lock, nil)
        precondition(code == 0, "pthread_rwlock_init: \(code)")
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    func enter() {
        // Readers that overlap without end would keep the one who waits out for ever. So step aside for a
        // millisecond, but no longer: this thread may hold the gate already.
        for _ in 0..<20 where isWanted.load(ordering: .relaxed) { usleep(50) }
        let code = pthread_rwlock_rdlock(lock)
        precondition(code == 0, "pthread_rwlock_rdlock: \(code)")
    }

    /// Runs `body` alone if nobody is in, this thread included; returns nil if somebody is.
    func aloneIfFree<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard pthread_rwlock_trywrlock(lock) == 0 else { return nil }
        defer { pthread_rwlock_unlock(lock) }
        return try body()
    }

    func leave() { pthread_rwlock_unlock(lock) }

    func alone<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        isWanted.store(true, ordering: .relaxed)
        let code = pthread_rwlock_wrlock(lock)
        isWanted.store(false, ordering: .relaxed)
        precondition(code == 0, "pthread_rwlock_wrlock: \(code)")
        defer { pthread_rwlock_unlock(lock) }
        return try body()
    }
}
