import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import Glibc
import Testing

@Suite("the routes")
struct RoutesTests {
    private static func set(_ subject: String, _ relation: String, _ object: String) -> EditRequest
    {
        .assert(FactBody(FactDraft(subject: subject, relation: relation, object: object)))
    }

    private static func commit(
        _ client: Client, _ message: String, _ edits: EditRequest...
    ) throws -> CommitReply {
        try client.post(
            "/v1/commits", CommitRequest(message: message, author: "ada", edits: edits),
            as: CommitReply.self)
    }

    @Test("commit, correct, look back, revert and roll back over the socket")
    func session() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let first = try Self.commit(
                    client, "first", Self.set("Twitter", "chief executive", "Elon Musk"))
                #expect(first.branch == "main")
                #expect(first.counts == ChangeCounts(asserted: 1, revised: 0, retracted: 0))
                let second = try Self.commit(
                    client, "second", Self.set("Twitter", "chief executive", "Linda Yaccarino"))
                #expect(second.counts.revised == 1)

                let log = try client.get("/v1/commits", as: LogReply.self)
                #expect(log.commits.map(\.message).prefix(2) == ["second", "first"])
                #expect(log.commits[0].author == "ada")
                #expect(log.commits[0].actor.uid == getuid())
                #expect(log.commits[0].actor.pid == getpid())
                #expect(log.commits[0].actor.socket == daemon.socketPath)

                let diff = try client.get(
                    "/v1/diff", [("from", first.commit.hex), ("to", "main")], as: DiffReply.self)
                #expect(diff.changes.map(\.before?.object) == ["Elon Musk"])
                #expect(diff.changes.map(\.after?.object) == ["Linda Yaccarino"])

                let key = "Twitter|chief executive"
                let blame = try client.get("/v1/blame", [("key", key)], as: BlameReply.self)
                #expect(blame.introducedBy.commit == second.commit)
                let old = try client.get(
                    "/v1/blame", [("key", key), ("at", "main~1")], as: BlameReply.self)
                #expect(old.introducedBy.commit == first.commit)
                #expect(old.fact?.object == "Elon Musk")
                let history = try client.get("/v1/history", [("key", key)], as: HistoryReply.self)
                #expect(history.entries.map(\.change.kind) == [.revise, .assert])

                let detail = try client.get(
                    "/v1/commit", [("rev", "main")], as: CommitDetailReply.self)
                #expect(detail.factCount == 1)
                #expect(detail.changes == diff.changes)

