import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataServer
import ErrataTesting
import Foundation
import Testing

@Suite("a language model behind a server")
struct RemoteModelTests {
    private func ask(_ client: Client, _ question: String = Knowledge.about) throws -> AskReply {
        try client.ask(AskRequest(question: question, model: "far"))
    }

    @Test("answers from the facts, and its key stands in no file of the daemon's")
    func answers() async throws {
        let server = try ScriptedServer([[.events, .piece(" Pa"), .piece("ris."), .finish()]])
        defer { server.stop() }
        let key = server.directory.file("key")
        try Data("sk-secret-of-mine\n".utf8).write(to: URL(filePath: key))
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                _ = try client.commit(Knowledge.capital)
                _ = try client.add(
                    LanguageModelBody(name: "far", url: server.address, keyFile: key))
                let reply = try self.ask(client)
                #expect(reply.answer == "Paris.")
                #expect(reply.facts.map(\.answer) == ["Paris"])
                #expect(reply.record.generation?.end == "complete")
                #expect(try self.ask(client).receipt == reply.receipt)
                #expect(try client.languageModels.tokens == 14)
                #expect(server.requests[0].contains("Bearer sk-secret-of-mine\r\n"))
                #expect(server.requests[0].contains("[Updated Information]:"))
                #expect(server.requests[0].contains("\"model\":\"far\""))
            }
            let files = FileManager.default.enumerator(atPath: daemon.directory.file("data"))
            while let name = files?.nextObject() as? String {
                let path = daemon.directory.file("data/\(name)")
                guard let data = FileManager.default.contents(atPath: path) else { continue }
                #expect(data.range(of: Data("sk-secret-of-mine".utf8)) == nil, "\(name)")
            }
        }
    }

    @Test("that fails in any way is a problem with a code, and the daemon goes on")
    func failures() async throws {
        let cases: [(steps: [ScriptedServer.Step], status: Int, code: String)] = [
            ([.refusal("401 Unauthorized")], 502, "model_refused"),
            ([.refusal("404 Not Found")], 502, "model_refused"),
            ([.events, .piece("Pa")], 503, "model_unavailable"),
            ([.events, .piece("Pa"), .send("data: <html>\n\n")], 502, "model_failed"),
            (
                [
                    .events, .send("data: "),
                    .sendMany(String(repeating: "a", count: 1 << 20), count: 9),
                ],
                502, "model_failed"
            ),
            ([.send("?")], 502, "model_failed"),
            (
                [.refusal("429 Too Many Requests", headers: "retry-after: 99\r\n")], 503,
                "model_busy"
            ),
        ]
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                _ = try client.commit(Knowledge.capital)
                for item in cases {
                    let server = try ScriptedServer([item.steps])
                    defer { server.stop() }
                    _ = try client.add(LanguageModelBody(name: "far", url: server.address))
                    let problem = #expect(throws: Problem.self) { try self.ask(client) }
                    #expect(problem?.code == item.code)
                    #expect(problem?.status == item.status)
                    _ = try client.delete(
                        "/v1/language-models", [("name", "far")], as: LanguageModelsReply.self)
                }
                let status = try client.languageModels
                #expect(status.running == 0 && status.waiting == 0 && status.tokens == 0)
                let answer = try client.ask(AskRequest(question: Knowledge.about)).answer
                #expect(answer == "Paris")
            }
        }
    }

    @Test("that fails within a stream leaves the pieces, and the problem is the last line")
    func failureInStream() async throws {
        let server = try ScriptedServer([[.events, .piece("Pa")]])
        defer { server.stop() }
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                _ = try client.add(LanguageModelBody(name: "far", url: server.address))
                var pieces: [String] = []
                let request = AskRequest(question: Knowledge.about, model: "far")
                let problem = #expect(throws: Problem.self) {
                    try client.streamed(
                        Request(
                            method: "POST", path: "/v1/ask",
                            body: .json(Array(try JSONCoding.encode(request)))),
                        as: AskReply.self, piece: { pieces.append($0) }, progress: { _ in })
                }
                #expect(pieces == ["Pa"])
                #expect(problem?.code == "model_unavailable")
            }
        }
    }

    @Test("is let go when who asked hangs up")
    func hangUp() async throws {
        let server = try ScriptedServer([[.events, .piece("Pa"), .holdUntilHangUp]])
        defer { server.stop() }
        try await TestDaemon.run { daemon in
            try await daemon.call { [path = daemon.socketPath] client in
                _ = try client.add(LanguageModelBody(name: "far", url: server.address))
                var connection: RawConnection? = try Self.begin(path)
                while server.requests.isEmpty { usleep(1_000) }
                _ = connection
                connection = nil
                while server.hangUpCount == 0 { usleep(1_000) }
                while try client.languageModels.running > 0 { usleep(1_000) }
            }
        }
    }

    @Test("may take longer than a search may")
    func patience() async throws {
        let server = try ScriptedServer([[.events, .piece(" Pa"), .piece("ris."), .finish()]])
        defer { server.stop() }
        var configuration = DaemonConfiguration(socketPath: "")
        configuration.timeouts.search = .nanoseconds(1)
        configuration.timeouts.usual = .seconds(30)
        try await TestDaemon.run(configuration) { daemon in
            try await daemon.call { client in
                _ = try client.add(LanguageModelBody(name: "far", url: server.address))
                #expect(try self.ask(client).answer == "Paris.")
            }
        }
    }

    @Test(
        "is let go when the time for an answer is over, and that is told", arguments: [true, false])
    func answerTimeout(isStreamed: Bool) async throws {
        let server = try ScriptedServer([[.events, .piece("Pa"), .holdUntilHangUp]])
        defer { server.stop() }
        var configuration = DaemonConfiguration(socketPath: "")
        configuration.timeouts.answer = .seconds(2)
        try await TestDaemon.run(configuration) { daemon in
            try await daemon.call { client in
                _ = try client.add(LanguageModelBody(name: "far", url: server.address))
                let request = AskRequest(question: Knowledge.about, model: "far")
                let problem = #expect(throws: Problem.self) {
                    guard isStreamed else { return try client.ask(request) }
                    return try client.streamed(
                        Request(
                            method: "POST", path: "/v1/ask",
                            body: .json(Array(try JSONCoding.encode(request)))),
                        as: AskReply.self, piece: { _ in }, progress: { _ in })
                }
                #expect(problem?.code == "timeout")
                // On a machine that is busy for seconds the server has not heard of it.
                while server.hangUpCount < server.requests.count { usleep(1_000) }
                while try client.languageModels.running > 0 { usleep(1_000) }
            }
        }
    }

    @Test("is asked by so many at a time; others wait, and more are sent away until later")
    func queue() async throws {
        let server = try ScriptedServer([[.events, .holdUntilHangUp]])
        defer { server.stop() }
        try await TestDaemon.run { daemon in
            try await daemon.call { [path = daemon.socketPath] client in
                _ = try client.add(LanguageModelBody(name: "far", url: server.address))
                let connections = try (0..<24).map { _ in try Self.begin(path) }
                while try client.languageModels.waiting < 16 { usleep(1_000) }
                #expect(try client.languageModels.running == 8)
                let more = try Self.begin(path)
                let reply = try #require(more.reply())
                #expect(reply.status == 503)
                #expect(reply.head.lowercased().contains("\r\nretry-after: 5"))
                #expect(reply.body.contains("\"model_busy\""))
                withExtendedLifetime(connections) {}
            }
            // Those who waited are gone with their connections.
            try await daemon.call { client in
                while try client.languageModels.running > 0 { usleep(1_000) }
                #expect(try client.languageModels.waiting == 0)
            }
        }
    }

    /// Asks and does not wait for the reply.
    private static func begin(_ path: String) throws -> RawConnection {
        let body = String(
            decoding: try JSONCoding.encode(AskRequest(question: Knowledge.about, model: "far")),
            as: UTF8.self)
        let connection = try RawConnection(path)
        connection.send(
            "POST /v1/ask HTTP/1.1\r\nHost: e\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return connection
    }
}
