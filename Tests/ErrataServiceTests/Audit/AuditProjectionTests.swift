import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation
import Testing

@Suite("the audit database")
struct AuditProjectionTests {
    /// Does something at random, that may be refused.
    private static func act(
        on base: KnowledgeBase, _ random: inout SplitMix64
    ) async throws {
        let branches = try base.branches()
        let branch = branches[Int.random(in: 0..<branches.count, using: &random)].name
        let actor = Bool.random(using: &random) ? Actor.ada : .grace
        let name = "n\(Int.random(in: 0..<5, using: &random))"
        let back = "\(branch)~\(Int.random(in: 0..<3, using: &random))"
        do {
            let place = CommitPlace(branch: branch, author: "Ö")
            switch Int.random(in: 0..<18, using: &random) {
            case 0: _ = try await base.createBranch(name, at: back, actor: actor)
            case 1: _ = try await base.deleteBranch(name, actor: actor)
            case 2: _ = try await base.createTag(name, at: back, message: "Ü \(name)", actor: actor)
            case 3: _ = try await base.rollback(branch: branch, to: back, actor: actor)
            case 4, 5:
                _ = try await base.revert(.revision(back), on: place, actor: actor)
            case 6:
                let other = branches[Int.random(in: 0..<branches.count, using: &random)].name
                _ = try await base.merge(other, into: place, actor: actor)
            case 7: _ = try await base.cherryPick(back, onto: place, actor: actor)
            case 8: _ = try await base.undo(nil, author: "Ö", actor: actor)
            case 9: _ = try await base.deleteTag(name, actor: actor)
            case 10:
                _ = try await base.journal.setPolicy(
                    Policy(rules: [], protectedBranches: [name]), actor: actor)
            case 11:
                _ = try await base.journal.redact(
                    base.journal.factID(for: "k1"), reason: "asked", actor: actor)
            default: try await commit(on: base, branch, actor, &random)
            }
        } catch let error as ServiceError {
            // Refused, and said so; anything else would be a defect.
            #expect(![.corrupt, .io].contains(error.code), "\(error)")
        } catch let error as JournalError {
            #expect(![.corrupt, .io].contains(error.code), "\(error)")
        }
    }

    private static func commit(
        on base: KnowledgeBase, _ branch: String, _ actor: Actor, _ random: inout SplitMix64
    ) async throws {
        var edits: [ErrataService.CommitRequest.EditRequest] = []
        for key in 0..<4 where Bool.random(using: &random) {
            let object = "o\(Int.random(in: 0..<3, using: &random))"
            edits.append(
                Bool.random(using: &random)
                    ? .assert(
                        FactDraft(key: "k\(key)", subject: "S\(key)", relation: "r", object: object)
                    ) : .retract("k\(key)"))
        }
        let author = Bool.random(using: &random) ? "Ärla" : nil
        _ = try await base.commit(
            .init(branch: branch, author: author, message: "Message ÄB\n=x,\"y\"", edits: edits),
            actor: actor)
    }

