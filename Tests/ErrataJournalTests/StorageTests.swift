import ErrataCore
import ErrataJournal
import Foundation
import Testing

@Suite("Storage")
struct StorageTests {
    @Test("a second open of a store is refused with the holder's pid, until the first closes")
    func locked() async throws {
        let store = TemporaryStore()
        let journal = try store.open()
        let error = #expect(throws: JournalError.self) { try store.open() }
        #expect(error?.code == .storeLocked)
        #expect(error?.message == "the store in \(store.directory) is open in process \(getpid())")
        #expect(error?.hint == "Stop that process, or send requests to its socket.")
        await journal.close()
        await (try store.open()).close()
    }

    @Test("a journal that nobody closed finishes, and lets go of its directory")
    func abandoned() async throws {
        let store = TemporaryStore()
        let outcome = try await store.open().set([("a", "1")])
        var reopened: Journal?
        for _ in 0..<200 where reopened == nil {
            reopened = try? store.open()
            if reopened == nil { try await Task.sleep(for: .milliseconds(10)) }
        }
        let journal = try #require(reopened)
        #expect(try journal.head(of: "main") == outcome.commit)
        await journal.close()
    }

    @Test("a missing parent is named, a file in the way too")
    func badDirectories() throws {
        let missing = #expect(throws: JournalError.self) {
            try Journal.open(at: "/nonexistent/errata")
        }
        #expect(
            missing?.message == "cannot create /nonexistent/errata: No such file or directory (2)")
        let file = NSTemporaryDirectory() + "/errata-file-" + UUID().uuidString
        try Data().write(to: URL(filePath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let error = #expect(throws: JournalError.self) { try Journal.open(at: file) }
        #expect(error?.code == .io)
    }

    @Test("only its owner may read the files of a store")
    func permissions() async throws {
        let store = TemporaryStore()
        await (try store.open()).close()
        for file in ["keys", "lock", "journal/data.mdb", "events/data.mdb"] {
            let path = store.directory + "/" + file
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect((mode as? NSNumber)?.intValue == 0o600, "\(file)")
        }
    }

    @Test("keys are drawn ahead of use, and every payload has one of its own")
    func manyKeys() async throws {
        let store = TemporaryStore()
        let journal = try store.open()
        try await journal.set((0..<150).map { ("k\($0)", "1") })
        for i in 0..<100 { try await journal.set([("x", "\(i)")]) }
        #expect(journal.verify().payloadCount == 250)
        #expect(journal.verify().isClean)
        await journal.close()
        let size = try Data(contentsOf: URL(filePath: store.directory + "/keys")).count
        #expect(size > 64 + 250 * 32)
        #expect((size - 64).isMultiple(of: 32))
    }

    @Test("a value that comes back finds its old payload")
    func payloadsAreShared() async throws {
        try await withJournal { journal, _ in
            let first = try await journal.set([("a", "1")])
            try await journal.set([("a", "2")])
            let third = try await journal.set([("a", "1")])
            #expect(third.changes.first?.new == first.changes.first?.new)
            #expect(
                try journal.snapshot(at: third.commit).rootHash
                    == journal.snapshot(at: first.commit).rootHash)
            #expect(journal.verify().payloadCount == 2)
        }
    }

    @Test("free slots that a power cut left as zeros are drawn again")
    func tornKeys() async throws {
        let store = TemporaryStore()
        let before = try store.open()
        let outcome = try await before.set([("a", "1")])
        await before.close()
        let path = store.directory + "/keys"
        var keys = try Data(contentsOf: URL(filePath: path))
        keys.replaceSubrange((64 + 32)..<(64 + 128), with: Data(count: 96))
        try (keys.dropLast(7)).write(to: URL(filePath: path))
        let journal = try store.open()
        for i in 0..<100 { try await journal.set([("a", "\(i + 2)")]) }
        #expect(try journal.values(at: outcome.commit) == ["a": "1"])
        #expect(journal.verify().isClean)
        await journal.close()
    }
}
