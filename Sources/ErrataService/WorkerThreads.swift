import Dispatch
import Foundation
import Synchronization

/// Threads of their own for long computations: encoding, searching, building the index.
///
/// The pool that serves requests has a thread for each core; a second of encoding on one of them would
/// halve the daemon.
final class WorkerThreads: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let count: Int

    /// Starts `count` threads called `name`.
    init(name: String, count: Int) {
        precondition(count > 0)
        self.count = count
        for _ in 0..<count {
            let thread = Thread { [self] in run() }
            thread.name = name
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    /// Lets the threads end once the queue is empty.
    func stop() {
        state.withLock { $0.isStopped = true }
        for _ in 0..<count { wake.signal() }
    }

    private func run() {
        while true {
            wake.wait()
            let (job, isStopped) = state.withLock { state in
                (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isStopped)
            }
            if let job {
                job.runSynchronously(on: asUnownedTaskExecutor())
            } else if isStopped {
                return
            }
        }
    }
}
