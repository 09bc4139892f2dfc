import ErrataCore
import ErrataJournal
import Foundation

// A line from the process that verifies to the one that had it started: JSON, one of
//
//   {"progress": {"part": "operations", "done": 200}}
//   {"finding": {"place": "journal/nodes", "message": "page 12 is damaged"}}
//   {"outdated": "/data is the store …"}   it cannot be read before it is brought up to date
//   {"died": "journal/nodes"}            written by a signal handler: the table that was being read
//   {"result": {"operations": 13, …}}    the last line of one that came through
//
// What the child says is taken for what it is: text from a process that read damaged files.

/// One line of what the verifying process tells.
package enum VerifierLine: Codable, Sendable {
    package struct Counts: Codable, Sendable {
        let operations: UInt64
        let commits: Int
        let payloads: Int
        let events: Int
        let unlisted: Int
        /// In hex; nil if it cannot be read.
        let root: String?
    }

    package struct Finding: Codable, Sendable {
        let place: String
        let message: String
    }

    package struct Progress: Codable, Sendable {
        let part: String
        let done: UInt64
    }

    case progress(Progress)
    case finding(Finding)
    /// Why the store cannot be read before it is brought up to date.
    case outdated(String)
    case died(String)
    case result(Counts)

    private enum CodingKeys: String, CodingKey {
        case progress
        case finding
        case outdated
        case died
        case result
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if let progress = try fields.decodeIfPresent(Progress.self, forKey: .progress) {
            self = .progress(progress)
        } else if let finding = try fields.decodeIfPresent(Finding.self, forKey: .finding) {
            self = .finding(finding)
        } else if let reason = try fields.decodeIfPresent(String.self, forKey: .outdated) {
            self = .outdated(reason)
        } else if let table = try fields.decodeIfPresent(String.self, forKey: .died) {
            self = .died(table)
        } else {
            self = .result(try fields.decode(Counts.self, forKey: .result))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .progress(let progress): try fields.encode(progress, forKey: .progress)
        case .finding(let finding): try fields.encode(finding, forKey: .finding)
        case .outdated(let reason): try fields.encode(reason, forKey: .outdated)
        case .died(let table): try fields.encode(table, forKey: .died)
        case .result(let counts): try fields.encode(counts, forKey: .result)
        }
    }

    package static func progress(_ part: String, _ done: UInt64) -> VerifierLine {
        .progress(Progress(part: part, done: done))
    }

    package static func finding(_ place: String, _ message: String) -> VerifierLine {
        .finding(Finding(place: place, message: message))
    }

    package init(_ report: StoreReport) {
        let found = report.found
        self = .result(
            Counts(
                operations: found.operationCount, commits: found.commitCount,
                payloads: found.payloadCount, events: found.eventCount,
                unlisted: found.unlistedProblemCount, root: report.root?.hex))
    }
}

/// Has another process verify a data directory, because a mangled page ends the one that reads it.
package struct VerifierProcess: Sendable {
    /// The running program itself, also after its file was replaced.
    package static let thisProgram = "/proc/self/exe"
    /// The hidden command of `errata` that verifies and tells; its argument is the directory.
    package static let command = "verify-beside"
    /// The hidden command that copies the directory to another one.
    package static let copyCommand = "copy-beside"

    private let program: String
    private let arguments: [String]

    package init(program: String = VerifierProcess.thisProgram, directory: String) {
        self.init(program: program, command: VerifierProcess.command, directory: directory)
    }

    init(program: String, command: String, directory: String, target: String? = nil) {
        self.program = program
        arguments = [command, directory] + [target].compactMap(\.self)
    }

    /// Returns what was found; a process that died is a finding too.
    ///
    /// Throws `store_outdated` for the store of an earlier program. Blocks the thread. Cancelling the task ends the
    /// process, and throws.
    package func run(_ progress: @escaping StoreCheck.Progress) async throws -> StoreReport {
        let child = try ChildProcess(program: program, arguments: arguments)
        return try await withTaskCancellationHandler {
            let report = try VerifierProcess.read(child, progress)
            try Task.checkCancellation()
            return report
        } onCancel: {
            child.kill()
        }
    }

    private static func read(
        _ child: ChildProcess, _ progress: StoreCheck.Progress
    ) throws(ServiceError) -> StoreReport {
        var report = StoreReport(found: VerifyReport(), root: nil)
        var outdated: String?
        var part = "the store"
        var isComplete = false
        child.lines { line in
            guard let line = try? JSONDecoder().decode(VerifierLine.self, from: line) else {
                return report.found.add("verify", "the reading process said something unreadable")
            }
            switch line {
            case .progress(let step):
                part = step.part
                progress(step.part, step.done)
            case .finding(let finding): report.found.add(finding.place, finding.message)
            case .outdated(let reason): outdated = reason
            case .died(let table): if !table.isEmpty { part = table }
            case .result(let counts):
                report.take(counts)
                isComplete = true
            }
        }
        switch child.wait() {
        case .exited(0) where isComplete: break
        case .exited(let status):
            report.found.add(part, "the reading process ended with \(status) while it read this")
        case .signalled(let signal):
            report.found.add(
                part, "the reading process died of \(signalName(signal)) while it read this")
        }
        if let outdated {
            throw ServiceError(.storeOutdated, outdated, hint: JournalError.updateHint)
        }
        return report
    }

    private static func signalName(_ number: Int32) -> String {
        switch number {
        case SIGSEGV: "SIGSEGV"
        case SIGBUS: "SIGBUS"
        case SIGABRT: "SIGABRT"
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGFPE: "SIGFPE"
        case SIGKILL: "SIGKILL"
        default: "signal \(number)"
        }
    }
}

extension StoreReport {
    fileprivate mutating func take(_ counts: VerifierLine.Counts) {
        found.operationCount = counts.operations
        found.commitCount = counts.commits
        found.payloadCount = counts.payloads
        found.eventCount = counts.events
        root = counts.root.flatMap { Hex.decode($0) }.flatMap { Digest($0) }
    }
}