    @Test(
        "says what a fold over the operations says, and the same after it was deleted",
        arguments: UInt64(0)..<16)
    func fold(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        var base = try KnowledgeBase.audited(directory)
        var random = SplitMix64(seed: seed)
        try await base.registerModels()
        for _ in 0..<40 { try await Self.act(on: base, &random) }
        let operations = try base.journal.operations(from: 0, limit: .max)
        let expected = try AuditTables.folding(operations)
        let tables = try await base.auditTables()
        for (name, rows) in expected { #expect(tables[name] == rows, "\(name)") }
        await base.close()

        try FileManager.default.removeItem(atPath: directory.file("data/audit"))
        base = try KnowledgeBase.audited(directory)
        #expect(try await base.auditTables() == tables)
        await base.close()
    }

    @Test("says what a fold says of more operations, and of more edits, than are taken in together")
    func manyOperations() async throws {
        let directory = try TemporaryDirectory()
        var base = try KnowledgeBase.audited(directory)
        for (round, count) in [4_500, 1, 300].enumerated() {
            let drafts = (0..<count).map { i in
                FactDraft(key: "many-\(i)", subject: "S", relation: "r", object: "\(round) \(i)")
            }
            _ = try await base.commit(
                .init(message: "Many", edits: drafts.map { .assert($0) }), actor: .ada)
            for i in 0..<270 {
                let draft = FactDraft(subject: "T\(i)", relation: "r", object: "\(round)")
                _ = try await base.commit(
                    .init(message: "One", edits: [.assert(draft)]), actor: .grace)
            }
        }
        let operations = try base.journal.operations(from: 0, limit: .max)
        #expect(operations.count > 800)
        let expected = try AuditTables.folding(operations)
        await base.close()

        try FileManager.default.removeItem(atPath: directory.file("data/audit"))
        base = try KnowledgeBase.audited(directory)
        let tables = try await base.auditTables()
        for (name, rows) in expected { #expect(tables[name] == rows, "\(name)") }
        await base.close()
    }

    @Test(
        "is made anew where it is damaged, foreign or in the way",
        arguments: ["noise", "cut", "flipped", "foreign", "ahead"])
    func damage(kind: String) async throws {
        let directory = try TemporaryDirectory()
        var base = try KnowledgeBase.audited(directory)
        var random = SplitMix64(seed: 7)
        for _ in 0..<30 { try await Self.act(on: base, &random) }
        let tables = try await base.auditTables()
        await base.close()

        let path = directory.file("data/audit/audit.sqlite")
        var bytes = try Data(contentsOf: URL(filePath: path))
        switch kind {
        case "noise":
            bytes = Data((0..<10_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        case "cut": bytes = bytes.prefix(bytes.count / 2)
        case "flipped": for i in stride(from: 4_200, to: bytes.count, by: 97) { bytes[i] ^= 0x55 }
        case "foreign", "ahead": bytes = try await otherStore(operations: kind == "ahead" ? 90 : 10)
        default: break
        }
        try bytes.write(to: URL(filePath: path))
        base = try KnowledgeBase.audited(directory)
        #expect(try await base.auditTables() == tables)
        await base.close()
    }

    /// Returns the database of another store.
    private func otherStore(operations: Int) async throws -> Data {
        let directory = try TemporaryDirectory()
        let base = try KnowledgeBase.audited(directory)
        var random = SplitMix64(seed: 8)
        for _ in 0..<operations { try await Self.act(on: base, &random) }
        _ = try await base.auditTables()
        await base.close()
        return try Data(contentsOf: URL(filePath: directory.file("data/audit/audit.sqlite")))
    }

    @Test("what cannot be opened keeps nobody from committing, and is there once it can be")
    func inTheWay() async throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: directory.file("data"), withIntermediateDirectories: true)
        try Data("in the way".utf8).write(to: URL(filePath: directory.file("data/audit")))
        var configuration = KnowledgeBase.Configuration(
            dataDirectory: directory.file("data"), indexWait: .milliseconds(200))
        configuration.auditCommand = BuiltProgram.auditCommand
        let base = try KnowledgeBase(configuration)
        for number in 0..<5 {
            let draft = FactDraft(key: "k\(number)", statement: "s")
            _ = try await base.commit(.init(message: "m", edits: [.assert(draft)]), actor: .ada)
        }
        let error = await #expect(throws: ServiceError.self) { try await base.sql("SELECT 1") }
        #expect(error?.code == .auditNotReady)
        #expect(try await base.log(LogQuery(revision: "main", limit: 100)).items.count == 6)
        try FileManager.default.removeItem(atPath: directory.file("data/audit"))
        var count: [[AuditValue]]?
        for _ in 0..<100 where count == nil {
            count = try? await base.sql("SELECT count(*) FROM operations").rows
        }
        #expect(count == [[.integer(Int64(try base.journal.operationCount))]])
        await base.close()
    }

    @Test("holds no text of facts or questions")
    func noTexts() async throws {
        let directory = try TemporaryDirectory()
        let base = try KnowledgeBase.audited(directory)
        let draft = FactDraft(
            key: "zyxkey", subject: "Zyxsubject", relation: "zyxrelation", object: "Zyxobject")
        _ = try await base.commit(.init(message: "m", edits: [.assert(draft)]), actor: .ada)
        _ = try await base.ask(AskRequest(question: "Who is zyxquestion?"), actor: .ada)
        #expect(try await base.sql("SELECT count(*) FROM edits").rows == [[.integer(1)]])
        #expect(try await base.sql("SELECT kind FROM events").rows == [[.text("receipt")]])
        await base.close()
        for name in try FileManager.default.contentsOfDirectory(
            atPath: directory.file("data/audit"))
        {
            let bytes = try Data(contentsOf: URL(filePath: directory.file("data/audit/" + name)))
            let text = String(decoding: bytes, as: UTF8.self).lowercased()
            #expect(!text.contains("zyx"), "\(name)")
        }
    }

    @Test("shows reads and refusals that were recorded, by who made them")
    func events() async throws {
        let directory = try TemporaryDirectory()
        let base = try KnowledgeBase.audited(directory)
        let head = try base.resolve("main")
        try await base.recordRead(
            route: "GET /v1/facts", revision: "main", commit: head, actor: .ada)
        try await base.recordRefusal(
            route: "POST /v1/commits", code: "forbidden",
            revision: String(repeating: "ü", count: 400), actor: .grace)
        let rows = try await base.sql(
            "SELECT kind, user, uid, route, code, length(revision), commit_id FROM events"
        ).rows
        #expect(
            rows == [
                [
                    .text("read"), .text("ada"), .integer(1001), .text("GET /v1/facts"), .null,
                    .integer(4), .text(head.hex),
                ],
                [
                    .text("refusal"), .text("grace"), .integer(1002), .text("POST /v1/commits"),
                    .text("forbidden"), .integer(150), .null,
                ],
            ])
        let refusals = try await base.events(EventFilter(kind: "refusal"), limit: 10).items
        #expect(refusals.map(\.access?.code) == ["forbidden"])
        #expect(try await base.events(EventFilter(actor: "1001"), limit: 10).items.count == 1)
        await base.close()
    }
}
