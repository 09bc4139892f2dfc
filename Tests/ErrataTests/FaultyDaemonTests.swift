import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import Glibc
import Testing

/// The whole daemon, its index files included, on a disk that fails; the journal alone has sweeps of its own.
@Suite("A daemon on a disk that fails", .serialized)
struct FaultyDaemonTests {
    private static let isLong = ProcessInfo.processInfo.environment["ERRATA_LONG_TESTS"] == "1"
    private static let commitCount = 4

    /// What goes wrong; see CErrataFaultLayer.h.
    private struct Fault: CustomStringConvertible {
        let mode: String
        let error: Int32
        let call: Int

        var description: String { "\(mode), error \(error), at call \(call)" }
    }

    @Test("refuses or goes on, never dies, and loses no commit that it acknowledged")
    func anyCall() async throws {
        let clean = try FaultyDaemon()
        #expect(try await commits(clean, nil).count == Self.commitCount)
        let callCount = try clean.callCount
        #expect(callCount > 50)
        let modes: [(String, Int32)] = [("fail", ENOSPC), ("fail", EIO), ("short", ENOSPC)]
        for (i, call) in stride(from: 1, through: callCount, by: Self.isLong ? 1 : 23).enumerated()
        {
            let (mode, error) = modes[i % modes.count]
            let fault = Fault(mode: mode, error: error, call: call)
            let daemon = try FaultyDaemon()
            let acknowledged = try await commits(daemon, fault)
            try await checkAfterwards(daemon, acknowledged, fault)
        }
        print("daemons on failing disks: \((callCount - 1) / (Self.isLong ? 1 : 23) + 1)")
    }

    /// Starts a daemon that meets the fault, commits, and stops it; returns what it acknowledged.
    private func commits(_ daemon: FaultyDaemon, _ fault: Fault?) async throws -> [String] {
        try await offPool {
            var environment: [String: String] = [:]
            if let fault {
                environment = [
                    "ERRATA_FAULT_MODE": fault.mode, "ERRATA_FAULT_ERROR": "\(fault.error)",
                    "ERRATA_FAULT_AT": "\(fault.call)",
                ]
            }
            let process = try daemon.start(environment)
            var acknowledged: [String] = []
            for number in 0..<Self.commitCount where process.isRunning {
                let fact = FactBody(FactDraft(key: "k\(number)", statement: "fact \(number)"))
                let request = CommitRequest(message: "\(number)", edits: [.assert(fact)])
                let client = Client(socketPath: daemon.socket)
                let reply = try? client.post("/v1/commits", request, as: CommitReply.self)
                if let reply { acknowledged.append(reply.commit.hex) }
            }
            let status = daemon.stop(process)
            #expect(process.terminationReason == .exit, "\(String(describing: fault)): \(status)")
            return acknowledged
        }
    }

    private func checkAfterwards(
        _ daemon: FaultyDaemon, _ acknowledged: [String], _ fault: Fault
    ) async throws {
        try await offPool {
            let process = try daemon.start(["LD_PRELOAD": ""])
            let client = Client(socketPath: daemon.socket)
            let log = try client.get(
                "/v1/commits", [("limit", "100")], as: LogReply.self
            ).commits.map(\.commit.hex)
            #expect(Set(acknowledged).subtracting(log) == [], "\(fault)")
            let verified = try client.send(
                Request(method: "POST", path: "/v1/verify"), as: VerifyReply.self)
            #expect(verified.isIntact, "\(fault): \(verified.findings)")
            #expect(daemon.stop(process) == 0, "\(fault)")
        }
    }
}

/// A data directory, and daemons on it under the fault layer.
private final class FaultyDaemon: Sendable {
    private let directory: TemporaryDirectory
    var socket: String { directory.file("s") }
    private var trace: String { directory.file("trace") }

    init() throws { directory = try TemporaryDirectory() }

    /// Starts a daemon; returns when it listens, or has ended.
    func start(_ extra: [String: String]) throws -> Process {
        let process = Process()
        let layer = CommandLineTool.executable.deletingLastPathComponent()
            .appendingPathComponent("libErrataFaultLayer.so")
        process.executableURL = CommandLineTool.executable
        process.arguments = [
            "serve", "--no-models", "--data", directory.file("data"), "--socket", socket, "--json",
        ]
        let environment = [
            "LD_PRELOAD": layer.path, "ERRATA_FAULT_ROOT": directory.file("data"),
            "ERRATA_FAULT_TRACE": trace,
        ]
        process.environment = CommandLineTool.clean(environment.merging(extra) { $1 })
        let stdout = Pipe()
        process.standardOutput = stdout
        process.standardError = FileHandle.nullDevice
        try process.run()
        if stdout.fileHandleForReading.readSome().isEmpty { process.waitUntilExit() }
        return process
    }

    /// Stops a daemon as systemd does; returns its status.
    func stop(_ process: Process) -> Int32 {
        if process.isRunning { kill(process.processIdentifier, SIGTERM) }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// How many calls the trace holds.
    var callCount: Int {
        get throws {
            let trace = try Data(contentsOf: URL(filePath: trace))
            var (count, offset) = (0, 0)
            while offset + 32 <= trace.count {
                let sizes = trace.withUnsafeBytes { bytes in
                    [24, 28].map {
                        bytes.loadUnaligned(fromByteOffset: offset + $0, as: UInt32.self)
                    }
                }
                offset += 32 + Int(sizes[0]) + Int(sizes[1])
                count += 1
            }
            return count
        }
    }
}
