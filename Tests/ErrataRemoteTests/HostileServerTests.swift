import ErrataModels
import ErrataTesting
import Foundation
import Testing

@testable import ErrataRemote

@Suite("a hostile chat server")
struct HostileServerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let code: BackendError.Code
        var pieces: [String] = []
        let steps: [ScriptedServer.Step]

        var testDescription: String { name }
    }

    private static let megabyte = String(repeating: "a", count: 1 << 20)

    static let cases = [
        Case(name: "says nothing and hangs up", code: .unavailable, steps: []),
        Case(name: "speaks no HTTP", code: .malformed, steps: [.send("220 smtp ready\r\n\r\n")]),
        Case(
            name: "hangs up within the head", code: .unavailable,
            steps: [.send("HTTP/1.1 200 OK\r\ncontent-")]),
        Case(
            name: "sends a head without end", code: .malformed,
            steps: [.send("HTTP/1.1 200 OK\r\n"), .sendMany("x: \(megabyte)\r\n", count: 1_024)]),
        Case(
            name: "hangs up within the message", code: .unavailable, pieces: ["a"],
            steps: [.events, .piece("a")]),
        Case(
            name: "hangs up within a chunk", code: .unavailable,
            steps: [
                .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffff\r\ndata: {")
            ]),
        Case(
            name: "sends events that are no JSON", code: .malformed,
            steps: [.events, .send("data: <html>\n\n")]),
        Case(
            name: "sends a page", code: .malformed,
            steps: [
                .send(
                    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>"
                )
            ]),
        Case(
            name: "sends JSON of another kind", code: .malformed,
            steps: [.events, .send("data: [1,2,3]\n\n")]),
        Case(
            name: "sends bytes that are no text", code: .malformed,
            steps: [.events, .send("data: {\"choices\":[{\"delta\":{\"content\":5}}]}\n\n")]),
        Case(
            name: "sends JSON nested without end", code: .malformed,
            steps: [
                .events,
                .send("data: {\"choices\":" + String(repeating: "[", count: 100_000) + "\n\n"),
            ]),
        Case(
            name: "sends a line of a gigabyte", code: .limit,
            steps: [.events, .send("data: "), .sendMany(megabyte, count: 1_024)]),
        Case(
            name: "sends an event of a gigabyte in lines", code: .limit,
            steps: [.events, .sendMany("data: \(megabyte.dropLast(9))\n", count: 1_024)]),
        Case(
            name: "sends comments without end", code: .limit,
            steps: [.events, .sendMany(": \(megabyte.dropLast(9))\n\n", count: 1_024)]),
        Case(
            name: "sends a whole message of a gigabyte", code: .limit,
            steps: [
                .send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"),
                .sendMany(megabyte, count: 1_024),
            ]),
        Case(
            name: "announces more than it could ever send", code: .unavailable,
            steps: [
                .send(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                        + "content-length: 9223372036854775807\r\n\r\n{}")
            ]),
        Case(
            name: "has no choice", code: .malformed,
            steps: [
                .send(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n"
                        + "{\"choices\":[]}")
            ]),
        Case(
            name: "fails within the message", code: .unavailable, pieces: ["a"],
            steps: [.events, .piece("a"), .send("data: {\"error\":{\"message\":\"boom\"}}\n\n")]),
        Case(
            name: "knows no such model", code: .refused, steps: [.refusal("404 Not Found", "gone")]),
        Case(name: "takes no key", code: .refused, steps: [.refusal("403 Forbidden")]),
        Case(
            name: "does not understand", code: .refused,
            steps: [.send("HTTP/1.1 422 Unprocessable\r\ncontent-length: 2\r\n\r\n[]")]),
        Case(
            name: "sends people elsewhere", code: .refused,
            steps: [
                .send(
                    "HTTP/1.1 302 Found\r\nlocation: http://evil.example/\r\ncontent-length: 0\r\n\r\n"
                )
            ]),
        Case(
            name: "refuses with a gigabyte", code: .limit,
            steps: [
                .send("HTTP/1.1 400 Bad Request\r\n\r\n"), .sendMany(megabyte, count: 1_024),
            ]),
    ]

    @Test("is a typed error, and no more than it costs", arguments: HostileServerTests.cases)
    func failure(_ item: Case) async throws {
        let server = try ScriptedServer([item.steps])
        defer { server.stop() }
        let said = try await ChatServerTests.ask(server)
        #expect(said.error?.code == item.code)
        #expect(said.pieces == item.pieces)
        #expect(said.error.map { $0.message.utf8.count < 600 } == true)
        // After the first piece, and for what stays as it is, the request is made once.
        #expect(server.requests.count == 1)
    }

    @Test("that says nothing is left when time is up")
    func silence() async throws {
        let server = try ScriptedServer([[.events, .piece("a"), .holdUntilHangUp]])
        defer { server.stop() }
        var timeouts = ServerTimeouts()
        timeouts.silence = .milliseconds(50)
        let said = try await ChatServerTests.ask(server, timeouts: timeouts)
        #expect(said.error?.code == .unavailable)
        #expect(said.error?.message == "the model server at \(server.address) says nothing")
    }

    @Test("that drips is left when time is up")
    func drip() async throws {
        let drip = [ScriptedServer.Step](
            repeating: .wait(milliseconds: 20), count: 200
        ).flatMap { [$0, .send(":\n")] }
        let server = try ScriptedServer([[.events] + drip])
        defer { server.stop() }
        var timeouts = ServerTimeouts()
        timeouts.total = .milliseconds(200)
        let said = try await ChatServerTests.ask(server, timeouts: timeouts)
        #expect(said.error?.code == .unavailable)
        #expect(said.error?.message == "the model server at \(server.address) took too long")
    }
}

@Suite("a stream of events")
struct EventStreamTests {
    @Test("gives the same events however it is cut, and whatever ends its lines")
    func cuts() throws {
        for end in ["\n", "\r", "\r\n"] {
            let text = ["data: one", "", "event: x", "data:two", "data:  three", "", "", ": c", ""]
                .joined(separator: end)
            for size in 1...text.utf8.count {
                var stream = EventStream()
                var events: [String] = []
                var rest = Array(text.utf8)[...]
                while !rest.isEmpty {
                    events += try stream.append(rest.prefix(size))
                        .map { String(decoding: $0, as: UTF8.self) }
                    rest = rest.dropFirst(size)
                }
                #expect(events == ["one", "two\n three"])
            }
        }
    }
}
