import ErrataCore
import ErrataJournal
import ErrataTesting
import LMDB
import Testing

@Suite("A value that a client looked for before it waited")
struct FoundValueTests {
    /// Makes branches "b0", "b1" and so on.
    private static func branch(_ journal: Journal, count: Int) async throws {
        let head = try journal.head(of: "main")
        for i in 0..<count {
            _ = try await journal.createBranch("b\(i)", at: head, actor: alice)
        }
    }

    @Test("has one leaf, however many bring it at once")
    func oneLeaf() async throws {
        try await withJournal { journal, _ in
            try await Self.branch(journal, count: 32)
            for round in 0..<8 {
                let leaves = try await withThrowingTaskGroup(of: Leaf?.self) { group in
                    for i in 0..<32 {
                        group.addTask {
                            try await journal.set([("a", "value \(round)")], on: "b\(i)")
                                .changes.first?.new
                        }
                    }
                    return try await group.reduce(into: Set()) { $0.insert($1) }
                }
                #expect(leaves.count == 1)
            }
            #expect(journal.verify().isClean)
            #expect(journal.verify().payloadCount == 8)
        }
    }

    @Test("has one leaf beside many others of its fact, in whatever order they come")
    func oneLeafAmongMany() async throws {
        try await withJournal { journal, _ in
            try await Self.branch(journal, count: 16)
            let leaves = try await withThrowingTaskGroup(of: [Int: Leaf].self) { group in
                for i in 0..<16 {
                    group.addTask {
                        var leaves: [Int: Leaf] = [:]
                        var random = SplitMix64(seed: UInt64(i))
                        for value in (0..<40).shuffled(using: &random) {
                            let outcome = try await journal.set(
                                [("a", "value \(value)")], on: "b\(i)")
                            leaves[value] = outcome.changes.first?.new
                        }
                        return leaves
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(leaves[0].count == 40)
            #expect(Set(leaves).count == 1)
            #expect(journal.verify().isClean)
            #expect(journal.verify().payloadCount == 40)
        }
    }

    @Test("comes back as a new one if it was redacted meanwhile")
    func redactedMeanwhile() async throws {
        try await withJournal { journal, _ in
            let head = try journal.head(of: "main")
            let fact = journal.factID(for: "a")
            for round in 0..<40 {
                let branch = "b\(round)"
                _ = try await journal.createBranch(branch, at: head, actor: alice)
                try await journal.set([("a", "secret \(round)")])
                async let redaction = journal.redact(fact, reason: "must go", actor: alice)
                async let commit = journal.set([("a", "secret \(round)")], on: branch)
                let (redacted, outcome) = (try await redaction, try await commit)
                let leaf = try #require(outcome.changes.first?.new)
                let isLater = outcome.operation > redacted.operation
                #expect(redacted.leaves.contains(leaf) == !isLater)
                let value = try journal.value(of: fact, leaf: leaf)
                #expect((value == .redacted) == !isLater)
                if isLater {
                    _ = try await journal.redact(fact, reason: "must go", actor: alice)
                }
            }
            #expect(journal.verify().isClean)
        }
    }

    @Test("leaves its slot to others if the commit is refused")
    func refused() async throws {
        try await withJournal { journal, store in
            let stale = try journal.head(of: "main")
            try await journal.set([("a", "1")])
            for i in 0..<20 {
                await #expect(throws: JournalError.self) {
                    try await journal.set([("b", "\(i)"), ("c", "\(i)")], expect: stale)
                }
            }
            try await journal.set([("b", "1"), ("c", "1")])
            #expect(journal.verify().isClean)
            await journal.close()
            let slots = try RawStore(journalOf: store).rows()["meta"]?
                .first { $0.key == Array("slots".utf8) }
            #expect(slots?.value == [0, 0, 0, 0, 0, 0, 0, 3])
        }
    }

    @Test("may leave a slot without a row, which verification counts")
    func gaps() async throws {
        let store = TemporaryStore()
        let journal = try store.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for i in 0..<64 {
                group.addTask {
                    for round in 0..<8 {
                        // A commit that is refused gives its slot back after those behind it got theirs.
                        let stale = (i + round).isMultiple(of: 3) ? CommitID(.sha256([1])) : nil
                        _ = try? await journal.set([("k\(i)", "\(round)")], expect: stale)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(journal.verify().isClean)
        await journal.close()
        let again = try store.open()
        #expect(again.verify().isClean)
        let count = again.verify().payloadCount
        try await again.set([("new", "1"), ("k1", "new")])
        #expect(again.verify().isClean)
        #expect(again.verify().payloadCount == count + 2)
        await again.close()
        let raw = RawStore(journalOf: store)
        let slots = try raw.rows()["meta"]?.first { $0.key == Array("slots".utf8) }
        let value = try #require(slots?.value)
        try raw.set(
            value.prefix(8) + [UInt8](repeating: 0, count: 8), for: Array("slots".utf8), in: "meta")
        let damaged = try store.open()
        #expect(!damaged.verify().isClean)
        await damaged.close()
    }
}
