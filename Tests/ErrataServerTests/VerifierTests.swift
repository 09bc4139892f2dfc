import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation
import Testing

/// Holds proofs that the daemon gave over HTTP against `Tests/Verifier/verify.py`, which shares no code with it.
@Suite("the verifier in Python")
struct VerifierTests {
    private static let operationCount: UInt64 = 300

    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Verifier/verify.py")

    @Test("accepts every honest proof and rejects every mutated one")
    func cases() async throws {
        try await TestDaemon.run { daemon in
            try await Self.fill(daemon.knowledge.journal, "value")
            let seed = Array(
                try Data(contentsOf: URL(filePath: daemon.signingKeyPath())).dropFirst(28).prefix(
                    32))
            try await TestDaemon.run { other in
                // Another past of the same length, to be signed with the first one's key.
                try await Self.fill(other.knowledge.journal, "rewritten")
                let rewritten = other.knowledge.journal
                let path = daemon.directory.file("cases.json")
                let count = try await daemon.call { client in
                    var cases = CaseWriter(client: client, seed: seed)
                    try cases.addAll(size: Self.operationCount, rewritten: rewritten)
                    try cases.write(to: path)
                    return cases.count
                }
                let (output, status) = try await Self.python(
                    ["cases", path], output: daemon.directory.file("output"))
                print(output)
                #expect(status == 0)
                #expect(count > 10_000)
                #expect(output.hasSuffix("\(count) cases, 0 wrong\n"))
            }
        }
    }

    /// Writes commits, tags and branches up to the number of operations.
    private static func fill(_ journal: Journal, _ value: String) async throws {
        var i = 0
        while try journal.operationCount < operationCount {
            i += 1
            let count = i % 10 == 0 ? 20 : 1
            let edits = try (0..<count).map { j in
                DraftEdit.assert(
                    try FactDraft(subject: "S\(j)", relation: "value", object: "\(value) \(i)")
                        .checked())
            }
            let outcome = try await journal.commit(
                CommitDraft(branch: "main", author: "ada", message: "set \(i)", edits: edits),
                actor: .ada)
            guard i % 4 == 0, try journal.operationCount < operationCount else { continue }
            _ = try await journal.createTag(
                "t\(i)", at: outcome.commit, message: nil, actor: .ada)
        }
    }

    private static func python(
        _ arguments: [String], output path: String
    ) async throws -> (output: String, status: Int32) {
        try await offPool {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            let output = try FileHandle(forWritingTo: URL(filePath: path))
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["python3", script.path] + arguments
            process.standardOutput = output
            process.standardError = output
            try process.run()
            process.waitUntilExit()
            return (
                try String(contentsOfFile: path, encoding: .utf8), process.terminationStatus
            )
        }
    }
}

extension TestDaemon {
    /// Has the key drawn and returns where it lies.
    fileprivate func signingKeyPath() throws -> String {
        _ = try knowledge.checkpoint()
        return knowledge.configuration.dataDirectory + "/signing-key"
    }
}

/// Asks for proofs, changes them in every way it can think of, and writes them down for the verifier.
private struct CaseWriter {
    let client: Client
    /// The daemon's private key: the attacker here is the daemon itself.
    let seed: [UInt8]
    private var random = SplitMix64(seed: 1)
    private var notes: [String] = []
    private var noteNumbers: [String: Int] = [:]
    private var keys: [String] = []
    private var cases: [[String: Any]] = []
    private var checkpoints: [UInt64: CheckpointReply] = [:]

    var count: Int { cases.count }

    init(client: Client, seed: [UInt8]) {
        self.client = client
        self.seed = seed
    }

    func write(to path: String) throws {
        let file: [String: Any] = ["notes": notes, "keys": keys, "cases": cases]
        try JSONSerialization.data(withJSONObject: file).write(to: URL(filePath: path))
    }

