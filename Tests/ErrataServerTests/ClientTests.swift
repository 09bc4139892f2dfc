import ErrataAPI
import ErrataClient
import ErrataTesting
import Foundation
import Glibc
import Testing

@Suite("the client")
struct ClientTests {
    @Test("without a daemon it says how to start one")
    func noDaemon() {
        let client = Client(socketPath: "/tmp/errata-nobody-listens-here.sock")
        let error = #expect(throws: ClientError.self) {
            _ = try client.get("/healthz", as: HealthReply.self)
        }
        #expect(
            error?.message == "no daemon listens on /tmp/errata-nobody-listens-here.sock")
        #expect(error?.hint == "Start one with 'errata serve'.")
    }

    private static let hostileReplies: KeyValuePairs<String, String> = [
        "nothing": "",
        "an empty head": "\r\n\r\n",
        "no HTTP": "nonsense",
        "half a status line": "HTTP/1.1\r\n\r\n",
        "a status out of range": "HTTP/1.1 9999 OK\r\n\r\n",
        "a negative length": "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "a length that overflows":
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "a body cut short": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "null for an object": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        "an unknown encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "a chunk size that is no number":
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "a chunk size that overflows":
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "a negative chunk size":
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nab\r\n",
        "a chunk longer than its size":
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh",
        "a header without colon": "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "an error without a problem": "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
        "zero bytes": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\u{0}\u{0}",
        "a head without end": "HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 70_000)
            + "\r\n\r\n",
    ]

    @Test(
        "whatever answers, it throws and does not crash",
        arguments: hostileReplies.map(\.key))
    func hostileReply(name: String) async throws {
        let reply = try #require(Self.hostileReplies.first { $0.key == name }).value
        let server = try HostileServer(reply)
        try await offPool {
            let client = Client(socketPath: server.path)
            #expect(throws: ClientError.self) {
                _ = try client.get("/healthz", as: HealthReply.self)
            }
        }
    }

    @Test("a chunked reply is put together, whatever its pieces")
    func chunked() async throws {
        let server = try HostileServer(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "1\r\n{\r\nA;x=y\r\n\"status\":\"\r\n4\r\nok\"}\r\n0\r\nTrailer: x\r\n\r\n")
        let reply = try await offPool {
            try Client(socketPath: server.path).get("/healthz", as: HealthReply.self)
        }
        #expect(reply.status == "ok")
    }

    @Test(
        "a connection is closed when its reply was read or refused",
        arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}", "no HTTP"])
    func closing(reply: String) async throws {
        let server = try HostileServer(reply)
        try await offPool {
            _ = try? Client(socketPath: server.path).get("/healthz", as: HealthReply.self)
        }
        #expect(try await offPool { server.waitForClose(seconds: 10) })
    }

    @Test("a daemon that is silent is given up on")
    func silence() async throws {
        let server = try HostileServer(nil)
        try await offPool {
            var client = Client(socketPath: server.path)
            client.timeout = .milliseconds(200)
            let error = #expect(throws: ClientError.self) {
                _ = try client.get("/healthz", as: HealthReply.self)
            }
            #expect(error?.message == "the daemon did not answer in time")
        }
    }
}

/// Answers one connection with fixed bytes, or not at all.
private final class HostileServer: Sendable {
    private let directory: TemporaryDirectory
    let path: String
    private let file: CInt
    private let isClosed = DispatchSemaphore(value: 0)

    init(_ reply: String?) throws {
        directory = try TemporaryDirectory()
        path = directory.file("s")
        file = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(file, 1) == 0)
        Thread.detachNewThread { [file, isClosed] in
            let connection = accept(file, nil, nil)
            guard connection >= 0, let reply else { return }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            _ = recv(connection, &buffer, buffer.count, 0)
            let bytes = Array(reply.utf8)
            _ = send(connection, bytes, bytes.count, CInt(MSG_NOSIGNAL))
            // Ends the reply, and leaves it to the client to close the connection.
            shutdown(connection, CInt(SHUT_WR))
            while recv(connection, &buffer, buffer.count, 0) > 0 {}
            close(connection)
            isClosed.signal()
        }
    }

    deinit { close(file) }

    /// Returns true once the client has closed the connection.
    func waitForClose(seconds: Int) -> Bool {
        isClosed.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}
