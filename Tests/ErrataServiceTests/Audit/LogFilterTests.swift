import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation
import Testing

@Suite("the log")
struct LogFilterTests {
    /// A store with two branches; messages say what was done.
    private func make(_ directory: TemporaryDirectory) async throws -> KnowledgeBase {
        let base = try KnowledgeBase.audited(directory)
        func commit(
            _ subject: String, _ message: String, on branch: String = "main", author: String? = nil,
            aliases: [String] = [], by actor: Actor = .ada
        ) async throws {
            let draft = FactDraft(
                subject: subject, relation: "r", object: message, aliases: aliases)
            _ = try await base.commit(
                .init(branch: branch, author: author, message: message, edits: [.assert(draft)]),
                actor: actor)
        }
        try await commit("Twitter", "One", aliases: ["Bird"])
        try await commit("Astana", "Two ÄÖ", author: "Ada")
        _ = try await base.createBranch("draft", at: "main", actor: .ada)
        try await commit("Twitter", "Three", on: "draft", by: .grace)
        try await commit("Astana", "Four", author: "Ada", by: .grace)
        try await commit("Twitter", "Five", on: "draft", author: "Bob")
        return base
    }

    private func messages(
        _ base: KnowledgeBase, at revision: String? = "main", _ edit: (inout CommitFilter) -> Void
    ) async throws -> [String] {
        var query = LogQuery(revision: revision, limit: 1)
        edit(&query.filter)
        var messages: [String] = []
        repeat {
            let page = try await base.log(query)
            messages += page.items.map(\.commit.message)
            query.cursor = page.next
        } while query.cursor != nil
        return messages
    }

    @Test("says how commits lie to each other when others are left out")
    func lines() async throws {
        let directory = try TemporaryDirectory()
        let base = try await make(directory)
        let five = try base.commitRecord("draft").operation
        let (four, one) = (
            try base.commitRecord("main").operation, try base.commitRecord("main~2").operation
        )
        let behind = try await base.lines(among: [five, four, one], firstParentOnly: false)
        #expect(behind == [[one], [one], []])
        let branch = try base.commitRecord("draft~1").operation - 1
        for wrong in [branch, UInt64.max] {
            let error = await #expect(throws: ServiceError.self) {
                try await base.lines(among: [five, wrong], firstParentOnly: true)
            }
            #expect(error?.code == .unknownOperation)
            #expect(error?.message == "there is no commit @\(wrong)")
        }
        let many = await #expect(throws: ServiceError.self) {
            try await base.lines(among: Array(repeating: one, count: 1_001), firstParentOnly: true)
        }
        #expect(many?.code == .limitExceeded)
        await base.close()
    }

    @Test("is narrowed by fact, subject, author, user, time and text, together and page by page")
    func filters() async throws {
        let directory = try TemporaryDirectory()
        let base = try await make(directory)
        #expect(try await messages(base) { _ in } == ["Four", "Two ÄÖ", "One", ""])
        #expect(
            try await messages(base, at: nil) { _ in }
                == ["Five", "Four", "Three", "Two ÄÖ", "One", ""])
        #expect(try await messages(base) { $0.author = "Ada" } == ["Four", "Two ÄÖ"])
        #expect(try await messages(base) { $0.actor = "grace" } == ["Four"])
        #expect(try await messages(base, at: nil) { $0.actor = "1002" } == ["Four", "Three"])
        #expect(
            try await messages(base, at: "draft") { $0.subject = "twitter" }
                == ["Five", "Three", "One"])
        #expect(
            try await messages(base, at: "draft") { $0.subject = "BIRD" } == [
                "Five", "Three", "One",
            ])
        #expect(try await messages(base) { $0.subject = "Nobody" } == [])
        #expect(try await messages(base) { $0.fact = "Astana|r" } == ["Four", "Two ÄÖ"])
        #expect(try await messages(base) { $0.text = "äö" } == ["Two ÄÖ"])
        #expect(try await messages(base) { $0.text = "%" } == [])
        let third = try base.commitRecord("draft~1").time
        #expect(
            try await messages(base, at: nil) { $0.until = third } == [
                "Three", "Two ÄÖ", "One", "",
            ])
        #expect(
            try await messages(base, at: nil) {
                $0.since = third
                $0.author = "Ada"
                $0.actor = "grace"
            } == ["Four"])
        await base.close()
    }

    @Test("refuses cursors and texts that are none")
    func refusals() async throws {
        let directory = try TemporaryDirectory()
        let base = try await make(directory)
        for cursor in ["", "x", "1.", "999", "-1", "1.x", "18446744073709551616"] {
            for author in [nil, "Ada"] where author == nil || UInt64(cursor) == nil {
                var query = LogQuery(revision: "main", limit: 5)
                query.cursor = cursor
                query.filter.author = author
                let error = await #expect(throws: ServiceError.self) { try await base.log(query) }
                #expect(error?.code == .invalidRequest, "\(cursor)")
            }
        }
        var query = LogQuery(revision: "main", limit: 5)
        query.filter.text = String(repeating: "x", count: LogQuery.textBytesMax + 1)
        let error = await #expect(throws: ServiceError.self) { try await base.log(query) }
        #expect(error?.code == .limitExceeded)
        await base.close()
    }
}