    mutating func addAll(size: UInt64, rewritten: Journal) throws {
        for small in 1...UInt64(16) {
            for index in 0..<small { try addInclusion(of: index, in: small, last: size) }
            for from in 1...small { try addConsistency(from: from, to: small, last: size) }
        }
        for _ in 0..<120 {
            let to = 1 + random.next() % size
            try addInclusion(of: random.next() % to, in: to, last: size)
            try addConsistency(from: 1 + random.next() % to, to: to, last: size)
        }
        try addCheckpoints(size)
        try addRewritten(rewritten, size)
        for _ in 0..<20 { try addFile(of: random.next() % size, in: size) }
    }

    // MARK: Tables

    private mutating func add(
        _ kind: String, _ what: String, note: String, key: String, old: String? = nil,
        reply: [String: Any]? = nil
    ) {
        var entry: [String: Any] = [
            "kind": kind, "what": what, "note": number(of: note), "key": keyNumber(key),
        ]
        if let old { entry["old"] = number(of: old) }
        if let reply { entry["reply"] = reply }
        cases.append(entry)
    }

    private mutating func number(of note: String) -> Int {
        if let number = noteNumbers[note] { return number }
        notes.append(note)
        noteNumbers[note] = notes.count - 1
        return notes.count - 1
    }

    private mutating func keyNumber(_ key: String) -> Int {
        if let number = keys.firstIndex(of: key) { return number }
        keys.append(key)
        return keys.count - 1
    }

    private mutating func checkpoint(_ size: UInt64) throws -> CheckpointReply {
        if let known = checkpoints[size] { return known }
        let reply = try client.get(
            "/v1/checkpoint", [("size", "\(size)")], as: CheckpointReply.self)
        checkpoints[size] = reply
        return reply
    }

    private func signer(_ name: String, _ seed: [UInt8]) throws -> NoteSigner {
        try #require(NoteSigner(name: name, seed: seed))
    }

    /// The numbers beside `value` that a size can have.
    private func neighbours(_ value: UInt64, last: UInt64) -> [UInt64] {
        [value - 1, value + 1].filter { (1...last).contains($0) }
    }

    // MARK: Proofs

    private mutating func addInclusion(of index: UInt64, in size: UInt64, last: UInt64) throws {
        let data = try client.data(
            of: Request(
                method: "GET", path: "/v1/proof/inclusion",
                query: [("operation", "\(index)"), ("size", "\(size)")]))
        let typed = try JSONDecoder().decode(InclusionProofReply.self, from: data)
        let reply = try plain(data)
        let (note, key) = (typed.checkpoint.note, typed.checkpoint.key)
        add("inclusion", "honest", note: note, key: key, reply: reply)
        for (what, hashes) in mutations(of: typed.hashes.map(\.hex)) {
            add("inclusion", what, note: note, key: key, reply: reply.with("hashes", hashes))
        }
        for other in [index &- 1, index + 1, size, index + size] where other < 1 << 53 {
            add(
                "inclusion", "operation off", note: note, key: key,
                reply: reply.with("operation", other))
        }
        for other in neighbours(size, last: last) {
            let moved = try checkpoint(other).note
            add("inclusion", "size off", note: note, key: key, reply: reply.with("size", other))
            add("inclusion", "checkpoint off", note: moved, key: key, reply: reply)
            add(
                "inclusion", "moved to another size", note: moved, key: key,
                reply: reply.with("size", other))
        }
        var record = try #require(Base64.decode(typed.record))
        record[Int(random.next() % UInt64(record.count))] ^= 1 << UInt8(random.next() % 8)
        let changed = reply.with("record", Base64.encode(record))
        add("inclusion", "record changed", note: note, key: key, reply: changed)
        add(
            "inclusion", "record and leaf changed", note: note, key: key,
            reply: changed.with("leaf", MerkleTree.leafHash(record).hex))
        add(
            "inclusion", "leaf changed", note: note, key: key,
            reply: reply.with("leaf", flipped(typed.leaf.hex)))
    }

