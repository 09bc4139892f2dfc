import ErrataCore
import ErrataJournal
import Synchronization
import Testing

/// What the observer was told.
private final class Heard: Sendable {
    let sequences = Mutex<[UInt64]>([])
}

@Suite("Concurrent writers")
struct ConcurrencyTests {
    @Test(
        "of one branch lose no commit: each that wins is on the line, each that loses knows the head"
    )
    func headRace() async throws {
        try await withJournal { journal, _ in
            let won = try await withThrowingTaskGroup(of: [CommitID].self) { group in
                for writer in 0..<64 {
                    group.addTask { try await race(writer, in: journal) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(won.count == 64 * 3)
            let head = try journal.head(of: "main")
            let line = try journal.log(from: head, limit: .max).map(\.id)
            #expect(Set(line.dropLast()) == Set(won))
            #expect(line.count == won.count + 1)
            #expect(try journal.snapshot(at: head).count == 64 * 3)
            #expect(journal.verify().isClean)
        }
    }

    /// Commits three facts of its own, each time on the head that it read.
    private func race(_ writer: Int, in journal: Journal) async throws -> [CommitID] {
        var won: [CommitID] = []
        var head = try journal.head(of: "main")
        while won.count < 3 {
            do {
                let key = "w\(writer)-\(won.count)"
                won.append(try await journal.set([(key, "1")], expect: head).commit)
                head = won.last ?? head
            } catch let error as JournalError {
                #expect(error.code == .headMoved)
                head = try #require(error.head)
            }
        }
        return won
    }

    @Test("share transactions, and hear of each operation after it is durable")
    func observers() async throws {
        try await withJournal { journal, _ in
            let heard = Heard()
            journal.onCommit { sequence in heard.sequences.withLock { $0.append(sequence) } }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for i in 0..<50 {
                    group.addTask {
                        let outcome = try await journal.set([("k\(i)", "1")])
                        let last = heard.sequences.withLock { $0.last ?? 0 }
                        #expect(last >= outcome.operation)
                    }
                }
                try await group.waitForAll()
            }
            let sequences = heard.sequences.withLock { $0 }
            #expect(sequences == sequences.sorted())
            #expect(sequences.last == 50)
        }
    }

    @Test("do not disturb readers of a version, nor the version")
    func readersBesideWriters() async throws {
        try await withJournal { journal, _ in
            let base = try await journal.set((0..<200).map { ("k\($0)", "0") })
            let expected = try journal.values(at: base.commit)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for i in 0..<60 { try await journal.set([("k\(i)", "\(i + 1)")]) }
                }
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<10 {
                            let values = try journal.values(at: base.commit)
                            #expect(values == expected)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
