import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation
import LMDB
import Testing

@Suite("A damaged store")
struct DamageTests {
    /// A closed store that has rows in every table.
    func makeStore() async throws -> TemporaryStore {
        let store = TemporaryStore()
        let journal = try store.open()
        try await journal.set((0..<12).map { ("k\($0)", "1") })
        let second = try await journal.set([("k1", "2"), ("k2", nil)])
        _ = try await journal.revert(second.commit, on: "main", message: "", actor: alice)
        _ = try await journal.createBranch("dev", at: second.commit, actor: alice)
        _ = try await journal.createTag("v1", at: second.commit, actor: alice)
        try await journal.set([("k5", "5")], on: "dev")
        _ = try await journal.rollback(branch: "dev", to: second.commit, actor: alice)
        _ = try await journal.createBranch("gone", at: second.commit, actor: alice)
        _ = try await journal.deleteBranch("gone", actor: alice)
        for byte in [1, 2] as [UInt8] {
            let model = try ModelRegistration(
                name: "lookup", kind: .lookup, hash: .sha256([byte]), encoder: nil, precision: nil)
            _ = try await journal.registerModel(model, actor: alice)
        }
        try await addMerge(to: journal, at: second.commit)
        _ = try await journal.appendEvent(kind: "ask", body: [1], actor: alice)
        _ = try await journal.putReceipt(Digest.sha256([1]), body: [2], actor: alice)
        #expect(journal.verify().isClean)
        await journal.close()
        return store
    }

    /// A merge with a conflict, a redaction and a policy, away from `main`.
    private func addMerge(to journal: Journal, at commit: CommitID) async throws {
        _ = try await journal.createBranch("side", at: commit, actor: alice)
        try await journal.set([("k7", "dev"), ("new", "1")], on: "dev")
        let side = try await journal.set([("k7", "side")], on: "side")
        _ = try await journal.merge(side.commit, into: "dev", message: "", actor: alice)
        _ = try await journal.redact(journal.factID(for: "new"), reason: "asked", actor: alice)
        _ = try await journal.setPolicy(
            try Policy(rules: [], protectedBranches: ["main"]), actor: alice)
    }

