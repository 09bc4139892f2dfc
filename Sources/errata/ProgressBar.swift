import ArgumentParser
import Dispatch
import Glibc
import Synchronization

/// A line on standard error that shows how far a long step is; only on a terminal and only after a second.
final class ProgressBar: Sendable {
    private struct State {
        var label: String
        var lastDraw: ContinuousClock.Instant
        var isDrawn = false
    }

    private static let delay: Duration = .seconds(1)
    private static let interval: Duration = .milliseconds(100)
    private static let barCount = 28

    private let state: Mutex<State>
    private let start = ContinuousClock.now

    init(_ label: String) { state = Mutex(State(label: label, lastDraw: .now)) }

    /// Draws `done` of `total`, and `detail` behind it; a new label begins a new step.
    func update(_ done: Int, of total: Int?, label: String? = nil, detail: String? = nil) {
        guard Terminal.error.isTerminal else { return }
        let now = ContinuousClock.now
        let text: String? = state.withLock { state in
            if let label { state.label = label }
            let isDue = now - start > ProgressBar.delay
            guard isDue, !state.isDrawn || now - state.lastDraw > ProgressBar.interval else {
                return nil
            }
            (state.isDrawn, state.lastDraw) = (true, now)
            let line = ProgressBar.line(state.label, done, total)
            return detail.map { line + "  " + $0 } ?? line
        }
        if let text { Terminal.error.write("\r\u{1B}[K" + text) }
    }

    /// Removes the line.
    func clear() {
        let isDrawn = state.withLock { $0.isDrawn }
        if isDrawn { Terminal.error.write("\r\u{1B}[K") }
    }

    private static func line(_ label: String, _ done: Int, _ total: Int?) -> String {
        let name = label.fitting(24).padded(24)
        guard let total, total > 0 else { return "\(name) \(done.grouped)" }
        let share = min(1, max(0, Double(done) / Double(total)))
        let full = Int(share * Double(barCount))
        let bar =
            String(repeating: "█", count: full) + String(repeating: "░", count: barCount - full)
        return "\(name) \(bar) \(Int(share * 100))%  \(done.grouped)"
    }
}

/// What Ctrl-C leaves behind: a clean line, and no half-written file.
enum Interrupt {
    /// 128 and the number of SIGINT, as shells have it.
    static let status: Int32 = 130

    /// The address of the C string that names the file being written; 0 if there is none.
    private static let unfinished = Atomic<UInt>(0)

    static func cleanUpOnSIGINT() {
        signal(SIGINT) { _ in
            // Only what is safe in a signal handler: no allocation, no locks.
            let address = Interrupt.unfinished.load(ordering: .relaxed)
            if let path = UnsafePointer<CChar>(bitPattern: address) { unlink(path) }
            if isatty(STDERR_FILENO) == 1 {
                _ = "\r\u{1B}[K".withCString { write(STDERR_FILENO, $0, 4) }
            }
            _exit(Interrupt.status)
        }
    }

    /// Lets Ctrl-C cancel `body`, which undoes what it began; the process ends with `status` then.
    static func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task(operation: body)
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { task.cancel() }
        source.resume()
        defer {
            source.cancel()
            Interrupt.cleanUpOnSIGINT()
        }
        do { return try await task.value } catch is CancellationError {
            throw ExitCode(Interrupt.status)
        }
    }

    /// Lets Ctrl-C remove `path` until `body` is done.
    static func removing<Result>(_ path: String, _ body: () throws -> Result) rethrows -> Result {
        let text = strdup(path)
        unfinished.store(UInt(bitPattern: text), ordering: .relaxed)
        defer {
            unfinished.store(0, ordering: .relaxed)
            free(text)
        }
        return try body()
    }
}
