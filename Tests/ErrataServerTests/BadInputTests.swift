import ErrataAPI
import ErrataClient
import ErrataCore
import Foundation
import Testing

@Suite("bad input")
struct BadInputTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var method = "POST"
        var target = "/v1/commits"
        var contentType: String? = "application/json"
        var body: [UInt8] = []
        let status: Int
        let code: String
        var field: String?

        init(
            _ name: String, method: String = "POST", target: String = "/v1/commits",
            contentType: String? = "application/json", body: String = "", status: Int,
            code: String, field: String? = nil
        ) {
            self.name = name
            self.method = method
            self.target = target
            self.contentType = contentType
            self.body = Array(body.utf8)
            self.status = status
            self.code = code
            self.field = field
        }

        var testDescription: String { name }
    }

    private static let long = String(repeating: "x", count: 501)

    static let cases: [Case] = [
        Case("malformed JSON", body: "{\"message\":", status: 400, code: "invalid_json"),
        Case("no body", body: "", status: 400, code: "invalid_json"),
        Case("an array", body: "[]", status: 400, code: "invalid_field"),
        Case(
            "an unknown field", body: "{\"message\":\"m\",\"edits\":[],\"brunch\":\"main\"}",
            status: 400, code: "unknown_field", field: "brunch"),
        Case(
            "an unknown field of a fact",
            body: "{\"message\":\"m\",\"edits\":[{\"op\":\"assert\",\"fact\":{\"sujet\":\"x\"}}]}",
            status: 400, code: "unknown_field", field: "edits[0].fact.sujet"),
        Case(
            "a missing field", body: "{\"edits\":[]}", status: 400, code: "missing_field",
            field: "message"),
        Case(
            "a wrong type", body: "{\"message\":7,\"edits\":[]}", status: 400,
            code: "invalid_field", field: "message"),
        Case(
            "an unknown op", body: "{\"message\":\"m\",\"edits\":[{\"op\":\"upsert\"}]}",
            status: 400, code: "invalid_field", field: "edits[0].op"),
        Case(
            "a retraction with a fact",
            body: "{\"message\":\"m\",\"edits\":[{\"op\":\"retract\",\"id\":\"x\",\"fact\":{}}]}",
            status: 400, code: "invalid_field", field: "edits[0].fact"),
        Case(
            "a fact over its limits",
            body: "{\"message\":\"m\",\"edits\":[{\"op\":\"assert\",\"fact\":"
                + "{\"subject\":\"\(long)\",\"relation\":\"r\",\"object\":\"o\"}}]}",
            status: 400, code: "invalid_fact"),
        Case(
            "a line break in a fact",
            body: "{\"message\":\"m\",\"edits\":[{\"op\":\"assert\",\"fact\":"
                + "{\"statement\":\"a\\nb\"}}]}", status: 400, code: "invalid_fact"),
        Case(
            "no edits", body: "{\"message\":\"m\",\"edits\":[]}", status: 409,
            code: "nothing_to_commit"),
        Case(
            "an unknown branch",
            body: "{\"message\":\"m\",\"branch\":\"nope\",\"edits\":[{\"op\":\"assert\",\"fact\":"
                + "{\"statement\":\"a\"}}]}", status: 404, code: "unknown_branch"),
        Case(
            "a fact that is not there",
            body: "{\"message\":\"m\",\"edits\":[{\"op\":\"retract\",\"id\":\"no.such\"}]}",
            status: 404, code: "unknown_fact"),
        Case(
            "a merge in an unknown way", target: "/v1/merge",
            body: #"{"from":"main","fastForward":"maybe"}"#, status: 400, code: "invalid_field",
            field: "fastForward"),
        Case(
            "a merge of what is there already", target: "/v1/merge", body: #"{"from":"main"}"#,
            status: 409, code: "nothing_to_commit"),
        Case(
            "a merge of an unknown version", target: "/v1/merge", body: #"{"from":"nope"}"#,
            status: 404, code: "unknown_revision"),
        Case(
            "a resolution without a choice", target: "/v1/resolve", body: #"{"fact":"a.b"}"#,
            status: 400, code: "invalid_field", field: "side"),
        Case(
            "a resolution with two choices", target: "/v1/resolve",
            body: #"{"fact":"a.b","retract":true,"side":1}"#, status: 400, code: "invalid_field",
            field: "side"),
        Case(
            "a revert of everything", target: "/v1/revert", body: "{}", status: 400,
            code: "missing_field", field: "rev"),
        Case(
            "a revert of a commit and of a user", target: "/v1/revert",
            body: #"{"rev":"main","by":"eve"}"#, status: 400, code: "invalid_field", field: "rev"),
        Case(
            "a revert since a day", target: "/v1/revert",
            body: #"{"by":"eve","since":"2026-11-01"}"#, status: 400, code: "invalid_field",
            field: "since"),
        Case(
            "a revert of half a range", target: "/v1/revert", body: #"{"rev":"main.."}"#,
            status: 400, code: "invalid_revision"),
        Case(
            "an undo of what is not there", target: "/v1/undo", body: #"{"operation":99}"#,
            status: 404, code: "unknown_operation"),
        Case(
            "an undo of the beginning", target: "/v1/undo", body: #"{"operation":0}"#,
            status: 409, code: "cannot_undo"),
        Case(
            "a deletion of a tag that is not there", method: "DELETE",
            target: "/v1/tags?name=nope", status: 404, code: "unknown_tag"),
        Case(
            "a cursor of conflicts that is no id", method: "GET",
            target: "/v1/conflicts?cursor=x", status: 400, code: "invalid_request"),
        Case(
            "a redaction without a reason", target: "/v1/redact", body: #"{"fact":"a.b"}"#,
            status: 400, code: "missing_field", field: "reason"),
        Case(
            "a redaction of what is not there", target: "/v1/redact",
            body: #"{"fact":"a.b","reason":"r"}"#, status: 404, code: "unknown_fact"),
        Case(
            "another content type", contentType: "text/plain", body: "{}", status: 415,
            code: "unsupported_media_type"),
        Case(
            "no content type", contentType: nil, body: "{}", status: 415,
            code: "unsupported_media_type"),
        Case(
            "an unknown route", method: "GET", target: "/v1/nothing", status: 404,
            code: "not_found"),
        Case(
            "a method that is not there", method: "PUT", target: "/v1/commits", status: 405,
            code: "method_not_allowed"),
        Case(
            "an unknown parameter", method: "GET", target: "/v1/facts?att=main", status: 400,
            code: "unknown_parameter", field: "att"),
        Case(
            "a parameter twice", method: "GET", target: "/v1/facts?at=main&at=main", status: 400,
            code: "invalid_parameter", field: "at"),
        Case(
            "a parameter that is not UTF-8", method: "GET", target: "/v1/facts?at=%ff",
            status: 400, code: "invalid_parameter"),
        Case(
            "a limit of zero", method: "GET", target: "/v1/facts?limit=0", status: 400,
            code: "invalid_parameter", field: "limit"),
        Case(
            "a missing parameter", method: "GET", target: "/v1/diff?from=main", status: 400,
            code: "missing_parameter", field: "to"),
        Case(
            "an unknown revision", method: "GET", target: "/v1/commit?rev=4be19c77a0d2",
            status: 404, code: "unknown_revision"),
        Case(
            "a revision that is none", method: "GET", target: "/v1/commit?rev=main~x",
            status: 400, code: "invalid_revision"),
        Case(
            "an unknown receipt", method: "GET", target: "/v1/receipts/00ff", status: 404,
            code: "unknown_receipt"),
        Case(
            "an empty question", target: "/v1/ask", body: "{\"question\":\" \"}", status: 400,
            code: "invalid_request"),
        Case(
            "too many facts to consider", target: "/v1/ask",
            body: "{\"question\":\"q\",\"k\":21}", status: 400, code: "limit_exceeded"),
        Case(
            "a model that is not there", target: "/v1/ask",
            body: "{\"question\":\"q\",\"model\":\"gpt\"}", status: 404, code: "unknown_model"),
        Case(
            "a model of no type", target: "/v1/ask",
            body: "{\"question\":\"q\",\"model\":7}", status: 400, code: "invalid_field",
            field: "model"),
        Case(
            "a strictness that is none", target: "/v1/ask",
            body: "{\"question\":\"q\",\"strictness\":\"very\"}", status: 400,
            code: "invalid_field", field: "strictness"),
        Case(
            "a strictness that is a number", target: "/v1/ask",
            body: "{\"question\":\"q\",\"strictness\":0.5}", status: 400,
            code: "invalid_field", field: "strictness"),
        Case(
            "a name that is none", target: "/v1/branches", body: "{\"name\":\"a b\"}",
            status: 400, code: "invalid_name"),
        Case(
            "a format that is not there", target: "/v1/import?format=xml",
            contentType: "application/octet-stream", body: "{}", status: 400,
            code: "invalid_parameter", field: "format"),
        Case(
            "a body for a request without fields", target: "/v1/verify", body: "{\"x\":1}",
            status: 400, code: "unknown_field", field: "x"),
    ]

    @Test("each gives its coded problem, changes nothing, and the daemon goes on")
    func problems() async throws {
        try await TestDaemon.run { daemon in
            for item in Self.cases {
                let reply = try await Self.exchange(item, daemon)
                let problem = try JSONDecoder().decode(Problem.self, from: Data(reply.body.utf8))
                #expect(reply.status == item.status, "\(item.name): \(reply.body)")
                #expect(problem.code == item.code, "\(item.name): \(problem.detail)")
                #expect(problem.status == item.status, "\(item.name)")
                #expect(reply.head.contains("application/problem+json"), "\(item.name)")
                #expect(reply.head.contains(problem.requestID), "\(item.name)")
                if let field = item.field { #expect(problem.field == field, "\(item.name)") }
            }
            let status = try await daemon.call { try $0.get("/v1/status", as: StatusReply.self) }
            #expect(status.journal.operations == 2)
        }
    }

    @Test("a body that is not UTF-8 is refused with its place")
    func invalidUTF8() async throws {
        try await TestDaemon.run { daemon in
            var item = Case("invalid UTF-8", status: 400, code: "invalid_json")
            item.body = Array("{\"message\":\"".utf8) + [0xc3, 0x28] + Array("\"}".utf8)
            let reply = try await Self.exchange(item, daemon)
            #expect(reply.status == 400)
            #expect(reply.body.contains("not valid UTF-8 at byte 12"))
        }
    }

    @Test("405 tells what the address takes")
    func allow() async throws {
        try await TestDaemon.run { daemon in
            let item = Case(
                "PUT", method: "PUT", target: "/v1/branches", status: 405,
                code: "method_not_allowed")
            let reply = try await Self.exchange(item, daemon)
            #expect(reply.head.lowercased().contains("allow: delete, get, post"))
        }
    }

    @Test("a stale head is refused with the head of now")
    func headMoved() async throws {
        try await TestDaemon.run { daemon in
            let problem = try await daemon.call { client in
                let draft = FactDraft(statement: "one")
                let edits = [EditRequest.assert(FactBody(draft))]
                let head = try client.get("/v1/commits", as: LogReply.self).commits[0].commit
                let winner = try client.post(
                    "/v1/commits",
                    CommitRequest(expect: head.hex, message: "a", edits: edits),
                    as: CommitReply.self)
                let problem = try #require(throws: Problem.self) {
                    _ = try client.post(
                        "/v1/commits",
                        CommitRequest(expect: head.hex, message: "b", edits: edits),
                        as: CommitReply.self)
                }
                #expect(problem.head == winner.commit)
                return problem
            }
            #expect(problem.status == 409)
            #expect(problem.code == "head_moved")
        }
    }

    static func exchange(_ item: Case, _ daemon: TestDaemon) async throws -> RawConnection.Reply {
        let path = daemon.socketPath
        return try await offPool {
            let connection = try RawConnection(path)
            var head = "\(item.method) \(item.target) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            if let type = item.contentType, item.method == "POST" {
                head += "Content-Type: \(type)\r\n"
            }
            connection.send(head + "Content-Length: \(item.body.count)\r\n\r\n")
            connection.send(item.body)
            return try #require(connection.reply(), "\(item.name)")
        }
    }
}
