import CErrataSystem
import Foundation
import Glibc

/// Starts a worker, hands it its order and takes its reply; blocks the thread meanwhile.
struct AuditProcess {
    /// The program and its arguments.
    let command: [String]

    /// Returns what the worker answered; throws ``AuditWorker/Refusal`` if it did not, or not in time.
    func run(_ order: AuditWorker.Order, atMost limit: Duration) throws -> [UInt8] {
        let deadline = ContinuousClock.now + limit
        let input = Array(try JSONEncoder().encode(order))
        let worker = try WorkerHandle(command)
        defer { worker.end() }
        let reply = try worker.exchange(
            input, until: deadline, byteCountMax: order.byteCountMax + AuditProcess.frameBytesMax)
        guard let reply else {
            throw AuditWorker.Refusal(
                kind: .limit, message: "the query ran longer than \(limit.components.seconds) s")
        }
        switch worker.wait() {
        case .exited(AuditWorker.Status.answered): return reply
        case .exited(AuditWorker.Status.refused):
            throw try JSONDecoder().decode(AuditWorker.Refusal.self, from: Data(reply))
        case .exited(let status):
            throw ServiceError(.io, "the process of the query ended with status \(status)")
        case .killed:
            // Past its memory the runtime ends the process where SQLite cannot say so itself.
            throw AuditWorker.Refusal(
                kind: .limit, message: "the query took more memory or time than is allowed")
        }
    }

    /// What a reply has around its rows: the names of columns, and the last row that was begun.
    private static let frameBytesMax = 8 << 20
}

/// A running worker and the pipes to it.
private final class WorkerHandle {
    enum End {
        case exited(Int32)
        case killed
    }

    private let process: pid_t
    private var input: CInt
    private let output: CInt
    private var hasEnded = false

    init(_ command: [String]) throws {
        let arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var (input, output): (CInt, CInt) = (-1, -1)
        let noEnvironment: [UnsafeMutablePointer<CChar>?] = [nil]
        process = errata_spawn(command[0], arguments, noEnvironment, &input, &output)
        (self.input, self.output) = (input, output)
        guard process > 0 else {
            hasEnded = true
            throw ServiceError(
                .io,
                "cannot start the process of a query: \(String(cString: strerror(-process))) (\(-process))"
            )
        }
        for end in [input, output] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    }

    /// Writes `bytes`, then reads to the end; nil if that is not reached in time.
    ///
    /// A reply of more than `byteCountMax` bytes is cut, which its reader will notice.
    func exchange(
        _ bytes: [UInt8], until deadline: ContinuousClock.Instant, byteCountMax: Int
    ) throws -> [UInt8]? {
        var rest = bytes[...]
        var reply: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let left = deadline - .now
            guard left > .zero else { return nil }
            var entries = [
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: input, events: Int16(POLLOUT), revents: 0),
            ]
            let milliseconds = CInt(left.components.seconds * 1_000) + 100
            guard poll(&entries, rest.isEmpty ? 1 : 2, milliseconds) > 0 else { continue }
            if entries[0].revents != 0 {
                let count = read(output, &buffer, buffer.count)
                if count == 0 { return reply }
                if count > 0 { reply += buffer.prefix(count) }
                guard reply.count <= byteCountMax else {
                    throw ServiceError(.io, "the process of the query said too much")
                }
            }
            if !rest.isEmpty, entries[1].revents != 0 { rest = send(rest) }
        }
    }

    /// Writes what fits and returns what is left; closes the pipe at the end of it.
    private func send(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let count = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
        if count < 0, errno == EAGAIN || errno == EINTR { return bytes }
        let rest = count < 0 ? [] : bytes.dropFirst(count)
        if rest.isEmpty {
            close(input)
            input = -1
        }
        return rest
    }

    /// Waits for the process to end, which it has begun to.
    func wait() -> End {
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        hasEnded = true
        return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed
    }

    /// Ends the process if it runs yet, and lets go of the pipes.
    func end() {
        if !hasEnded {
            kill(process, SIGKILL)
            _ = wait()
        }
        if input >= 0 { close(input) }
        close(output)
    }
}
