import ErrataCore
import ErrataJournal
import Foundation
import LMDB
import Testing

@Suite("The format on disk")
struct FormatTests {
    private static let fixtures = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/journal")

    /// Rows of a store with a fixed secret, clock, actor and chance, by the name of their fixture.
    private static func rows() async throws -> [String: [UInt8]] {
        let store = TemporaryStore(seed: 7)
        let journal = try store.open()
        store.clock.advance(seconds: 60)
        let first = try await journal.set([("a", "1"), ("b", "1"), ("c", "1")])
        let second = try await journal.set([("a", "2"), ("b", nil)])
        _ = try await journal.revert(second.commit, on: "main", message: "back", actor: alice)
        _ = try await journal.rollback(branch: "main", to: first.commit, actor: alice)
        _ = try await journal.createBranch("dev", at: second.commit, actor: alice)
        _ = try await journal.createTag("v1", at: second.commit, message: "one", actor: alice)
        _ = try await journal.deleteBranch("dev", actor: alice)
        _ = try await journal.registerModel(
            ModelRegistration(
                name: "reader", kind: .reader, hash: Digest.sha256([2]),
                encoder: Digest.sha256([3]), precision: "int8"), actor: alice)
        _ = try await journal.putReceipt(Digest.sha256([1]), body: [1, 2, 3], actor: alice)
        let fact = journal.factID(for: "a")
        await journal.close()

        var rows: [String: [UInt8]] = [:]
        let tables = try RawStore(journalOf: store).rows()
        for row in tables["operations"] ?? [] {
            rows["operation-\(row.key.last ?? 0)"] = row.value
        }
        let key = [UInt8](repeating: 0, count: 7)
        func value(_ table: String, _ key: [UInt8]) -> [UInt8]? {
            tables[table]?.first { $0.key == key }?.value
        }
        rows["format"] = value("meta", Array("format".utf8))
        rows["commit-row-1"] = value("commits", first.commit.bytes)
        rows["trie-nodes-1"] = value("nodes", key + [1])
        rows["trie-nodes-2"] = value("nodes", key + [2])
        rows["history-2"] = value("history", fact.bytes + key + [2])
        rows["payload-place-1"] = tables["history"]?
            .first { $0.key.starts(with: fact.bytes + [0xff]) && $0.value.first == 1 }
            .map { $0.key + $0.value }
        rows["branch-main"] = value("branches", Array("main".utf8))
        rows["reflog-main-4"] = value("reflog", Array("main".utf8) + [0] + key + [4])
        rows["model-reader-8"] = value("models", Array("reader".utf8) + [0] + key + [8])
        rows["payload"] = tables["payloads"]?.first.map { $0.key + $0.value }
        let events = try RawStore(eventsOf: store).rows()
        rows["event-0"] = events["events"]?.first?.value
        rows["key-header"] = Array(
            try Data(contentsOf: URL(filePath: store.directory + "/keys")).prefix(64))
        return rows
    }

    /// A change here is a change of the format: it needs a new version, not new fixtures.
    ///
    /// ERRATA_RECORD_FIXTURES=1 writes them.
    @Test("is, byte for byte, what the fixtures hold")
    func goldenBytes() async throws {
        let rows = try await FormatTests.rows()
        let isRecording = ProcessInfo.processInfo.environment["ERRATA_RECORD_FIXTURES"] == "1"
        for (name, bytes) in rows {
            let file = FormatTests.fixtures.appending(path: name + ".hex")
            if isRecording {
                try (Hex.encode(bytes) + "\n").write(to: file, atomically: true, encoding: .utf8)
            }
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(Hex.encode(bytes) == text.dropLast(), "\(name)")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: FormatTests.fixtures.path)
            .filter { $0.hasSuffix(".hex") }
        #expect(Set(names) == Set(rows.keys.map { $0 + ".hex" }))
    }

    @Test("depends on the secret, the clock and the edits alone")
    func deterministic() async throws {
        let first = try await FormatTests.rows()
        let second = try await FormatTests.rows()
        #expect(first == second)
    }
}
