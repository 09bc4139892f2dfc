import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataServer
import Foundation
import Testing

@Suite("limits of size and time")
struct LimitTests {
    private func problem(_ reply: RawConnection.Reply) throws -> Problem {
        try JSONDecoder().decode(Problem.self, from: Data(reply.body.utf8))
    }

    @Test(
        "a body announced over the limit is refused before a byte of it is read",
        arguments: [
            ("/v1/commits", 8 << 20), ("/v1/ask", 1 << 20), ("/v1/import", 512 << 20),
            ("/v1/verify", 1 << 20), ("/v1/branches", 1 << 20),
        ])
    func announced(path: String, limit: Int) async throws {
        try await TestDaemon.run { daemon in
            let reply = try await offPool {
                let connection = try RawConnection(daemon.socketPath)
                connection.send(
                    "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + "Content-Length: \(limit + 1)\r\n\r\n")
                return try #require(connection.reply())
            }
            let problem = try problem(reply)
            #expect(reply.status == 413)
            #expect(problem.code == "body_too_large")
            #expect(problem.limit == limit)
            #expect(problem.actual == limit + 1)
        }
    }

    @Test("100 MB in chunks are refused at the limit, and the daemon goes on")
    func chunked() async throws {
        try await TestDaemon.run { daemon in
            let reply = try await offPool {
                let connection = try RawConnection(daemon.socketPath)
                connection.send(
                    "POST /v1/commits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n")
                let part = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
                for _ in 0..<100 {
                    connection.send("100000\r\n")
                    connection.send(part)
                    connection.send("\r\n")
                }
                connection.send("0\r\n\r\n")
                return try #require(connection.reply())
            }
            #expect(reply.status == 413)
            let actual = try #require(try problem(reply).actual)
            #expect(actual <= 9 << 20)
            let health = try await daemon.call { try $0.get("/healthz", as: HealthReply.self) }
            #expect(health.status == "ok")
        }
    }

    @Test("the client hears of the refusal without sending it all")
    func earlyRefusal() async throws {
        try await TestDaemon.run { daemon in
            let problem = try await daemon.call { client in
                let bytes = [UInt8](repeating: UInt8(ascii: " "), count: 100 << 20)
                return try #require(throws: Problem.self) {
                    _ = try client.send(
                        Request(method: "POST", path: "/v1/commits", body: .json(bytes)),
                        as: CommitReply.self)
                }
            }
            #expect(problem.code == "body_too_large")
        }
    }

    @Test("a body that ends early commits nothing")
    func cutShort() async throws {
        try await TestDaemon.run { daemon in
            try await offPool {
                let connection = try RawConnection(daemon.socketPath)
                connection.send(
                    "POST /v1/commits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 1000\r\n\r\n{\"message\":\"half\"")
            }
            let status = try await daemon.call { try $0.get("/v1/status", as: StatusReply.self) }
            #expect(status.journal.operations == 2)
        }
    }

    @Test("a request that takes too long gets 503 and the code timeout")
    func requestTimeout() async throws {
        var configuration = DaemonConfiguration(socketPath: "")
        configuration.timeouts.usual = .milliseconds(300)
        try await TestDaemon.run(configuration) { daemon in
            let reply = try await offPool {
                let connection = try RawConnection(daemon.socketPath)
                connection.send(
                    "POST /v1/commits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 100\r\n\r\n{")
                return try #require(connection.reply())
            }
            #expect(reply.status == 503)
            #expect(try problem(reply).code == "timeout")
        }
    }

    @Test("a client that keeps its connection makes another when the daemon closed it")
    func keptConnection() async throws {
        var configuration = DaemonConfiguration(socketPath: "")
        // Long enough that a busy machine does not let it pass between two commits.
        configuration.idleTimeout = .seconds(2)
        try await TestDaemon.run(configuration) { daemon in
            let client = Client(socketPath: daemon.socketPath, keepsConnections: true)
            func commit(_ number: Int) async throws -> UInt64 {
                let fact = FactBody(FactDraft(key: "k", statement: "number \(number)"))
                let request = CommitRequest(message: "m", edits: [.assert(fact)])
                return try await offPool {
                    try client.post("/v1/commits", request, as: CommitReply.self).operation
                }
            }
            let first = try await commit(0)
            for number in 1...5 { try await #expect(commit(number) == first + UInt64(number)) }
            // A refusal has a body too, which must not be left for the next reply.
            let problem = try await offPool {
                #expect(throws: Problem.self) {
                    _ = try client.get("/v1/nothing", as: CommitReply.self)
                }
            }
            #expect(problem?.code == "not_found")
            try await #expect(commit(6) == first + 6)
            try await Task.sleep(for: .seconds(4))
            try await #expect(commit(7) == first + 7)
        }
    }

    @Test(
        "a connection on which nothing moves is closed",
        arguments: ["no byte", "half a head", "half a body"])
    func idle(name: String) async throws {
        let starts = [
            "no byte": "", "half a head": "GET /v1/sta",
            "half a body": "POST /v1/ask HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
        ]
        let start = try #require(starts[name])
        var configuration = DaemonConfiguration(socketPath: "")
        configuration.idleTimeout = .milliseconds(300)
        try await TestDaemon.run(configuration) { daemon in
            let bytes = try await offPool {
                let connection = try RawConnection(daemon.socketPath)
                connection.send(start)
                return connection.readToEnd(seconds: 10)
            }
            #expect(bytes != nil)
        }
    }

    @Test("what is not HTTP is answered with 400 and a closed connection")
    func notHTTP() async throws {
        try await TestDaemon.run { daemon in
            let bytes = try await offPool {
                let connection = try RawConnection(daemon.socketPath)
                connection.send("\u{0}\u{1}nonsense\r\n\r\n")
                return connection.readToEnd(seconds: 10)
            }
            #expect(String(decoding: try #require(bytes), as: UTF8.self).contains("400"))
        }
    }

    @Test("an export that nobody reads ends with its connection")
    func slowReader() async throws {
        var configuration = DaemonConfiguration(socketPath: "")
        // Long enough for the first page on a busy machine, which is the same limit's.
        configuration.timeouts.long = .seconds(6)
        try await TestDaemon.run(configuration) { daemon in
            // More than one page of an export, each far more than a socket's buffer.
            let text = String(repeating: "x", count: 4_000)
            let edits = (0..<1_100).map {
                EditRequest.assert(FactBody(FactDraft(key: "k\($0)", statement: text)))
            }
            let request = CommitRequest(message: "large", edits: edits)
            _ = try await daemon.call {
                try $0.post("/v1/commits", request, as: CommitReply.self)
            }
            let bytes = try await offPool {
                let connection = try RawConnection(daemon.socketPath)
                connection.send("GET /v1/export HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(connection.waitForHangUp(seconds: 60))
                return try #require(connection.readToEnd(seconds: 10))
            }
            #expect(String(decoding: bytes.prefix(12), as: UTF8.self) == "HTTP/1.1 200")
            #expect(bytes.count < 1_100 * 4_000)
        }
    }
}
