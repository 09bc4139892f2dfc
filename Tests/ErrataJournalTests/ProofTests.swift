import ErrataCore
import ErrataJournal
import Foundation
import LMDB
import Testing

@Suite("Proofs of the journal")
struct ProofTests {
    /// Writes operations of several kinds; returns how many there are then.
    private static func fill(_ journal: Journal, _ count: Int) async throws -> UInt64 {
        for i in 0..<count {
            let outcome = try await journal.set([("k\(i % 7)", "\(i)")])
            if i % 5 == 0 {
                _ = try await journal.createTag(
                    "t\(i)", at: outcome.commit, message: nil, actor: alice)
            }
        }
        return try journal.operationCount
    }

    private static func keyFile(of store: TemporaryStore) -> URL {
        URL(filePath: store.directory + "/signing-key")
    }

    @Test("show every operation in every size, and every size in every later one")
    func allProofs() async throws {
        try await withJournal { journal, _ in
            let count = try await Self.fill(journal, 30)
            let key = try journal.checkpoint().key
            for size in 1...count {
                let signed = try journal.checkpoint(size: size)
                #expect(try Checkpoint.verified(signed.note, by: [key]).checkpoint.size == size)
                let root = signed.checkpoint.root
                // Each record holds the root of those before it: a second source for the same roots.
                if size < count { #expect(try journal.operation(size).rootBefore == root) }
                for sequence in 0..<size {
                    let proof = try journal.inclusionProof(of: sequence, size: size)
                    #expect(proof.checkpoint == signed)
                    #expect(proof.inclusion.index == sequence)
                    #expect(proof.inclusion.proves(MerkleTree.leafHash(proof.record), in: root))
                    let operation = try Operation(record: proof.record, at: sequence)
                    #expect(try operation == journal.operation(sequence))
                    #expect(proof.commit == operation.body.commit)
                    let extended = try journal.consistencyProof(from: sequence + 1, to: size)
                    let old = try journal.checkpoint(size: sequence + 1).checkpoint.root
                    #expect(extended.checkpoint == signed)
                    #expect(extended.consistency.proves(old, in: root))
                }
            }
            #expect(try journal.checkpoint() == journal.checkpoint(size: count))
            #expect(try journal.consistencyProof(from: 3).consistency.to == count)
        }
    }

    @Test("of what the journal never was are refused")
    func unknownSizes() async throws {
        try await withJournal { journal, _ in
            let count = try await Self.fill(journal, 3)
            for size in [0, count + 1, .max] {
                let errors = [
                    #expect(throws: JournalError.self) { try journal.checkpoint(size: size) },
                    #expect(throws: JournalError.self) {
                        try journal.inclusionProof(of: 0, size: size)
                    },
                    #expect(throws: JournalError.self) {
                        try journal.consistencyProof(from: 1, to: size)
                    },
                    #expect(throws: JournalError.self) {
                        try journal.consistencyProof(from: size)
                    },
                ]
                for error in errors {
                    #expect(error?.code == .unknownOperation)
                    #expect(
                        error?.message
                            == "there is no journal of \(size) operations within one of \(count)")
                }
            }
            let error = #expect(throws: JournalError.self) {
                try journal.inclusionProof(of: 2, size: 2)
            }
            #expect(error?.message == "there is no operation 2, the last one is 1")
        }
    }

    @Test("are not made of a damaged tree or record")
    func damage() async throws {
        let store = TemporaryStore()
        let journal = try store.open()
        let count = try await Self.fill(journal, 10)
        _ = try journal.checkpoint()
        await journal.close()
        let raw = RawStore(journalOf: store)
        let rows = try raw.rows()
        let leaf = try #require(rows["merkle"]?.first { $0.key.first == 0 })
        let inner = try #require(rows["merkle"]?.first { $0.key.first == 1 })
        let record = try #require(rows["operations"]?[1])
        for (row, table) in [(leaf, "merkle"), (inner, "merkle"), (record, "operations")] {
            var value = row.value
            value[value.count - 1] ^= 1
            try raw.set(value, for: row.key, in: table)
            let damaged = try store.open()
            let error = #expect(throws: JournalError.self) {
                for i in 0..<count { _ = try damaged.inclusionProof(of: i) }
            }
            #expect(error?.code == .corrupt)
            await damaged.close()
            try raw.set(row.value, for: row.key, in: table)
        }
        try raw.set(nil, for: inner.key, in: "merkle")
        let damaged = try store.open()
        let error = #expect(throws: JournalError.self) { try damaged.inclusionProof(of: 2) }
        #expect(error?.message == "the Merkle tree has no node at level 1, index 0")
        await damaged.close()
    }

    @Test("are signed by a key that is drawn once, when it is needed, for its owner only")
    func keyFile() async throws {
        let store = TemporaryStore()
        let file = Self.keyFile(of: store)
        // What a crash before the rename leaves behind.
        try FileManager.default.createDirectory(
            atPath: store.directory, withIntermediateDirectories: true)
        try Data(repeating: 7, count: 100).write(to: file.appendingPathExtension("new"))
        let journal = try store.open()
        #expect(!FileManager.default.fileExists(atPath: file.path))
        let first = try journal.checkpoint()
        let bytes = try Data(contentsOf: file)
        #expect(bytes.count == 64)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        await journal.close()

        let again = try store.open()
        #expect(try again.checkpoint() == first)
        #expect(try Data(contentsOf: file) == bytes)
        await again.close()
        try await withJournal(seed: 2) { other, _ in
            let key = try other.checkpoint().key
            #expect(key != first.key)
        }
    }

    @Test("are refused while the key's file is damaged, with the way out")
    func damagedKey() async throws {
        let store = TemporaryStore()
        let file = Self.keyFile(of: store)
        let journal = try store.open()
        let signed = try journal.checkpoint()
        await journal.close()
        let bytes = try Data(contentsOf: file)

        func expectRefused(_ damaged: Data, _ message: String?) async throws {
            try damaged.write(to: file)
            let journal = try store.open()
            let error = #expect(throws: JournalError.self) { try journal.checkpoint() }
            if let message { #expect(error?.message == "the file 'signing-key' \(message)") }
            #expect(error?.hint != nil)
            await journal.close()
            #expect(try Data(contentsOf: file) == damaged)
        }
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 0x10
            try await expectRefused(damaged, position < 8 ? "has no magic number" : nil)
        }
        for count in [0, 1, 63] {
            try await expectRefused(bytes.prefix(count), "does not have 64 bytes")
        }
        try await expectRefused(bytes + [0], "does not have 64 bytes")

        let other = TemporaryStore(seed: 2)
        let otherJournal = try other.open()
        _ = try otherJournal.checkpoint()
        await otherJournal.close()
        let foreign = try Data(contentsOf: Self.keyFile(of: other))
        try await expectRefused(foreign, "belongs to another store")

        try bytes.write(to: file)
        let mended = try store.open()
        #expect(try mended.checkpoint() == signed)
        await mended.close()
    }

    private static let fixtures = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/checkpoint")

    /// ERRATA_RECORD_FIXTURES=1 writes them; a change here breaks what people have kept.
    @Test("are, byte for byte, what the fixtures hold")
    func goldenBytes() async throws {
        let store = TemporaryStore(seed: 7)
        let journal = try store.open()
        for i in 0..<5 { try await journal.set([("a", "\(i)")]) }
        let proof = try journal.inclusionProof(of: 3)
        let file = RecordProof(
            record: proof.record, index: 3, hashes: proof.inclusion.hashes,
            note: proof.checkpoint.note)
        await journal.close()
        let key = Array(try Data(contentsOf: Self.keyFile(of: store)))
        let texts = [
            "signing-key.hex": Hex.encode(key) + "\n", "verifier-key": "\(proof.checkpoint.key)\n",
            "checkpoint.note": "\(proof.checkpoint.note)", "operation-3.tlog-proof": "\(file)",
        ]
        for (name, text) in texts {
            let url = Self.fixtures.appending(path: name)
            if ProcessInfo.processInfo.environment["ERRATA_RECORD_FIXTURES"] == "1" {
                try text.write(to: url, atomically: true, encoding: .utf8)
            }
            #expect(try String(contentsOf: url, encoding: .utf8) == text, "\(name)")
        }
    }
}
