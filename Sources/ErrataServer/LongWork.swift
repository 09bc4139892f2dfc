import Foundation
import Synchronization

/// A thread of its own for one long request: an import, an export, a verification.
///
/// The shared pool has a thread for each core; minutes of work on one of them would halve the daemon.
final class LongWork: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// Runs `body` on a new thread, which ends with it.
    static func run<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let work = LongWork()
        defer { work.stop() }
        return try await withTaskExecutorPreference(work) { try await body() }
    }

    private init() {
        let thread = Thread { [self] in run() }
        thread.name = "errata-long-work"
        thread.stackSize = 8 << 20
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    private func stop() {
        state.withLock { $0.isStopped = true }
        wake.signal()
    }

    private func run() {
        while true {
            wake.wait()
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            if isStopped, jobs.isEmpty { return }
        }
    }
}
