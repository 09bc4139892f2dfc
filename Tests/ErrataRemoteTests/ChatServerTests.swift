import ErrataModels
import ErrataTesting
import Foundation
import Synchronization
import Testing

@testable import ErrataRemote

@Suite("a chat server's reply")
struct ChatServerTests {
    static let quick: RetryPolicy = {
        var policy = RetryPolicy()
        policy.firstDelay = .milliseconds(1)
        return policy
    }()

    struct Said: Sendable {
        var pieces: [String] = []
        var end: ChatEnd?
        var error: BackendError?
    }

    /// Asks a server that answers as `script` says.
    static func ask(
        _ server: ScriptedServer, key: ServerKey = .none, environment: [String: String] = [:],
        timeouts: ServerTimeouts = ServerTimeouts(), retries: RetryPolicy = quick
    ) async throws -> Said {
        let chat = ChatServer(
            address: try ServerAddress(server.address), model: "m", key: key,
            environment: environment, timeouts: timeouts, retries: retries)
        let pieces = Mutex<[String]>([])
        var said = Said()
        do {
            said.end = try await chat.reply(
                to: [ChatMessage(.user, "Who?")], ChatOptions(tokenCountMax: 9)
            ) { piece in pieces.withLock { $0.append(piece) } }
        } catch let error as BackendError { said.error = error }
        said.pieces = pieces.withLock { $0 }
        return said
    }

    @Test("comes in pieces, and the request says what was asked for")
    func pieces() async throws {
        let server = try ScriptedServer([
            [.events, .piece("Pa"), .send(": still here\r\n\r\n"), .piece("ris"), .finish()]
        ])
        defer { server.stop() }
        let said = try await Self.ask(server)
        #expect(said.pieces == ["Pa", "ris"])
        #expect(said.end == ChatEnd(.complete, tokenCount: 7))
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /v1/chat/completions HTTP/1.1\r\n"))
        #expect(!request.lowercased().contains("authorization"))
        let body = try #require(request.components(separatedBy: "\r\n\r\n").last)
        let fields = try #require(
            try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        #expect(fields["model"] as? String == "m")
        #expect(fields["stream"] as? Bool == true)
        #expect(fields["max_tokens"] as? Int == 9)
        #expect(fields["temperature"] as? Double == 0)
        let messages = try #require(fields["messages"] as? [[String: String]])
        #expect(messages == [["role": "user", "content": "Who?"]])
    }

    @Test("may be whole, from a server that does not stream")
    func whole() async throws {
        let body = #"{"choices":[{"message":{"content":"Paris"},"finish_reason":"length"}]}"#
        let server = try ScriptedServer([
            [
                .send(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                        + "content-length: \(body.utf8.count)\r\n\r\n\(body)")
            ]
        ])
        defer { server.stop() }
        let said = try await Self.ask(server)
        #expect(said.pieces == ["Paris"])
        #expect(said.end?.reason == .tokenCount)
    }

