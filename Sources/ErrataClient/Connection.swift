import CErrataSystem
import Glibc
import Synchronization

/// One connection to the daemon's Unix socket; closed when this value goes.
///
/// Every read and write waits until `deadline` at most.
final class Connection {
    /// Negative once it was let go.
    private var file: CInt
    private var deadline: ContinuousClock.Instant
    /// Whether a request was begun.
    private var hasSent = false

    private static let connectMillisecondsMax: CInt = 5_000
    private static let sendFlags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)

    init(to path: String, timeout: Duration) throws(ClientError) {
        let result = errata_connect(path, Connection.connectMillisecondsMax)
        guard result >= 0 else { throw Connection.unreachable(path, -result) }
        file = result
        deadline = .now + timeout
    }

    /// Goes on with a connection that waited.
    init(on file: CInt, timeout: Duration) {
        self.file = file
        deadline = .now + timeout
    }

    deinit { if file >= 0 { close(file) } }

    /// Returns the open socket, which somebody else closes then.
    func letGo() -> CInt {
        defer { file = -1 }
        return file
    }

    /// Gives the steps that follow another `timeout`.
    func extend(_ timeout: Duration) { deadline = .now + timeout }

    private static func unreachable(_ path: String, _ code: CInt) -> ClientError {
        switch code {
        case ENOENT, ECONNREFUSED:
            ClientError(
                "no daemon listens on \(path)", hint: "Start one with 'errata serve'.")
        case EACCES, EPERM:
            ClientError(
                "the socket \(path) is not open to you",
                hint: "Ask its owner, who can serve it to a group.")
        case EAGAIN:
            ClientError(
                "the daemon on \(path) takes no further connection",
                hint: "It is busy; try again in a moment.")
        case ENAMETOOLONG:
            ClientError("the socket path \(path) is too long: at most 107 bytes are allowed")
        default:
            ClientError("cannot connect to \(path): \(describe(code))")
        }
    }

    /// Writes all of `bytes`; returns false if the daemon answers before it has taken them.
    func write(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            // Nobody answers before the first bytes, and most requests need no more than one call.
            if hasSent {
                let events = try wait(for: Int16(POLLOUT | POLLIN))
                // An early reply is a refusal: what is left of the body need not be sent.
                if events & Int16(POLLIN) != 0 { return false }
            }
            hasSent = true
            let count = send(
                file, rest.baseAddress, rest.count, Connection.sendFlags)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EAGAIN, errno != EINTR {
                // The reply that explains it may still be there to be read.
                return false
            }
        }
        return true
    }

    /// Reads some bytes; empty means that the daemon closed the connection.
    func read() throws(ClientError) -> [UInt8] {
        while true {
            _ = try wait(for: Int16(POLLIN))
            var code: CInt = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                let received = recv(file, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
                if received < 0 { code = errno }
                count = max(received, 0)
            }
            if code == 0 { return bytes }
            guard code == EAGAIN || code == EINTR else {
                throw ClientError("the connection broke: \(Connection.describe(code))")
            }
        }
    }

    private func wait(for events: Int16) throws(ClientError) -> Int16 {
        while true {
            let left = deadline - .now
            guard left > .zero else {
                throw ClientError(
                    "the daemon did not answer in time",
                    hint: "'errata status' tells what it is doing.")
            }
            var entry = pollfd(fd: file, events: events, revents: 0)
            let milliseconds = min(left.components.seconds * 1_000 + 1_000, 60_000)
            let count = poll(&entry, 1, CInt(milliseconds))
            if count > 0 { return entry.revents }
            guard count == 0 || errno == EINTR else {
                throw ClientError("cannot wait for the daemon: \(Connection.describe(errno))")
            }
        }
    }

    private static func describe(_ code: CInt) -> String {
        "\(String(cString: strerror(code))) (\(code))"
    }
}

/// Connections that wait for another request; closed when this goes.
final class IdleConnections: Sendable {
    private let files = Mutex<[CInt]>([])

    deinit {
        for file in files.withLock(\.self) { close(file) }
    }

    /// Returns one that the daemon has not closed meanwhile, if there is one.
    func take(timeout: Duration) -> Connection? {
        while let file = files.withLock({ $0.popLast() }) {
            // Anything to be read is the connection's end, or what nobody asked for.
            var entry = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, 0) == 0 { return Connection(on: file, timeout: timeout) }
            close(file)
        }
        return nil
    }

    func keep(_ connection: Connection) {
        let file = connection.letGo()
        files.withLock { $0.append(file) }
    }
}