    private mutating func addConsistency(from: UInt64, to: UInt64, last: UInt64) throws {
        let data = try client.data(
            of: Request(
                method: "GET", path: "/v1/proof/consistency",
                query: [("from", "\(from)"), ("to", "\(to)")]))
        let typed = try JSONDecoder().decode(ConsistencyProofReply.self, from: data)
        let reply = try plain(data)
        let (old, note) = (try checkpoint(from).note, typed.checkpoint.note)
        let key = typed.checkpoint.key
        add("consistency", "honest", note: note, key: key, old: old, reply: reply)
        for (what, hashes) in mutations(of: typed.hashes.map(\.hex)) {
            add(
                "consistency", what, note: note, key: key, old: old,
                reply: reply.with("hashes", hashes))
        }
        if from != to {
            add("consistency", "old and new swapped", note: old, key: key, old: note, reply: reply)
        }
        for other in neighbours(from, last: last) {
            let otherNote = try checkpoint(other).note
            let moved = reply.with("from", other)
            add("consistency", "from off", note: note, key: key, old: old, reply: moved)
            add(
                "consistency", "moved to another from", note: note, key: key, old: otherNote,
                reply: moved)
        }
        for other in neighbours(to, last: last) {
            let otherNote = try checkpoint(other).note
            let moved = reply.with("to", other)
            add("consistency", "to off", note: note, key: key, old: old, reply: moved)
            add(
                "consistency", "moved to another to", note: otherNote, key: key, old: old,
                reply: moved)
        }
    }

    /// What a proof's hashes may become, one change at a time.
    private mutating func mutations(
        of hashes: [String]
    ) -> [(what: String, hashes: [String])] {
        let stranger = MerkleTree.leafHash([1, 2, 3]).hex
        var mutations = [
            ("hash added", hashes + [stranger]), ("hash added", [stranger] + hashes),
        ]
        for i in hashes.indices {
            for _ in 0..<3 {
                mutations.append(("hash bit flipped", hashes.with(i, [flipped(hashes[i])])))
            }
            mutations.append(("hash dropped", hashes.with(i, [])))
            mutations.append(("hash duplicated", hashes.with(i, [hashes[i], hashes[i]])))
            mutations.append(("hash cut short", hashes.with(i, [String(hashes[i].dropLast(2))])))
            if i > 0 {
                var swapped = hashes
                swapped.swapAt(i, i - 1)
                mutations.append(("hashes swapped", swapped))
            }
        }
        return mutations
    }

    private mutating func flipped(_ hex: String) -> String {
        var bytes = Hex.decode(hex) ?? []
        bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
        return Hex.encode(bytes)
    }

