import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataServer
import ErrataService
import Foundation
import Glibc
import Testing

@Suite("the policy over HTTP")
struct PolicyRoutesTests {
    private static func put(
        _ client: Client, _ policy: PolicyBody, expect: UInt64? = nil
    ) throws -> PolicyReply {
        try client.put(
            "/v1/policy", PolicyRequest(policy: policy, expect: expect, author: "ada"),
            as: PolicyReply.self)
    }

    @Test("a policy is put in force, read back, listed, and put back by an undo")
    func life() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let none = try client.get("/v1/policy", as: PolicyReply.self)
                #expect(none.operation == nil)
                #expect(none.policy == PolicyBody())
                #expect(none.owner == getuid())
                #expect(none.permissions.count == Permission.allCases.count)

                let policy = PolicyBody(
                    rules: [
                        PolicyRule(.init(.uid(1001), .editor)),
                        PolicyRule(.init(.anyone, .reader)),
                    ], protectedBranches: ["main", "release/*"],
                    limits: ["editor": RoleLimits(editCountMax: 10)], auditsReads: false,
                    multiValuedRelations: ["child"])
                let first = try Self.put(client, policy)
                #expect(first.policy == policy)
                let read = try client.get("/v1/policy", as: PolicyReply.self)
                #expect(read == first)

                let log = try client.get("/v1/policy/log", as: PolicyLogReply.self)
                #expect(log.changes.map(\.operation) == [first.operation])
                #expect(log.changes.first?.author == "ada")
                #expect(log.changes.first?.actor.uid == getuid())

                let undone = try client.post("/v1/undo", UndoRequest(), as: UndoReply.self)
                #expect(undone.type == "policy")
                #expect(undone.name == nil)
                let after = try client.get("/v1/policy", as: PolicyReply.self)
                #expect(after.policy == PolicyBody())
            }
        }
    }

    @Test("a policy that was made from an older one is refused")
    func expectation() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let first = try Self.put(
                    client, PolicyBody(protectedBranches: ["main"]), expect: 0)
                for expect in [0, 1] as [UInt64] {
                    let problem = try #require(throws: Problem.self) {
                        _ = try Self.put(client, PolicyBody(), expect: expect)
                    }
                    #expect(problem.code == "head_moved")
                }
                _ = try Self.put(client, PolicyBody(), expect: first.operation)
            }
        }
    }

    @Test(
        "a policy that cannot be meant is refused with the field at fault",
        arguments: [
            (#"{"policy":{"rules":[{"role":"editor"}]}}"#, "policy.rules[0]"),
            (
                #"{"policy":{"rules":[{"uid":1,"anyone":true,"role":"editor"}]}}"#,
                "policy.rules[0]"
            ),
            (#"{"policy":{"rules":[{"uid":1,"role":"king"}]}}"#, "policy.rules[0].role"),
            (#"{"policy":{"rules":[{"uid":-1,"role":"editor"}]}}"#, "policy.rules[0].uid"),
            (#"{"policy":{"limits":{"king":{}}}}"#, "limits.king"),
            (#"{"policy":{"limits":{"editor":{"editCountMax":0}}}}"#, nil),
            (#"{"policy":{"protectedBranches":["a b"]}}"#, nil),
            (#"{"policy":{"surprise":1}}"#, "policy.surprise"),
            (#"{}"#, "policy"),
        ] as [(String, String?)])
    func badPolicy(body: String, field: String?) async throws {
        try await TestDaemon.run { daemon in
            let problem = try await daemon.call { client in
                try #require(throws: Problem.self) {
                    _ = try client.send(
                        Request(
                            method: "PUT", path: "/v1/policy", body: .json(Array(body.utf8))),
                        as: PolicyReply.self)
                }
            }
            #expect(problem.status == 400)
            #expect(problem.field == field)
        }
    }

    @Test("a user over the limit of the role is told when to come back; health needs no token")
    func rateLimit() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                // The owner is an admin; the limit of that role holds for owners, too.
                let policy = PolicyBody(
                    limits: ["admin": RoleLimits(requestsPerMinuteMax: 1)])
                _ = try Self.put(client, policy)
                _ = try client.get("/v1/facts", as: FactsReply.self)
                let connection = try RawConnection(daemon.socketPath)
                connection.send("GET /v1/facts HTTP/1.1\r\nHost: x\r\n\r\n")
                let reply = try #require(connection.reply())
                #expect(reply.status == 429)
                let retry = reply.head.split(separator: "\r\n").first {
                    $0.lowercased().hasPrefix("retry-after: ")
                }
                let seconds = retry.flatMap { Int($0.dropFirst("retry-after: ".count)) } ?? 0
                #expect((1...60).contains(seconds))
                #expect(reply.body.contains(#""code":"rate_limited""#))
                #expect(try client.get("/healthz", as: HealthReply.self).status == "ok")
            }
        }
    }

    @Test(
        "reads are written down with route and version where the policy says so, and no text of facts"
    )
    func auditedReads() async throws {
        try await TestDaemon.run { daemon in
            let head = try await daemon.call { client in
                _ = try client.get("/v1/facts", as: FactsReply.self)
                _ = try Self.put(client, PolicyBody(auditsReads: true))
                let facts = try client.get("/v1/facts", [("at", "main")], as: FactsReply.self)
                _ = try client.post(
                    "/v1/search", SearchRequest(query: "secret", at: "main~0"),
                    as: SearchReply.self)
                _ = try client.get("/v1/status", as: StatusReply.self)
                _ = try Self.put(client, PolicyBody())
                _ = try client.get("/v1/facts", as: FactsReply.self)
                return facts.commit
            }
            let events = try daemon.knowledge.journal.events(from: 0, limit: 100)
                .filter { $0.kind == "read" }
            let records = try events.map { try AccessRecord(decoding: $0.body) }
            #expect(records.map(\.route) == ["GET /v1/facts", "POST /v1/search"])
            #expect(records.map(\.revision) == ["main", "main~0"])
            #expect(records.map(\.commit) == [head, head])
            #expect(events.allSatisfy { $0.actor.uid == getuid() })
        }
    }

    @Test("every route but health asks for a permission")
    func permissions() {
        let open = RouteDescription.all.filter { $0.permission == nil }.map(\.path)
        #expect(Set(open) == ["/healthz", "/readyz"])
        let wanted: [String: Permission] = [
            "get /v1/facts": .read, "post /v1/ask": .read, "post /v1/search": .read,
            "get /v1/export": .read, "get /v1/operations": .audit, "post /v1/verify": .audit,
            "get /v1/policy/log": .audit, "put /v1/policy": .administer,
            "post /v1/index/rebuild": .administer, "post /v1/commits": .write,
            "post /v1/rollback": .maintain, "delete /v1/tags": .maintain,
        ]
        for route in RouteDescription.all {
            guard let permission = wanted["\(route.method) \(route.path)"] else { continue }
            #expect(route.permission == permission, "\(route.method) \(route.path)")
        }
    }
}
