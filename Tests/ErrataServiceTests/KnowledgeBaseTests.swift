import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation
import Testing

@Suite("Knowledge base")
struct KnowledgeBaseTests {
    /// A store of a test's own, searched by words alone: no model is needed to test the use cases.
    private func open(_ directory: TemporaryDirectory) throws -> KnowledgeBase {
        try KnowledgeBase(.init(dataDirectory: directory.file("data"), indexWait: .seconds(30)))
    }

    private func commit(
        _ base: KnowledgeBase, _ subject: String, _ relation: String, _ object: String,
        by actor: Actor = .ada
    ) async throws -> CommitID {
        let draft = FactDraft(subject: subject, relation: relation, object: object)
        let request = CommitRequest(message: "Set \(subject)", edits: [.assert(draft)])
        return try await base.commit(request, actor: actor).commit
    }

    @Test("a correction changes the next answer and no old one")
    func correction() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        let old = try await commit(base, "Twitter", "chief executive officer", "Parag Agrawal")
        let question = "The chief executive officer of Twitter is"
        let before = try await base.ask(AskRequest(question: question), actor: .ada)
        #expect(before.answer == "Parag Agrawal")

        let new = try await commit(
            base, "Twitter", "chief executive officer", "Linda Yaccarino", by: .grace)
        let after = try await base.ask(AskRequest(question: question), actor: .ada)
        #expect(after.answer == "Linda Yaccarino")
        #expect(after.facts.first?.source.id == new)
        #expect(after.facts.first?.source.actor.uid == Actor.grace.uid)

