import ErrataTesting
import Foundation

/// A history that `ErrataFaultScript` writes under the fault layer, in a directory of its own.
final class FaultScriptRun: Sendable {
    /// How calls go wrong; see CErrataFaultLayer.h.
    struct Fault: Sendable, CustomStringConvertible {
        enum Mode: String, Sendable { case fail, late, short, kill }

        let mode: Mode
        let error: Int32
        /// The first call that goes wrong, from 1.
        let call: Int
        /// Whether all calls after it go wrong too.
        var goesOn = false

        var description: String {
            "\(mode) \(String(cString: strerror(error))) at call \(call)"
                + (goesOn ? " and on" : "")
        }
    }

    struct Plan: Sendable, CustomStringConvertible {
        let profile: String
        let seed: UInt64
        let stepCount: Int

        var description: String { "\(profile), seed \(seed), \(stepCount) steps" }
    }

    struct Outcome: Sendable {
        let status: Int32
        let wasKilled: Bool
        let complaint: String
    }

    let directory: String
    private var trace: String { directory + "/trace" }
    var root: String { directory + "/root" }
    var store: String { root + "/store" }

    init() throws {
        directory = TemporaryStore.parent + "/errata-faults-" + UUID().uuidString
        try Posix.makeDirectory(directory)
        try Posix.makeDirectory(root)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private static let build = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()

    /// Runs the script to its end, or until it has hung for a minute.
    func perform(_ plan: Plan, _ fault: Fault? = nil) async throws -> Outcome {
        var environment = [
            "LD_PRELOAD": Self.build.appending(path: "libErrataFaultLayer.so").path,
            "ERRATA_FAULT_ROOT": root, "ERRATA_FAULT_TRACE": trace,
        ]
        if let fault {
            environment["ERRATA_FAULT_MODE"] = fault.mode.rawValue
            environment["ERRATA_FAULT_ERROR"] = "\(fault.error)"
            environment["ERRATA_FAULT_AT"] = "\(fault.call)"
            environment["ERRATA_FAULT_COUNT"] = fault.goesOn ? "0" : "1"
        }
        let complaints = directory + "/stderr-" + UUID().uuidString
        try Posix.write([], to: complaints)
        let program = try ChildProgram(
            Self.build.appending(path: "ErrataFaultScript").path,
            [root, plan.profile, "\(plan.seed)", "\(plan.stepCount)"], environment: environment,
            errors: complaints)
        let watchdog = Task {
            try await Task.sleep(for: .seconds(60))
            kill(program.processID, SIGABRT)
        }
        let end = await program.ended()
        watchdog.cancel()
        return Outcome(
            status: end.status, wasKilled: end.wasKilled,
            complaint: try String(contentsOfFile: complaints, encoding: .utf8))
    }

    /// Returns all that the runs so far did.
    func recording() throws -> DiskRecording {
        DiskRecording(root: try Posix.inode(of: root), events: try DiskEvent.list(at: trace))
    }
}

/// A trace and the notes in it.
struct DiskRecording: Sendable {
    let root: UInt64
    let events: [DiskEvent]
    /// The highest numbers that were acknowledged before each event, and after the last.
    private let acknowledged: [Acknowledged]

    struct Acknowledged: Sendable {
        var operation: Int?
        var event: Int?
    }

    init(root: UInt64, events: [DiskEvent]) {
        (self.root, self.events) = (root, events)
        var marks: UInt64?
        var state = Acknowledged()
        var states = [state]
        for event in events {
            switch event.call {
            case .open("marks", let inode, _, _): marks = inode
            case .write(marks, _, let bytes, _): state.note(String(decoding: bytes, as: UTF8.self))
            default: break
            }
            states.append(state)
        }
        acknowledged = states
    }

    /// What was acknowledged when the first `count` events had happened.
    func acknowledged(after count: Int) -> Acknowledged { acknowledged[count] }

    /// How many calls the layer counted.
    var callCount: Int { events.count { !isNote($0) } }

    private func isNote(_ event: DiskEvent) -> Bool {
        guard let marks else { return false }
        return switch event.call {
        case .open("marks", _, _, _): true
        case .write(marks, _, _, _): true
        default: false
        }
    }

    private var marks: UInt64? {
        for case .open("marks", let inode, _, _) in events.map(\.call) { return inode }
        return nil
    }
}

extension DiskRecording.Acknowledged {
    fileprivate mutating func note(_ line: String) {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let number = Int(words[1]) else { return }
        switch words[0] {
        case "op": operation = max(operation ?? 0, number)
        case "event": event = max(event ?? 0, number)
        default: break
        }
    }
}
