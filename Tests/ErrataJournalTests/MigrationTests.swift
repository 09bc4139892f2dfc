import ErrataCore
import ErrataJournal
import Foundation
import LMDB
import Synchronization
import Testing

@Suite("Payloads that an earlier program stored by fact")
struct MigrationTests {
    /// Puts every `stride`th payload of a closed store where an earlier program had it, and takes the mark of the derived
    /// tables away.
    private static func unmove(_ store: TemporaryStore, every stride: Int) throws {
        let raw = RawStore(journalOf: store)
        let rows = try #require(try raw.rows()["payloads"])
        for (i, row) in rows.enumerated() where i % stride == 0 {
            let (leaf, sealed) = (row.value.prefix(Digest.byteCount), row.value.dropFirst(32))
            try raw.set(nil, for: row.key, in: "payloads")
            try raw.set(Array(sealed), for: Array(row.key.dropFirst(8) + leaf), in: "payloads")
        }
        try raw.set(nil, for: Array("derived".utf8), in: "meta")
    }

    @Test(
        "move to the operations that brought them, also after a move that was cut off",
        arguments: 1...3)
    func moves(stride: Int) async throws {
        let store = try await DamageTests().makeStore()
        let rows = try RawStore(journalOf: store).rows()
        #expect(try #require(rows["redactions"]).count > 0)
        try MigrationTests.unmove(store, every: stride)
        let journal = try store.open()
        #expect(journal.verify().problems == [])
        await journal.close()
        #expect(try RawStore(journalOf: store).rows() == rows)
    }

    @Test("of a released format move on after a move that was cut off")
    func movesOfFixture() async throws {
        let fixture = StoreFixture(name: "1-layout-2")
        let store = try fixture.unpacked()
        await (try store.open()).close()
        try MigrationTests.unmove(store, every: 2)
        let journal = try store.open()
        #expect(journal.verify().problems == [])
        let text = try String(contentsOf: fixture.description, encoding: .utf8)
        #expect(try journal.inventory() == text)
        await journal.close()
    }

    @Test("are told from damage by who only reads")
    func refusedToReaders() throws {
        let store = try StoreFixture(name: "1-layout-2").unpacked()
        let error = #expect(throws: JournalError.self) {
            try StoreVerifier(reading: store.directory)
        }
        #expect(error?.code == .storeOutdated)
        #expect(
            error?.message.hasSuffix("its payloads are not in the order of the operations") == true)
    }

    @Test("that were cut off while they moved are told from damage by who only reads")
    func cutOffForReaders() async throws {
        let store = try StoreFixture(name: "1-layout-2").unpacked()
        await (try store.open()).close()
        try MigrationTests.unmove(store, every: 2)
        let error = #expect(throws: JournalError.self) {
            try StoreVerifier(reading: store.directory)
        }
        #expect(error?.code == .storeOutdated)
    }

    @Test("are told by where they lie if the layout's number is damaged")
    func damagedLayout() async throws {
        let fixture = StoreFixture(name: "1-layout-2")
        let store = try fixture.unpacked()
        try RawStore(journalOf: store).set(
            [0, 0, 0, 0, 0, 0, 0, 3], for: Array("derived".utf8), in: "meta")
        let journal = try store.open()
        #expect(journal.verify().problems == [])
        await journal.close()
    }

    /// Something wrong with a store before its payloads are moved.
    enum Damage: String, CaseIterable {
        case missingPayload = "is missing"
        case shortPayload = "of operation 2 is missing"
        case missingOperation = "operation 5 is missing"
        case changedOperation = "operation 4 holds another Merkle root"
        case changedEnd = "the Merkle tree is of other operations"

        func apply(to raw: RawStore) throws {
            let rows = try raw.rows()
            let payloads = try #require(rows["payloads"])
            let operations = try #require(rows["operations"])
            switch self {
            case .missingPayload: try raw.set(nil, for: payloads[3].key, in: "payloads")
            case .shortPayload: try raw.set([1], for: payloads[3].key, in: "payloads")
            case .missingOperation: try raw.set(nil, for: operations[5].key, in: "operations")
            case .changedOperation:
                // The message of a commit: what follows holds the root of another record.
                try raw.change("all that a", to: "all thus a", in: operations[3])
            case .changedEnd: try raw.change("gone", to: "gine", in: operations[12])
            }
        }
    }

    @Test("stay where they are if something is damaged", arguments: Damage.allCases)
    func damagedBefore(damage: Damage) throws {
        let store = try StoreFixture(name: "1-layout-2").unpacked()
        let raw = RawStore(journalOf: store)
        try damage.apply(to: raw)
        let before = try raw.rows()
        let error = #expect(throws: JournalError.self) { try store.open() }
        #expect(error?.code == .corrupt)
        #expect(error?.message.hasSuffix(damage.rawValue) == true, "\(error?.message ?? "-")")
        #expect(try raw.rows() == before)
    }

    @Test("that no operation brought are damage after the others were moved")
    func strayPayload() async throws {
        let store = try StoreFixture(name: "1-layout-2").unpacked()
        let raw = RawStore(journalOf: store)
        try raw.set(
            [UInt8](repeating: 0, count: 60), for: [UInt8](repeating: 0xfe, count: 48),
            in: "payloads")
        let journal = try store.open()
        #expect(journal.verify().problems.contains { $0.place == "payloads" })
        await journal.close()
        let told = Mutex(false)
        var options = JournalOptions()
        options.updateProgress = { _, _, _ in told.withLock { $0 = true } }
        await (try Journal.open(at: store.directory, options: options)).close()
        #expect(told.withLock { $0 } == false)
        let verifier = try StoreVerifier(reading: store.directory)
        #expect(verifier.report().problems.contains { $0.place == "payloads" })
        verifier.close()
    }

    @Test("are told of while they move")
    func progress() async throws {
        let store = try StoreFixture(name: "1-layout-2").unpacked()
        let told = Mutex<[String]>([])
        var options = JournalOptions()
        options.updateProgress = { step, done, count in
            told.withLock { $0.append("\(step) \(done) of \(count)") }
        }
        await (try Journal.open(at: store.directory, options: options)).close()
        #expect(
            told.withLock(\.self) == ["payloads 0 of 13", "payloads 13 of 13", "tables 13 of 13"])
        told.withLock { $0 = [] }
        await (try Journal.open(at: store.directory, options: options)).close()
        #expect(told.withLock(\.self) == [])
    }
}

extension RawStore {
    /// Changes a text in an operation's record.
    fileprivate func change(_ old: String, to new: String, in row: Cursor.Entry) throws {
        var value = Data(row.value)
        value.replaceSubrange(try #require(value.range(of: Data(old.utf8))), with: Data(new.utf8))
        try set(Array(value), for: row.key, in: "operations")
    }
}
