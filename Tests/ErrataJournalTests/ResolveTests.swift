import ErrataCore
import ErrataJournal
import Testing

@Suite("A revision")
struct ResolveTests {
    @Test("names commits by branch, tag, prefix, steps, operation and time")
    func forms() async throws {
        try await withJournal { journal, store in
            let root = try journal.head(of: "main")
            let start = store.clock.now
            store.clock.advance(seconds: 10)
            let first = try await journal.set([("a", "1")])
            _ = try await journal.createTag("v1", at: first.commit, actor: alice)
            store.clock.advance(seconds: 86_400)
            let second = try await journal.set([("a", "2")])
            _ = try await journal.rollback(branch: "main", to: first.commit, actor: alice)

            #expect(try journal.commit(at: "main") == first.commit)
            #expect(try journal.commit(at: "v1") == first.commit)
            #expect(try journal.commit(at: "main~1") == root)
            #expect(try journal.commit(at: "main~") == root)
            #expect(try journal.commit(at: "v1~0") == first.commit)
            for count in [8, 9, 12, 64] {
                let prefix = String(second.commit.hex.prefix(count))
                #expect(try journal.commit(at: prefix) == second.commit)
            }
            #expect(try journal.commit(at: "@0") == root)
            #expect(try journal.commit(at: "@2") == first.commit)
            #expect(try journal.commit(at: "@3") == second.commit)
            #expect(try journal.commit(at: "@4") == first.commit)
            #expect(try journal.commit(at: "main@{3}") == second.commit)
            #expect(try journal.commit(at: "main@{3}~2") == root)
            #expect(try journal.commit(at: "main@{\(start)}") == root)
            #expect(try journal.commit(at: "main@{\(first.time)}") == first.commit)
            let day = first.time.description.prefix(10)
            #expect(try journal.commit(at: "main@{\(day)}") == first.commit)
            let just = Timestamp(microseconds: second.time.microseconds - 1)
            #expect(try journal.commit(at: "main@{\(just)}") == first.commit)
            #expect(try journal.commit(at: "main@{9999-12-31}") == first.commit)
        }
    }

    @Test("that names nothing says why")
    func refusals() async throws {
        try await withJournal { journal, _ in
            let root = try journal.head(of: "main")
            _ = try await journal.createBranch("dev", at: root, actor: alice)
            _ = try await journal.deleteBranch("dev", actor: alice)
            for (text, message) in [
                ("nope", "'nope' names no version: there is no branch or tag of that name"),
                ("00000000", "'00000000' names no version: no commit's id begins with '00000000'"),
                ("main~4", "'main~4' names no version: only 0 commits lie before \(root.short)"),
                ("@2", "'@2' names no version: operation 2 of type 'branchDelete' left no version"),
                ("@77", "there is no operation 77, the last one is 2"),
                ("dev@{0}", "'dev@{0}' names no version: 'dev' did not exist then"),
                ("dev@{2}", "'dev@{2}' names no version: 'dev' was deleted before that"),
                (
                    "main@{1970-01-01}",
                    "'main@{1970-01-01}' names no version: the store is younger than that"
                ),
            ] {
                let error = #expect(throws: JournalError.self) { try journal.commit(at: text) }
                #expect(error?.message == message)
            }
            #expect(try journal.commit(at: "dev@{1}") == root)
        }
    }

    @Test("times never stand still, even if the clock goes back")
    func timesGrow() async throws {
        try await withJournal { journal, store in
            var times = [try journal.lastOperation.time]
            for i in 0..<5 {
                if i == 2 { store.clock.advance(seconds: -3600) }
                times.append(try await journal.set([("a", "\(i)")]).time)
            }
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        }
    }
}
