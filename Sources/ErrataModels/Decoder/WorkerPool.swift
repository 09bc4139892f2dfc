import Glibc
import Synchronization

/// Threads that wait for pieces of work too short to start a thread for: one matrix product.
///
/// Between pieces they look for the next one for a few microseconds and then sleep. The pool's owner is
/// whoever holds it: its threads end with it.
package final class WorkerPool: Sendable {
    /// How often a thread looks for work before it sleeps.
    private static let lookCountMax = 4_000

    /// How many threads work, the caller's included.
    package let threads: Int
    private let shared: SharedState
    private let handles: [pthread_t]
    /// Held by the caller whose work the threads do.
    private let turn = Mutex(())

    package init(threads: Int) {
        let shared = SharedState()
        var handles: [pthread_t] = []
        for index in 1..<max(threads, 1) {
            var handle = pthread_t()
            let start = Unmanaged.passRetained(Start(shared: shared, index: index))
            let code = pthread_create(
                &handle, nil,
                { argument in
                    guard let argument else { return nil }
                    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                    start.shared.work(index: start.index)
                    return nil
                }, start.toOpaque())
            guard code == 0 else {
                // No thread to be had: there are fewer.
                start.release()
                break
            }
            handles.append(handle)
        }
        self.threads = handles.count + 1
        self.handles = handles
        self.shared = shared
    }

    deinit {
        shared.stop()
        for handle in handles { pthread_join(handle, nil) }
    }

    /// Calls `body` with (0, parts), (1, parts), … at the same time, and returns when all calls have.
    ///
    /// `parts` is at most `threads`. While another caller's work runs, this one does its own alone.
    package func run(_ parts: Int, _ body: (_ part: Int, _ parts: Int) -> Void) {
        let parts = min(parts, threads)
        guard parts > 1 else { return alone(parts, body) }
        let done = turn.withLockIfAvailable { _ in
            shared.run(parts, of: threads, body)
            return true
        }
        if done == nil { alone(parts, body) }
    }

    private func alone(_ parts: Int, _ body: (Int, Int) -> Void) {
        for part in 0..<parts { body(part, parts) }
    }

    /// What a new thread is told.
    private final class Start: Sendable {
        let shared: SharedState
        let index: Int

        init(shared: SharedState, index: Int) {
            self.shared = shared
            self.index = index
        }
    }

    /// What the threads share.
    // The job is written by the caller before `generation` is raised (releasing) and read by the threads
    // after they see that (acquiring); the caller waits for them before it returns.
    private final class SharedState: @unchecked Sendable {
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private let generation = Atomic<Int>(0)
        private let unfinished = Atomic<Int>(0)
        private let isStopped = Atomic<Bool>(false)
        private var parts = 0
        private var job: ((Int, Int) -> Void)?

        init() {
            pthread_mutex_init(lock, nil)
            pthread_cond_init(changed, nil)
        }

        deinit {
            pthread_cond_destroy(changed)
            pthread_mutex_destroy(lock)
            changed.deallocate()
            lock.deallocate()
        }

        func run(_ parts: Int, of threads: Int, _ body: (Int, Int) -> Void) {
            withoutActuallyEscaping(body) { body in
                self.parts = parts
                job = body
                // Every thread reports, also one that has no part: the next run must not pass it by.
                unfinished.store(threads - 1, ordering: .relaxed)
                announce { generation.add(1, ordering: .releasing) }
                body(0, parts)
                var looks = 0
                while unfinished.load(ordering: .acquiring) > 0 {
                    looks += 1
                    if looks > WorkerPool.lookCountMax { sched_yield() }
                }
                job = nil
            }
        }

        func stop() { announce { isStopped.store(true, ordering: .releasing) } }

        private func announce(_ change: () -> Void) {
            pthread_mutex_lock(lock)
            change()
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(lock)
        }

        /// One thread's life.
        func work(index: Int) {
            var seen = 0
            while let next = nextGeneration(after: seen) {
                seen = next
                if index < parts { job?(index, parts) }
                unfinished.subtract(1, ordering: .releasing)
            }
        }

        private func nextGeneration(after seen: Int) -> Int? {
            for _ in 0..<WorkerPool.lookCountMax {
                let now = generation.load(ordering: .acquiring)
                if now != seen { return now }
                if isStopped.load(ordering: .acquiring) { return nil }
            }
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            while generation.load(ordering: .acquiring) == seen {
                if isStopped.load(ordering: .acquiring) { return nil }
                pthread_cond_wait(changed, lock)
            }
            return generation.load(ordering: .acquiring)
        }
    }
}
