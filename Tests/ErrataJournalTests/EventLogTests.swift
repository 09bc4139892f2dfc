import ErrataCore
import ErrataJournal
import Testing

@Suite("The event log")
struct EventLogTests {
    @Test("gives back what was appended, in order, also after reopening")
    func keepsEvents() async throws {
        let store = TemporaryStore()
        var journal = try store.open()
        for i in 0..<5 {
            let sequence = try await journal.appendEvent(
                kind: "ask", body: [UInt8(i)], actor: alice)
            #expect(sequence == UInt64(i))
        }
        await journal.close()
        journal = try store.open()
        #expect(try await journal.appendEvent(kind: "ask", body: [5], actor: alice) == 5)
        let events = try journal.events(from: 2, limit: 3)
        #expect(events.map(\.body) == [[2], [3], [4]])
        #expect(events.allSatisfy { $0.actor == alice && $0.kind == "ask" })
        #expect(try journal.events(from: 0, limit: 100).count == 6)
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.time < $1.time })
        let error = #expect(throws: JournalError.self) { try journal.event(6) }
        #expect(error?.message == "there is no event 6")
        #expect(journal.verify().eventCount == 6)
        await journal.close()
    }

    @Test("finds a receipt by its id and keeps the first of one id")
    func receipts() async throws {
        try await withJournal { journal, _ in
            let id = Digest.sha256([1])
            let first = try await journal.putReceipt(id, body: [1, 2], actor: alice)
            let again = try await journal.putReceipt(id, body: [3], actor: alice)
            #expect(first == again)
            #expect(try journal.receipt(id)?.body == [1, 2])
            #expect(try journal.receipt(id)?.kind == Journal.receiptKind)
            #expect(try journal.receipt(Digest.sha256([2])) == nil)
            #expect(journal.verify().isClean)
        }
    }

    @Test("concurrent events each get a place of their own")
    func concurrentEvents() async throws {
        try await withJournal { journal, _ in
            let places = try await withThrowingTaskGroup(of: UInt64.self) { group in
                for i in 0..<100 {
                    group.addTask {
                        try await journal.appendEvent(
                            kind: "ask", body: [UInt8(i)], actor: alice)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(places.sorted() == Array(0..<100))
        }
    }

    @Test("refuses bodies and kinds over their limits")
    func limits() async throws {
        try await withJournal { journal, _ in
            let body = [UInt8](repeating: 0, count: Event.bodyBytesMax + 1)
            let error = await #expect(throws: JournalError.self) {
                try await journal.appendEvent(kind: "ask", body: body, actor: alice)
            }
            #expect(error?.code == .limitExceeded)
            #expect(
                error?.message == "the size of the event is 1048577, at most 1048576 is allowed")
        }
    }
}
