import Foundation
import Glibc

/// Runs the built `errata`, which lies beside the test bundle.
enum CommandLineTool {
    struct Output: Equatable, Sendable {
        let stdout: String
        let stderr: String
        let status: Int32
    }

    static let executable = URL(fileURLWithPath: CommandLine.arguments[0])
        .deletingLastPathComponent().appendingPathComponent("errata")

    /// Runs one command to its end on a thread of its own, as another user if `uid` is given.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: String = "",
        uid: UInt32? = nil
    ) async throws -> Output {
        try await offPool {
            let process = Process()
            process.executableURL = executable
            process.arguments = arguments
            if let uid {
                process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
                process.arguments =
                    ["--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", executable.path]
                    + arguments
            }
            process.environment = clean(environment)
            let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
            process.standardInput = stdin
            process.standardOutput = stdout
            process.standardError = stderr
            try process.run()
            stdin.fileHandleForWriting.feed(Data(input.utf8))
            try stdin.fileHandleForWriting.close()
            // The other pipe is drained meanwhile: a full one would stop the process.
            let errors = Drain(stderr.fileHandleForReading)
            let output = stdout.fileHandleForReading.readAll()
            let errorData = errors.wait()
            process.waitUntilExit()
            return Output(
                stdout: String(decoding: output, as: UTF8.self),
                stderr: String(decoding: errorData, as: UTF8.self),
                status: process.terminationStatus)
        }
    }

    /// The environment that commands see: nothing of the user's own Errata.
    static func clean(_ extra: [String: String]) -> [String: String] {
        var environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"]
        environment.merge(extra) { _, new in new }
        return environment
    }
}

extension FileHandle {
    /// Writes to a process that may have ended without reading; then the rest is dropped, and no signal ends
    /// this process.
    func feed(_ data: Data) {
        let pipe = UnsafeMutablePointer<sigset_t>.allocate(capacity: 3)
        defer { pipe.deallocate() }
        let (before, pending) = (pipe + 1, pipe + 2)
        sigemptyset(pipe)
        sigaddset(pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, pipe, before)
        try? write(contentsOf: data)
        sigpending(pending)
        if sigismember(pending, SIGPIPE) == 1 {
            var number: CInt = 0
            sigwait(pipe, &number)
        }
        pthread_sigmask(SIG_SETMASK, before, nil)
    }

    /// Reads to the end.
    ///
    /// Foundation's own reading ends the process where a signal interrupts the call.
    func readAll() -> Data {
        var data = Data()
        while true {
            let part = readSome()
            if part.isEmpty { return data }
            data += part
        }
    }

    /// Waits for the next bytes; empty at the end.
    func readSome() -> Data {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(fileDescriptor, &buffer, buffer.count)
            if count >= 0 { return Data(buffer.prefix(count)) }
            precondition(errno == EINTR, "a pipe can be read: \(errno)")
        }
    }
}

/// Reads a pipe to its end on a thread of its own.
final class Drain: @unchecked Sendable {
    // Written by the reading thread before it signals, read after the signal.
    private var data = Data()
    private let isDone = DispatchSemaphore(value: 0)

    init(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            data = handle.readAll()
            isDone.signal()
        }
    }

    func wait() -> Data {
        isDone.wait()
        return data
    }
}

/// Runs blocking code on a thread of its own.
func offPool<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

/// A daemon in a process of its own.
final class DaemonProcess: Sendable {
    let data: String
    let socket: String
    private let process: Process

    /// Starts a daemon without models and waits until clients can connect.
    init(data: String, socket: String, options: [String] = []) async throws {
        (self.data, self.socket) = (data, socket)
        process = try await offPool {
            let process = Process()
            process.executableURL = CommandLineTool.executable
            process.arguments =
                [
                    "serve", "--no-models", "--data", data, "--socket", socket, "--json",
                ] + options
            process.environment = CommandLineTool.clean([:])
            let stdout = Pipe()
            process.standardOutput = stdout
            process.standardError = FileHandle.nullDevice
            try process.run()
            guard !stdout.fileHandleForReading.readSome().isEmpty else {
                throw DaemonProcessError.didNotStart
            }
            return process
        }
    }

    enum DaemonProcessError: Error {
        case didNotStart
    }

    var environment: [String: String] { ["ERRATA_SOCKET": socket] }

    /// The most memory that the process had at a time, in kB.
    var peakKilobytes: Int {
        let status = try? String(
            contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }

    /// Kills the process where it stands.
    func kill() async throws {
        Glibc.kill(process.processIdentifier, SIGKILL)
        try await wait()
    }

    /// Stops the process as systemd does; returns its status.
    @discardableResult
    func terminate() async throws -> Int32 {
        Glibc.kill(process.processIdentifier, SIGTERM)
        try await wait()
        return process.terminationStatus
    }

    private func wait() async throws {
        try await offPool { [process] in process.waitUntilExit() }
    }
}