        let asOf = try await base.ask(AskRequest(question: question, at: old.hex), actor: .grace)
        #expect(asOf.answer == "Parag Agrawal")
        #expect(asOf.receipt == before.receipt)
        #expect(asOf.facts.first?.source.id == old)
        await base.close()
    }

    @Test("an old version answers the same after 1,000 commits and with the index made anew")
    func asOfIsStable() async throws {
        let directory = try TemporaryDirectory()
        var base = try open(directory)
        for i in 0..<30 { _ = try await commit(base, "City \(i)", "mayor", "Person \(i)") }
        let version = try base.resolve("main").hex
        let questions = (0..<30).map { "The mayor of City \($0) is" } + ["mayor", "Person 7"]
        let before = try await answers(base, questions, at: version)
        for i in 0..<1_000 {
            _ = try await commit(base, "City \(i % 40)", "mayor", "Somebody \(i)")
        }
        #expect(try await answers(base, questions, at: version) == before)
        try await base.rebuildIndex()
        #expect(try await answers(base, questions, at: version) == before)
        await base.close()

        try FileManager.default.removeItem(atPath: directory.file("data/index"))
        base = try open(directory)
        #expect(try await answers(base, questions, at: version) == before)
        await base.close()
    }

    /// Answers, receipts and rankings as text: equal texts are equal replies.
    private func answers(
        _ base: KnowledgeBase, _ questions: [String], at version: String
    ) async throws -> [String] {
        var lines: [String] = []
        for question in questions {
            let reply = try await base.ask(AskRequest(question: question, at: version), actor: .ada)
            let hits = try await base.search(question, at: version, k: 20).hits
            lines.append(
                "\(reply.answer ?? "-") \(reply.id) "
                    + hits.map { "\($0.id) \($0.score) \($0.fact.statement)" }.joined(
                        separator: "|"))
        }
        return lines
    }

    @Test("an import with a bad line changes nothing")
    func importIsWhole() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        let head = try base.resolve("main")
        let bytes = Array("{\"statement\":\"a\"}\n{\"statement\":\"\"}\n".utf8)
        let error = await #expect(throws: ServiceError.self) {
            try await base.importFacts(bytes, ImportOptions(message: "x", batch: 1), actor: .ada)
        }
        #expect(error?.code == .invalidImport)
        #expect(error?.problems == [ImportProblem(line: 2, message: "statement: it is empty")])
        #expect(try base.resolve("main") == head)
        await base.close()
    }

    @Test("a batched import that revises what is not there changes nothing, and a dry run says so")
    func importChecksRevisions() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        let head = try base.resolve("main")
        let lines =
            #"{"statement":"a"}"# + "\n" + #"{"op":"revise","fact":{"key":"k","statement":"b"}}"#
        for isDryRun in [true, false] {
            let options = ImportOptions(message: "x", batch: 1, isDryRun: isDryRun)
            let error = await #expect(throws: ServiceError.self) {
                try await base.importFacts(Array(lines.utf8), options, actor: .ada)
            }
            #expect(error?.message == "line 2: no fact with the key 'k' is there to revise")
        }
        #expect(try base.resolve("main") == head)
        await base.close()
    }

    @Test(
        "an index that cannot be opened keeps nobody from committing, and is there once it can be")
    func indexNeverBlocks() async throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: directory.file("data"), withIntermediateDirectories: true)
        try Data("in the way".utf8).write(to: URL(filePath: directory.file("data/index")))
        let base = try open(directory)
        _ = try await commit(base, "Twitter", "CEO", "Linda Yaccarino")
        let question = AskRequest(question: "The CEO of Twitter is")
        let error = await #expect(throws: ServiceError.self) {
            try await base.ask(question, actor: .ada)
        }
        #expect(error?.code == .indexNotReady)
        #expect(try base.status().index.phase == .failed)
        try FileManager.default.removeItem(atPath: directory.file("data/index"))
        #expect(try await base.ask(question, actor: .ada).answer == "Linda Yaccarino")
        await base.close()
    }

    @Test("facts are found by key, id, beginning of the id, and subject with relation")
    func selectors() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        let draft = FactDraft(key: "x.1", subject: "X", relation: "colour", object: "red")
        let keyless = FactDraft(subject: "Y", relation: "colour", object: "blue")
        _ = try await base.commit(
            CommitRequest(message: "m", edits: [.assert(draft), .assert(keyless)]), actor: .ada)
        let id = try base.factID("x.1", at: "main")
        #expect(try base.factID(id.hex, at: "main") == id)
        #expect(try base.factID(String(id.hex.prefix(10)), at: "main") == id)
        let other = try base.factID("Y|colour", at: "main")
        #expect(other != id)
        #expect(throws: ServiceError.self) { try base.factID("nobody", at: "main") }
        #expect(throws: ServiceError.self) { try base.factID("", at: "main") }
        await base.close()
    }

    @Test("operations are filtered by actor, time and fact")
    func audit() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        _ = try await commit(base, "A", "b", "c")
        _ = try await commit(base, "A", "b", "d", by: .grace)
        _ = try await commit(base, "Z", "b", "d", by: .grace)
        func sequences(_ filter: OperationFilter) async throws -> [UInt64] {
            try await base.operations(filter, limit: 100).items.map(\.sequence)
        }
        #expect(try await sequences(OperationFilter()) == [3, 2, 1, 0])
        #expect(try await sequences(OperationFilter(actor: "grace")) == [3, 2])
        #expect(try await sequences(OperationFilter(actor: "1001")) == [1])
        #expect(try await sequences(OperationFilter(fact: "A|b")) == [2, 1])
        let third = try base.operation(3).time
        #expect(try await sequences(OperationFilter(since: third)) == [3])
        let page = try await base.operations(OperationFilter(), limit: 3)
        #expect(page.next == "1")
        await base.close()
    }

    @Test("questions over their limits are refused")
    func limits() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        for question in ["", " \n", String(repeating: "x", count: 4_001)] {
            await #expect(throws: ServiceError.self) {
                try await base.ask(AskRequest(question: question), actor: .ada)
            }
        }
        let none = try await base.ask(AskRequest(question: "\"*( NEAR OR"), actor: .ada)
        #expect(none.answer == nil)
        await base.close()
    }
}
