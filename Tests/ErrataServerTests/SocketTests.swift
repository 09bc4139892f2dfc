import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataServer
import ErrataService
import ErrataTesting
import Foundation
import Glibc
import Testing

@Suite("the socket and the daemon's life")
struct SocketTests {
    private func mode(_ path: String) throws -> mode_t {
        var info = stat()
        try #require(stat(path, &info) == 0)
        return info.st_mode & 0o777
    }

    @Test("only the owner can open the socket")
    func permissions() async throws {
        try await TestDaemon.run { daemon in
            let modes = (try mode(daemon.socketPath), try mode(daemon.socketPath + ".lock"))
            #expect(modes == (0o600, 0o600))
        }
    }

    @Test("a group that is named can open it too")
    func group() async throws {
        var configuration = DaemonConfiguration(socketPath: "")
        configuration.socketGroup = getgid()
        try await TestDaemon.run(configuration) { daemon in
            let mode = try mode(daemon.socketPath)
            #expect(mode == 0o660)
        }
    }

    @Test("everybody can open it if the operator says so")
    func everybody() async throws {
        var configuration = DaemonConfiguration(socketPath: "")
        configuration.socketMode = 0o666
        try await TestDaemon.run(configuration) { daemon in
            let mode = try mode(daemon.socketPath)
            #expect(mode == 0o666)
        }
    }

    @Test("a second daemon on the same socket is refused and the first goes on")
    func second() async throws {
        try await TestDaemon.run { daemon in
            let error = #expect(throws: ServerSocketError.self) {
                _ = try ServerSocket(path: daemon.socketPath)
            }
            #expect(error?.message == "another daemon holds \(daemon.socketPath).lock")
            let status = try await daemon.call { try $0.get("/v1/status", as: StatusReply.self) }
            #expect(status.pid == getpid())
        }
    }

    @Test("a second daemon on the same data is refused")
    func sameData() async throws {
        try await TestDaemon.run { daemon in
            let error = #expect(throws: ServiceError.self) {
                _ = try KnowledgeBase(.init(dataDirectory: daemon.directory.file("data")))
            }
            #expect(error?.code == .storeLocked)
        }
    }

    @Test("a socket that a killed daemon left is replaced")
    func stale() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        try leaveSocket(path)
        _ = try ServerSocket(path: path)
        #expect(access(path, F_OK) != 0)
    }

    /// Binds a socket and closes it without removing its file, as a kill does.
    private func leaveSocket(_ path: String) throws {
        let file = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    @Test("a file that is not a socket is left alone")
    func otherFile() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: ServerSocketError.self) { _ = try ServerSocket(path: path) }
        #expect(error?.message == "\(path) exists and is not a socket")
        #expect(FileManager.default.fileExists(atPath: path))
        // Who was refused let go of the lock.
        try FileManager.default.removeItem(atPath: path)
        _ = try ServerSocket(path: path)
    }

    @Test("a path that no socket address holds is refused with the limit")
    func longPath() {
        let path = "/tmp/" + String(repeating: "x", count: 103)
        let error = #expect(throws: ServerSocketError.self) { _ = try ServerSocket(path: path) }
        #expect(
            error?.message == "the socket path has 108 bytes, at most 107 are allowed")
    }

    @Test("a directory that anyone can write is refused")
    func openDirectory() throws {
        let directory = try TemporaryDirectory()
        try #require(chmod(directory.path, 0o777) == 0)
        let error = #expect(throws: ServerSocketError.self) {
            _ = try ServerSocket(path: directory.file("s"))
        }
        #expect(error?.message.contains("anyone may replace files") == true)
    }

    @Test("stopping finishes the request in hand, takes no new one and leaves no socket")
    func gracefulStop() async throws {
        let daemon = try await TestDaemon(in: try TemporaryDirectory())
        let body = try JSONCoding.encode(
            CommitRequest(
                message: "in hand",
                edits: [.assert(FactBody(FactDraft(statement: "one")))]))
        let connection = try RawConnection(daemon.socketPath)
        connection.send(
            "POST /v1/commits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.count)\r\n\r\n")
        connection.send(body.prefix(10))
        try await waitForRequest(in: daemon)
        await daemon.beginStop()
        try await waitForRefusal(by: daemon)
        connection.send(body.dropFirst(10))
        let reply = try await offPool { try #require(connection.reply()) }
        #expect(reply.status == 201)
        try await daemon.stop()
        #expect(access(daemon.socketPath, F_OK) != 0)
        let knowledge = try KnowledgeBase(
            .init(dataDirectory: daemon.directory.file("data")))
        let head = try knowledge.commitRecord("main")
        #expect(head.commit.message == "in hand")
        await knowledge.close()
    }

    @Test("stopping does not wait for ever for a client that does not go on")
    func boundedStop() async throws {
        var configuration = DaemonConfiguration(socketPath: "")
        configuration.shutdownTimeout = .milliseconds(500)
        let daemon = try await TestDaemon(in: try TemporaryDirectory(), configuration)
        let connection = try RawConnection(daemon.socketPath)
        connection.send(
            "POST /v1/commits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + "Content-Length: 100\r\n\r\n{")
        try await waitForRequest(in: daemon)
        let start = ContinuousClock.now
        try await daemon.stop()
        // Less than the idle timeout, which would end it too.
        #expect(ContinuousClock.now - start < .seconds(20))
        withExtendedLifetime(connection) {}
    }

    /// Returns once the daemon works on a request beside the one that asks.
    private func waitForRequest(in daemon: TestDaemon) async throws {
        while true {
            let data = try await daemon.call {
                try $0.data(of: Request(method: "GET", path: "/metrics"))
            }
            let text = String(decoding: data, as: UTF8.self)
            if text.contains("errata_requests_running 2\n") { return }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Returns once the daemon takes no new connection.
    private func waitForRefusal(by daemon: TestDaemon) async throws {
        while (try? await daemon.call { try $0.get("/healthz", as: HealthReply.self) }) != nil {
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
