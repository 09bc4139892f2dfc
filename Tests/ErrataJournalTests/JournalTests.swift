import ErrataCore
import ErrataJournal
import Testing

@Suite("A journal")
struct JournalTests {
    @Test("starts with main at a commit of no facts")
    func startsEmpty() async throws {
        try await withJournal { journal, _ in
            #expect(try journal.branches().map(\.name) == ["main"])
            let head = try journal.head(of: "main")
            let snapshot = try journal.snapshot(at: head)
            #expect(snapshot.count == 0)
            #expect(snapshot.rootHash == Digest.sha256([]))
            #expect(try journal.lastOperation.body.name == "init")
            #expect(try journal.commitRecord(head).commit.parents == [])
        }
    }

    @Test("keeps each version as it was")
    func keepsVersions() async throws {
        try await withJournal { journal, _ in
            let first = try await journal.set([("a", "1"), ("b", "1")])
            let second = try await journal.set([("a", "2"), ("b", nil), ("c", "3")])
            #expect(try journal.values(at: first.commit) == ["a": "1", "b": "1"])
            #expect(try journal.values(at: second.commit) == ["a": "2", "c": "3"])
            #expect(try journal.snapshot(at: second.commit).count == 2)
            #expect(try journal.head(of: "main") == second.commit)
            #expect(second.operation == 2)
            #expect(second.changes.count == 3)
        }
    }

    @Test("is the same after it was closed and opened again")
    func reopens() async throws {
        let store = TemporaryStore()
        var journal = try store.open()
        let outcome = try await journal.set([("a", "1")])
        await journal.close()
        journal = try store.open()
        #expect(try journal.values(at: outcome.commit) == ["a": "1"])
        let next = try await journal.set([("a", "2")])
        #expect(next.operation == outcome.operation + 1)
        await journal.close()
    }
}
