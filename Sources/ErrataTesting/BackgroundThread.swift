import Dispatch
import Foundation
import Glibc
import Synchronization

/// One thread for long computations of tests, which yields to everything else on the machine.
///
/// The pool has a thread for each core, and a daemon under test answers on it: sweeps that compute for minutes
/// must not stand in its way.
package final class BackgroundThread: TaskExecutor {
    package static let shared = BackgroundThread()

    /// As far as a process may go without rights.
    private static let niceness: CInt = 10

    private let jobs = Mutex<[UnownedJob]>([])
    private let wake = DispatchSemaphore(value: 0)

    private init() {
        let thread = Thread { [self] in
            // On Linux this is of the calling thread alone; without it the thread is as any other.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
            run()
        }
        thread.name = "background"
        thread.stackSize = 8 << 20
        thread.start()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        wake.signal()
    }

    private func run() {
        while true {
            wake.wait()
            let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            job?.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