                let reverted = try client.post(
                    "/v1/revert", RevertRequest(rev: "main"), as: CommitReply.self)
                #expect(reverted.counts.revised == 1)
                let rolled = try client.post(
                    "/v1/rollback", RollbackRequest(branch: "main", to: first.commit.hex),
                    as: RollbackReply.self)
                #expect(rolled.from == reverted.commit)
                #expect(rolled.commit == first.commit)
            }
        }
    }

    @Test("merge, see the conflict, choose and undo over the socket")
    func merging() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let key = "Twitter|chief executive"
                _ = try Self.commit(client, "base", Self.set("Twitter", "chief executive", "A"))
                _ = try client.post("/v1/branches", RefRequest(name: "draft"), as: RefRecord.self)
                let theirs = try client.post(
                    "/v1/commits",
                    CommitRequest(
                        branch: "draft", message: "theirs", author: "grace",
                        edits: [Self.set("Twitter", "chief executive", "B")]),
                    as: CommitReply.self)
                let ours = try Self.commit(
                    client, "ours", Self.set("Twitter", "chief executive", "C"))
                let merged = try client.post(
                    "/v1/merge", MergeRequest(from: "draft", author: "ada"), as: MergeReply.self)
                #expect(merged.from == ours.commit)
                #expect(merged.conflictCount == 1)
                #expect(!merged.isFastForward)

                let list = try client.get("/v1/conflicts", as: ConflictsReply.self)
                #expect(list.count == 1)
                let conflict = try #require(list.conflicts.first)
                #expect(conflict.base?.fact?.object == "A")
                #expect(conflict.sides.map(\.fact?.object) == ["C", "B"])
                #expect(conflict.sides.map(\.introducedBy?.author) == ["ada", "grace"])
                let facts = try client.get("/v1/facts", as: FactsReply.self)
                #expect(facts.facts.isEmpty)
                #expect(facts.conflicts.map(\.id) == [conflict.id])
                let diff = try client.get(
                    "/v1/diff", [("from", "main~1"), ("to", "main")], as: DiffReply.self)
                #expect(diff.changes.first?.before?.object == "C")
                #expect(diff.changes.first?.conflictAfter?.map(\.fact?.object) == ["C", "B"])
                let blame = try client.get("/v1/blame", [("key", key)], as: BlameReply.self)
                #expect(blame.fact == nil)
                #expect(blame.introducedBy.commit == merged.commit)
                #expect(
                    blame.conflict?.map(\.introducedBy?.commit) == [ours.commit, theirs.commit])

                let resolved = try client.post(
                    "/v1/resolve", ResolveRequest(fact: key, side: 2), as: CommitReply.self)
                #expect(resolved.conflictCount == 0)
                let after = try client.get(
                    "/v1/blame", [("key", key), ("fields", "true")], as: BlameReply.self)
                #expect(after.introducedBy.commit == theirs.commit)
                let object = after.fields?.first { $0.field == "object" }
                #expect(object?.introducedBy.commit == theirs.commit)

                let undone = try client.post(
                    "/v1/undo", UndoRequest(author: "ada"), as: UndoReply.self)
                #expect(undone.undone == resolved.operation)
                #expect(undone.commit == merged.commit)
                #expect(undone.from == resolved.commit)
            }
        }
    }

    @Test("a fast-forward moves the branch, and a revert can be tried first")
    func fastForwardAndPlan() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let base = try Self.commit(client, "base", Self.set("A", "b", "1"))
                _ = try client.post("/v1/branches", RefRequest(name: "draft"), as: RefRecord.self)
                let theirs = try client.post(
                    "/v1/commits",
                    CommitRequest(
                        branch: "draft", message: "theirs", edits: [Self.set("A", "b", "2")]),
                    as: CommitReply.self)
                let merged = try client.post(
                    "/v1/merge", MergeRequest(from: "draft", fastForward: .only),
                    as: MergeReply.self)
                #expect(merged.isFastForward)
                #expect((merged.from, merged.commit) == (base.commit, theirs.commit))
                #expect(merged.counts.revised == 1)
                let plan = try client.post(
                    "/v1/revert", RevertRequest(by: "\(getuid())", dryRun: true),
                    as: RevertPlanReply.self)
                #expect(plan.head == theirs.commit)
                #expect(plan.commits.map(\.commit) == [theirs.commit, base.commit])
                #expect(plan.counts.retracted == 1)
                let head = try client.get("/v1/commits", [("limit", "1")], as: LogReply.self)
                #expect(head.commits.first?.commit == theirs.commit)
            }
        }
    }

    @Test("who the client names stands on every operation that it asks for")
    func authors() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let base = try Self.commit(client, "base", Self.set("A", "b", "1"))
                _ = try Self.commit(client, "more", Self.set("A", "b", "2"))
                let draft = RefRequest(name: "draft", author: "eve")
                _ = try client.post("/v1/branches", draft, as: RefRecord.self)
                let tag = RefRequest(name: "v1", author: "eve")
                _ = try client.post("/v1/tags", tag, as: RefRecord.self)
                for (path, name) in [("/v1/branches", "draft"), ("/v1/tags", "v1")] {
                    _ = try client.delete(
                        path, [("name", name), ("author", "eve")], as: RefRecord.self)
                }
                _ = try client.post(
                    "/v1/rollback",
                    RollbackRequest(branch: "main", to: base.commit.hex, author: "eve"),
                    as: RollbackReply.self)
                _ = try client.post("/v1/undo", UndoRequest(author: "eve"), as: UndoReply.self)
                let operations = try client.get(
                    "/v1/operations", [("limit", "6")], as: OperationsReply.self)
                #expect(
                    operations.operations.map(\.type) == [
                        "undo", "rollback", "tagDelete", "branchDelete", "tagCreate",
                        "branchCreate",
                    ])
                #expect(operations.operations.allSatisfy { $0.author == "eve" })
            }
        }
    }

    @Test("names are made, listed and deleted")
    func names() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let made = try client.post(
                    "/v1/branches", RefRequest(name: "draft"), as: RefRecord.self)
                let tag = try client.post(
                    "/v1/tags", RefRequest(name: "v1", message: "checked"), as: RefRecord.self)
                #expect(tag.commit == made.commit)
                let branches = try client.get("/v1/branches", as: BranchesReply.self)
                #expect(branches.branches.map(\.name) == ["draft", "main"])
                let tags = try client.get("/v1/tags", as: TagsReply.self)
                #expect(tags.tags.map(\.name) == ["v1"])
                _ = try client.delete("/v1/branches", [("name", "draft")], as: RefRecord.self)
                let rest = try client.get("/v1/branches", as: BranchesReply.self)
                #expect(rest.branches.map(\.name) == ["main"])
                let operations = try client.get(
                    "/v1/operations", [("actor", "\(getuid())")], as: OperationsReply.self)
                #expect(
                    operations.operations.map(\.type).prefix(3)
                        == ["branchDelete", "tagCreate", "branchCreate"])
            }
        }
    }

    @Test("an answer has a receipt, and the same question at the same version the same one")
    func receipts() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let commit = try Self.commit(
                    client, "first", Self.set("France", "capital", "Paris"))
                let question = AskRequest(
                    question: "The capital of France is", at: commit.commit.hex)
                let reply = try client.post("/v1/ask", question, as: AskReply.self)
                #expect(reply.commit == commit.commit)
                _ = try Self.commit(client, "later", Self.set("Italy", "capital", "Rome"))
                let again = try client.post("/v1/ask", question, as: AskReply.self)
                #expect(again.receipt == reply.receipt)
                #expect(again.answer == reply.answer)
                let receipt = try client.get(
                    "/v1/receipts/\(reply.receipt)", as: ReceiptReply.self)
                #expect(receipt.question == question.question)
                #expect(receipt.actor.uid == getuid())
                let found = try client.post(
                    "/v1/search", SearchRequest(query: "capital Italy"), as: SearchReply.self)
                #expect(found.mode == "lexical")
                #expect(found.hits.first?.statement == "The capital of Italy is Rome")
            }
        }
    }

    @Test("an answer of null is written out")
    func nullAnswer() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let body = try JSONCoding.encode(AskRequest(question: "Who is anybody?"))
                let data = try client.data(
                    of: Request(method: "POST", path: "/v1/ask", body: .json(Array(body))))
                #expect(String(decoding: data, as: UTF8.self).hasPrefix("{\"answer\":null,"))
            }
        }
    }

    @Test("an export is what an import takes, and the facts come back")
    func exportAndImport() async throws {
        let lines = try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let edits = (0..<1_203).map { Self.set("city \($0)", "mayor", "person \($0)") }
                _ = try client.post(
                    "/v1/commits", CommitRequest(message: "many", edits: edits),
                    as: CommitReply.self)
                return try client.data(of: Request(method: "GET", path: "/v1/export"))
            }
        }
        #expect(lines.split(separator: UInt8(ascii: "\n")).count == 1_203)
        try await TestDaemon.run { daemon in
            let file = daemon.directory.file("facts.jsonl")
            try lines.write(to: URL(fileURLWithPath: file))
            let (reply, phases) = try await daemon.call { client in
                try Self.importFile(file, client, [("batch", "500")])
            }
            #expect(reply.edits == 1_203)
            #expect(reply.commits.count == 3)
            #expect(phases.last == ProgressRecord(phase: "Committing", done: 1_203, total: 1_203))
            let facts = try await daemon.call {
                try $0.get("/v1/facts", [("limit", "1")], as: FactsReply.self)
            }
            #expect(facts.factCount == 1_203)
            let again = try await daemon.call { try Self.importFile(file, $0, []) }
            #expect(again.reply.unchanged == 1_203)
            #expect(again.reply.commits.isEmpty)
        }
    }

    @Test("a bad line is refused by its number and nothing is imported, dry run or not")
    func badImport() async throws {
        try await TestDaemon.run { daemon in
            let file = daemon.directory.file("facts.jsonl")
            let text = """
                {"subject":"France","relation":"capital","object":"Paris"}
                {"subject":"France","relation":"capital","objekt":"Paris"}
                nonsense
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            let problem = try await daemon.call { client in
                try #require(throws: Problem.self) { try Self.importFile(file, client, []) }
            }
            #expect(problem.code == "invalid_import")
            #expect(problem.lines?.map(\.line) == [2, 3])
            let status = try await daemon.call { try $0.get("/v1/status", as: StatusReply.self) }
            #expect(status.journal.operations == 2)
            #expect(status.journal.facts == 0)
        }
    }

    private static func importFile(
        _ path: String, _ client: Client, _ query: [(String, String?)]
    ) throws -> (reply: ImportReply, phases: [ProgressRecord]) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var phases: [ProgressRecord] = []
        let request = Request(
            method: "POST", path: "/v1/import", query: query,
            body: .file(
                descriptor: file, mediaType: "application/octet-stream", byteCount: nil,
                progress: { _ in }))
        let reply = try client.streamed(request, as: ImportReply.self) { phases.append($0) }
        return (reply, phases)
    }

    @Test("verify, the index, health and metrics answer")
    func operations() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                _ = try Self.commit(client, "first", Self.set("France", "capital", "Paris"))
                let verified = try client.streamed(
                    Request(method: "POST", path: "/v1/verify"), as: VerifyReply.self
                ) { _ in }
                #expect(verified.isIntact)
                #expect(verified.operations == 3)
                let index = try client.send(
                    Request(method: "POST", path: "/v1/index/rebuild"), as: IndexStatusReply.self)
                #expect(index.state == "ready")
                #expect(try client.get("/readyz", as: HealthReply.self).status == "ready")
                #expect(try client.get("/healthz", as: HealthReply.self).status == "ok")
                let data = try client.data(of: Request(method: "GET", path: "/metrics"))
                let text = String(decoding: data, as: UTF8.self)
                #expect(text.contains("errata_commits_total 1\n"))
                #expect(
                    text.contains(
                        "errata_requests_total{route=\"POST /v1/commits\",status=\"201\"} 1\n"))
                #expect(text.contains("errata_operations 3\n"))
            }
        }
    }
}
