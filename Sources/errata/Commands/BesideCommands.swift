import ArgumentParser
import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Foundation
import Glibc
import LMDB
import Synchronization

/// Verifies a data directory for another process, which hears of it line by line.
struct VerifyBesideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: VerifierProcess.command,
        abstract: "Verify for the daemon (it starts this itself)", shouldDisplay: false)

    @Argument var directory: String

    func run() throws {
        BesideProcess.prepareToDie()
        let lines = LineFeed()
        VerifyReport.listen { lines.write(.finding($0.place, $0.message)) }
        lines.write(VerifierLine(report(to: lines)))
    }

    private func report(to lines: LineFeed) -> StoreReport {
        do {
            let check = try StoreCheck(reading: directory)
            defer { check.close() }
            return check.run { part, done in lines.progress(part, done) }
        } catch let error where error.code == .storeOutdated {
            lines.write(.outdated(error.message))
            return StoreReport(found: VerifyReport(), root: nil)
        } catch {
            var found = VerifyReport()
            found.add("store", Failure(describing: error)?.message ?? "\(error)")
            return StoreReport(found: found, root: nil)
        }
    }
}

/// Copies a data directory for another process, which hears of it line by line.
struct CopyBesideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: VerifierProcess.copyCommand,
        abstract: "Copy for the daemon (it starts this itself)", shouldDisplay: false)

    @Argument var directory: String
    @Argument var target: String

    func run() throws {
        BesideProcess.prepareToDie()
        umask(0o077)
        let lines = LineFeed()
        do {
            let check = try StoreCheck(reading: directory)
            defer { check.close() }
            try check.copy.write(to: target) { part, done in lines.progress(part, done) }
        } catch {
            lines.write(.finding("copy", Failure(describing: error)?.message ?? "\(error)"))
        }
        lines.write(VerifierLine(StoreReport(found: VerifyReport(), root: nil)))
    }
}

/// A process that may die of what it reads.
///
/// It says in time which table that was, leaves no core behind, is the first that the kernel ends where memory
/// runs out, and ends when the process does that started it.
private enum BesideProcess {
    static func prepareToDie() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // Only the superuser may lower it, everybody may raise it.
        if let file = fopen("/proc/self/oom_score_adj", "w") {
            fputs("1000", file)
            fclose(file)
        }
        TableTrace.start()
        for number in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGTRAP, SIGFPE] {
            signal(number) { number in
                // Only what is safe in a signal handler: no allocation, no locks.
                if let table = TableTrace.currentName {
                    _ = write(STDOUT_FILENO, "{\"died\":\"", 9)
                    _ = write(STDOUT_FILENO, table, strlen(table))
                    _ = write(STDOUT_FILENO, "\"}\n", 3)
                }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
        // The other end of standard input closes when the process that started this one is gone.
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) > 0 || errno == EINTR {}
            _exit(1)
        }
    }
}

/// Writes lines to standard output, few of them about progress.
private final class LineFeed: Sendable {
    private static let interval = Duration.milliseconds(50)

    private let last = Mutex<(part: String, time: ContinuousClock.Instant)?>(nil)

    func progress(_ part: String, _ done: UInt64) {
        let isDue = last.withLock { last in
            let now = ContinuousClock.now
            if let last, last.part == part, now - last.time < LineFeed.interval { return false }
            last = (part, now)
            return true
        }
        if isDue { write(.progress(part, done)) }
    }

    func write(_ line: VerifierLine) {
        guard let bytes = try? JSONCoding.encode(line) else { return }
        Terminal.output.write(Array(bytes) + [UInt8(ascii: "\n")])
    }
}