    /// Opening refuses the store, or verification finds the damage.
    private func expectFound(_ store: TemporaryStore, _ what: String) async throws {
        let journal: Journal
        do { journal = try store.open() } catch let error as JournalError {
            #expect(
                [.corrupt, .unsupportedFormat].contains(error.code), "\(what): \(error)")
            return
        }
        #expect(!journal.verify().isClean, "\(what) is not found")
        await journal.close()
    }

    private func expectClean(_ store: TemporaryStore) async throws {
        let journal = try store.open()
        #expect(journal.verify().problems == [])
        await journal.close()
    }

    @Test(
        "is found out by one changed bit in any table",
        arguments: RawStore.journalTables)
    func flippedBits(table: String) async throws {
        let store = try await makeStore()
        let raw = RawStore(journalOf: store)
        // Damage to the layout's number has all derived tables made anew.
        let rows = try #require(try raw.rows()[table]).filter { $0.key != Array("derived".utf8) }
        #expect(!rows.isEmpty)
        var random = SplitMix64(seed: UInt64(table.utf8.count))
        for _ in 0..<6 {
            let row = rows[random.next(upTo: rows.count)]
            guard !row.value.isEmpty else { continue }
            var value = row.value
            let place = random.next(upTo: value.count)
            value[place] ^= 1 << UInt8(random.next(upTo: 8))
            try raw.set(value, for: row.key, in: table)
            try await expectFound(store, "a bit of byte \(place) in \(table)")
            try raw.set(row.value, for: row.key, in: table)
        }
        try await expectClean(store)
    }

    @Test("is found out by a missing or an extra row", arguments: RawStore.journalTables)
    func rowsThatDoNotBelong(table: String) async throws {
        let store = try await makeStore()
        let raw = RawStore(journalOf: store)
        let rows = try #require(try raw.rows()[table])
        if let row = rows.dropFirst(rows.count / 2).first {
            try raw.set(nil, for: row.key, in: table)
            try await expectFound(store, "a missing row of \(table)")
            try raw.set(row.value, for: row.key, in: table)
        }
        let extra = [UInt8](repeating: 0x7a, count: rows.first?.key.count ?? 8)
        try raw.set(rows.first?.value ?? [1], for: extra, in: table)
        try await expectFound(store, "an extra row of \(table)")
    }

    @Test("is found out by a row cut short", arguments: RawStore.journalTables)
    func shortRows(table: String) async throws {
        let store = try await makeStore()
        let raw = RawStore(journalOf: store)
        guard let row = try raw.rows()[table]?.last(where: { !$0.value.isEmpty }) else { return }
        for count in [0, row.value.count / 2, row.value.count - 1] {
            try raw.set(Array(row.value.prefix(count)), for: row.key, in: table)
            try await expectFound(store, "\(count) of \(row.value.count) bytes in \(table)")
        }
    }

    @Test("that lost the places of payloads erases what was redacted, and is made whole")
    func lostPlaces() async throws {
        let store = try await makeStore()
        let raw = RawStore(journalOf: store)
        let tables = try raw.rows()
        let rows = try #require(tables["history"])
        let places = rows.filter { $0.key.count == 49 }
        #expect(places.count > 4)
        for (i, row) in places.enumerated() {
            try raw.set(i % 2 == 0 ? nil : [0xff], for: row.key, in: "history")
        }
        // As if the power went before the key of what was redacted was erased.
        let redacted = try #require(tables["payloads"]?.first { $0.value.count == 40 })
        let slot = try #require(redacted.value.last)
        let keys = try FileHandle(forUpdating: URL(filePath: store.directory + "/keys"))
        try keys.seek(toOffset: 64 + 32 * UInt64(slot))
        try keys.write(contentsOf: Data(repeating: 1, count: 32))
        let damaged = try store.open()
        try keys.seek(toOffset: 64 + 32 * UInt64(slot))
        #expect(try keys.read(upToCount: 32) == Data(count: 32))
        try keys.close()
        #expect(damaged.verify().problems.contains { $0.place == "history" })
        // To redact all values of a fact must not leave one out.
        let error = await #expect(throws: JournalError.self) {
            try await damaged.redact(damaged.factID(for: "k1"), reason: "asked", actor: alice)
        }
        #expect(error?.code == .corrupt)
        await damaged.close()
        // A copy is what a repair begins with.
        let target = store.directory + "-copy"
        let verifier = try StoreVerifier(reading: store.directory)
        try StoreCopy(of: verifier, in: store.directory).write(to: target) { _, _ in }
        verifier.close()
        var options = JournalOptions()
        options.rebuildsDerived = true
        let mended = try Journal.open(at: target, options: options)
        #expect(mended.verify().problems == [])
        await mended.close()
        let copied = try Environment(at: target + "/journal")
        defer { copied.close() }
        let history = try copied.tables(named: ["history"])[0]
        #expect(try copied.read { try $0.count(of: history) } == rows.count)
        try FileManager.default.removeItem(atPath: target)
    }

    @Test("is found out by changed events and receipts", arguments: RawStore.eventTables)
    func damagedEvents(table: String) async throws {
        let store = try await makeStore()
        let raw = RawStore(eventsOf: store)
        let row = try #require(try raw.rows()[table]?.last)
        var value = row.value
        value[0] ^= 1
        try raw.set(value, for: row.key, in: table)
        try await expectFound(store, "a bit of \(table)")
        try raw.set(nil, for: row.key, in: table)
        if table != "meta" { try await expectFound(store, "a missing row of \(table)") }
    }

    @Test("is refused with a key file that is missing, foreign, short or changed")
    func damagedKeys() async throws {
        let store = try await makeStore()
        let other = try await makeStoreElsewhere()
        let path = store.directory + "/keys"
        let good = try Data(contentsOf: URL(filePath: path))
        let header = good.prefix(64)
        var changed = good
        changed[40] ^= 1
        for (bytes, message) in [
            (good.prefix(10), "the key file has 10 bytes, its header alone has 64"),
            (header, "the key file has 0 slots, the journal uses 17"),
            (Data(count: 1000), "the key file has no magic number"),
            (changed, "the header of the key file is damaged"),
            (other, "the key file belongs to another store than the journal"),
        ] {
            try bytes.write(to: URL(filePath: path))
            let error = #expect(throws: JournalError.self) { try store.open() }
            #expect(error?.code == .corrupt)
            #expect(error?.message == message)
        }
        try FileManager.default.removeItem(atPath: path)
        let missing = #expect(throws: JournalError.self) { try store.open() }
        #expect(missing?.message == "cannot open \(path): No such file or directory (2)")
        try good.write(to: URL(filePath: path))
        try await expectClean(store)
    }

    private func makeStoreElsewhere() async throws -> Data {
        let store = TemporaryStore(seed: 99)
        await (try store.open()).close()
        return try Data(contentsOf: URL(filePath: store.directory + "/keys"))
    }

    @Test("gives no text for a value whose key is gone, and all others")
    func erasedKey() async throws {
        let store = try await makeStore()
        let path = store.directory + "/keys"
        var keys = try Data(contentsOf: URL(filePath: path))
        keys.replaceSubrange(64..<96, with: Data(count: 32))
        try keys.write(to: URL(filePath: path))
        let journal = try store.open()
        let head = try journal.head(of: "main")
        let entries = try journal.snapshot(at: head).entries(limit: 100)
        let facts = try journal.facts(entries.map { ($0.fact, $0.leaf) })
        #expect(facts.count { $0 == nil } == 1)
        #expect(facts.count { $0 != nil } == 11)
        let report = journal.verify()
        #expect(report.problems.count == 1)
        #expect(report.problems.first?.place == "keys")
        await journal.close()
    }

    @Test("without its journal is not taken for a new one")
    func missingJournal() async throws {
        let store = try await makeStore()
        try FileManager.default.removeItem(atPath: store.directory + "/journal")
        let error = #expect(throws: JournalError.self) { try store.open() }
        #expect(error?.code == .corrupt)
        #expect(error?.message == "\(store.directory) has used keys but no journal")
    }

    @Test("with an emptied journal is not taken for a new one")
    func emptiedJournal() async throws {
        let store = try await makeStore()
        let data = URL(filePath: store.directory + "/journal/data.mdb")
        try Data().write(to: data)
        let error = #expect(throws: JournalError.self) { try store.open() }
        #expect(error?.code == .corrupt)
        #expect(error?.message == "the key file has slots, but the journal is empty")
    }

    @Test("written by a later program is refused by its version or flags")
    func laterFormats() async throws {
        let store = try await makeStore()
        let raw = RawStore(journalOf: store)
        let key = Array("format".utf8)
        let good = try #require(try raw.rows()["meta"]?.first { $0.key == key }?.value)
        var fields = try CBORFields(CBOR(decoding: good), of: "format")
        let id = try fields.value(3)
        for (version, reader, writer, message) in [
            (2, 0, 0, "the journal has format version 2, this program knows version 1"),
            (1, 13, 0, "the journal uses features that this program does not know: flags 0x8"),
            (1, 0, 16, "the journal uses features that this program does not know: flags 0x10"),
        ] as [(UInt64, UInt64, UInt64, String)] {
            let row = CBOR.fields([
                (0, .unsigned(version)), (1, .unsigned(reader)), (2, .unsigned(writer)), (3, id),
            ])
            try raw.set(row.encoded, for: key, in: "meta")
            let error = #expect(throws: JournalError.self) { try store.open() }
            #expect(error?.code == .unsupportedFormat)
            #expect(error?.message == message)
        }
    }

    @Test("with an operation of a reserved type names the type")
    func reservedTypes() async throws {
        let store = try await makeStore()
        let raw = RawStore(journalOf: store)
        let last = try #require(try raw.rows()["operations"]?.last)
        guard case .map(var entries) = try CBOR(decoding: last.value) else { return }
        entries[1] = .init(.unsigned(1), .unsigned(10))
        try raw.set(CBOR.map(entries).encoded, for: last.key, in: "operations")
        let error = #expect(throws: JournalError.self) { try store.open() }
        #expect(
            error?.message
                == "operation 17 is damaged: operation type 'conflict' is reserved at byte 0"
        )
    }
}