    @Test("is asked for with the key of a file or a variable, which no error repeats")
    func keys() async throws {
        let server = try ScriptedServer([
            [.events, .piece("a"), .finish()],
            [
                .refusal(
                    "401 Unauthorized",
                    "wrong key sk-\\u0073ecret, sk-secret\u{301}, or sk-\u{200B}secret")
            ],
        ])
        defer { server.stop() }
        let file = server.directory.file("key")
        try Data("sk-secret\n".utf8).write(to: URL(filePath: file))
        _ = try await Self.ask(server, key: .file(file))
        #expect(server.requests[0].contains("\r\nauthorization: Bearer sk-secret\r\n"))
        let refused = try await Self.ask(
            server, key: .variable("KEY"), environment: ["KEY": "sk-secret"])
        #expect(server.requests[1].contains("\r\nauthorization: Bearer sk-secret\r\n"))
        #expect(refused.error?.code == .refused)
        #expect(
            refused.error?.message
                == "the model server at \(server.address) does not take the key (401): "
                + "wrong key …, …\u{301}, or …")
        #expect(refused.error?.hint?.contains("--key-file") == true)
        #expect(server.requests.count == 2)
    }

    @Test("is not asked for with a key that is none", arguments: ["", "a b", "a\r\nx: y", "é"])
    func badKeys(key: String) async throws {
        let server = try ScriptedServer([[.events, .piece("a"), .finish()]])
        defer { server.stop() }
        for place in [ServerKey.variable("KEY"), .variable("NONE"), .file("/nonexistent")] {
            let said = try await Self.ask(server, key: place, environment: ["KEY": key])
            #expect(said.error?.code == .refused)
        }
        #expect(server.requests.isEmpty)
    }

    @Test("is asked for again where the server was busy, when it says")
    func busy() async throws {
        let server = try ScriptedServer([
            [.refusal("429 Too Many Requests", headers: "retry-after: 0\r\n")],
            [.refusal("503 Service Unavailable")], [.refusal("500 Oops")],
            [.events, .piece("a"), .finish()],
        ])
        defer { server.stop() }
        let said = try await Self.ask(server)
        #expect(said.pieces == ["a"])
        #expect(server.requests.count == 4)
    }

    @Test("is given up where the server stays busy, or wants more time than there is")
    func tooBusy() async throws {
        let server = try ScriptedServer([[.refusal("500 Oops", "out of\\nmemory")]])
        defer { server.stop() }
        let said = try await Self.ask(server)
        #expect(said.error?.code == .unavailable)
        #expect(
            said.error?.message
                == "the model server at \(server.address) failed (500): out of memory")
        #expect(server.requests.count == Self.quick.attemptCountMax)

        let later = try ScriptedServer([
            [.refusal("429 Too Many Requests", headers: "retry-after: 3600\r\n")]
        ])
        defer { later.stop() }
        let refused = try await Self.ask(later)
        #expect(refused.error?.code == .busy)
        #expect(refused.error?.retryAfterSeconds == 3_600)
        #expect(later.requests.count == 1)
    }

    @Test("is waited for where the server is not there yet, and then refused with a hint")
    func unreached() async throws {
        let server = try ScriptedServer([[.events, .piece("a"), .finish()]])
        server.stop()
        let said = try await Self.ask(server)
        #expect(said.error?.code == .unavailable)
        #expect(said.error?.message == "no model server answers at \(server.address)")
        #expect(said.error?.hint != nil)
    }

    @Test("ends when nobody waits for it any more, and the server is told so")
    func cancellation() async throws {
        let server = try ScriptedServer([[.events, .piece("a"), .holdUntilHangUp]])
        defer { server.stop() }
        let chat = ChatServer(address: try ServerAddress(server.address), model: "m")
        let (pieces, feed) = AsyncStream<String>.makeStream()
        let task = Task {
            try await chat.reply(to: [ChatMessage(.user, "?")], ChatOptions()) { feed.yield($0) }
        }
        for await piece in pieces {
            #expect(piece == "a")
            break
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        while server.hangUpCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
    }
}

@Suite("a server's address")
struct ServerAddressTests {
    @Test(
        "is a URL or a socket",
        arguments: [
            ("http://localhost:8000", "localhost:8000", "/v1"),
            ("http://10.0.0.1/api/v2/", "10.0.0.1", "/api/v2"),
            ("http://[::1]:80/v1", "[::1]", "/v1"), ("unix:/run/a.sock", "localhost", "/v1"),
        ])
    func valid(text: String, host: String, base: String) throws {
        let address = try ServerAddress(text)
        #expect(address.hostField == host)
        #expect(address.base == base)
    }

    @Test(
        "is nothing else, and holds no password",
        arguments: [
            "", "localhost:8000", "ftp://a", "https://a", "http://", "http://u:p@a", "http://a?k=1",
            "http://a#f", "http://a b", "unix:a.sock", "http://a:99999",
            "unix:/" + String(repeating: "a", count: 107),
            "http://" + String(repeating: "a", count: 1_024),
        ])
    func invalid(text: String) {
        let error = #expect(throws: ModelError.self) { try ServerAddress(text) }
        #expect(error?.hint != nil)
    }
}