    private func plain(_ data: Data) throws -> [String: Any] {
        var reply = try #require(
            try JSONSerialization.jsonObject(with: data) as? [String: Any])
        reply["checkpoint"] = nil
        return reply
    }

    // MARK: Checkpoints

    private mutating func addCheckpoints(_ size: UInt64) throws {
        let reply = try checkpoint(size)
        let note = try SignedNote(reply.note)
        for size in stride(from: 1, through: size, by: 37) {
            let reply = try checkpoint(size)
            add("checkpoint", "honest", note: reply.note, key: reply.key)
        }
        for bit in 0..<(64 * 8) {
            var bytes = note.signatures[0].bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            add(
                "checkpoint", "signature bit flipped",
                note: note.text + "\n" + signatureLine(note, bytes), key: reply.key)
        }
        var texts: [(String, Checkpoint)] = []
        for bit in stride(from: 0, to: 256, by: 5) {
            var root = reply.root.bytes
            root[bit / 8] ^= 1 << UInt8(bit % 8)
            let changed = try #require(Digest(root))
            texts.append(
                ("root changed", Checkpoint(origin: reply.origin, size: size, root: changed)))
        }
        for other in [size - 1, size + 1] {
            texts.append(
                ("size changed", Checkpoint(origin: reply.origin, size: other, root: reply.root)))
        }
        let stranger = Checkpoint(origin: "errata/0", size: size, root: reply.root)
        texts.append(("origin changed", stranger))
        for (what, checkpoint) in texts {
            let signature = signatureLine(note, note.signatures[0].bytes)
            add(
                "checkpoint", what, note: checkpoint.text + "\n" + signature, key: reply.key)
        }
        let otherSeed = [UInt8](repeating: 5, count: 32)
        add(
            "checkpoint", "origin of another store",
            note: "\(try signer(reply.origin, seed).sign(stranger.text))", key: reply.key)
        add(
            "checkpoint", "signed by another key",
            note: "\(try signer(reply.origin, otherSeed).sign(note.text))", key: reply.key)
        add(
            "checkpoint", "another key of the name", note: reply.note,
            key: "\(try signer(reply.origin, otherSeed).key)")
        add(
            "checkpoint", "the key under another name", note: reply.note,
            key: "\(try signer("errata/0", seed).key)")
        add("checkpoint", "unsigned", note: note.text + "\n", key: reply.key)
        add("checkpoint", "not a note", note: note.text, key: reply.key)
    }

    private func signatureLine(_ note: SignedNote, _ bytes: [UInt8]) -> String {
        let signature = note.signatures[0]
        return "— \(signature.name) \(Base64.encode(signature.keyID + bytes))\n"
    }

    /// Adds the proofs of a journal that was rewritten and signed with the same key.
    private mutating func addRewritten(_ journal: Journal, _ size: UInt64) throws {
        let reply = try checkpoint(size)
        let signer = try signer(reply.origin, seed)
        for from in stride(from: UInt64(2), through: size, by: 13) {
            let proof = try journal.consistencyProof(from: from, to: size).consistency
            let root = try journal.checkpoint(size: size).checkpoint.root
            let text = Checkpoint(origin: reply.origin, size: size, root: root).text
            let fields: [String: Any] = [
                "from": from, "to": size, "hashes": proof.hashes.map(\.hex),
            ]
            add(
                "consistency", "history rewritten", note: "\(try signer.sign(text))",
                key: reply.key, old: try checkpoint(from).note, reply: fields)
        }
    }

    // MARK: Files

    private mutating func addFile(of index: UInt64, in size: UInt64) throws {
        let reply = try client.get(
            "/v1/proof/inclusion", [("operation", "\(index)"), ("size", "\(size)")],
            as: InclusionProofReply.self)
        let note = try SignedNote(reply.checkpoint.note)
        let record = try #require(Base64.decode(reply.record))
        func text(_ record: [UInt8], _ index: UInt64, _ hashes: [Digest]) -> String {
            "\(RecordProof(record: record, index: index, hashes: hashes, note: note))"
        }
        let files = [
            ("honest", text(record, index, reply.hashes)),
            ("record changed", text(record + [0], index, reply.hashes)),
            ("operation off", text(record, index ^ 1, reply.hashes)),
            ("hash dropped", text(record, index, reply.hashes.dropLast())),
            ("hashes swapped", text(record, index, reply.hashes.reversed())),
            ("cut short", String(text(record, index, reply.hashes).dropLast(9))),
        ]
        for (what, text) in files {
            cases.append(
                [
                    "kind": "file", "what": what, "text": text,
                    "key": keyNumber(reply.checkpoint.key),
                ])
        }
    }
}

extension [String: Any] {
    fileprivate func with(_ field: String, _ value: Any) -> [String: Any] {
        merging([field: value]) { _, new in new }
    }
}

extension [String] {
    fileprivate func with(_ index: Int, _ replacement: [String]) -> [String] {
        Array(self[..<index]) + replacement + Array(self[(index + 1)...])
    }
}
