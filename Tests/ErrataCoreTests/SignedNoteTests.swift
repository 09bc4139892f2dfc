import ErrataCore
import Testing

@Suite("Signed notes")
struct SignedNoteTests {
    /// The example of C2SP signed-note.
    private static let exampleKey =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    private static let example = """
        This is an example message.

        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

        """

    private static func signer(_ name: String = "errata/test", seed: UInt8 = 1) throws -> NoteSigner
    {
        try #require(NoteSigner(name: name, seed: [UInt8](repeating: seed, count: 32)))
    }

    private static func note(of checkpoint: Checkpoint, seed: UInt8 = 1) throws -> SignedNote {
        try signer(checkpoint.origin, seed: seed).sign(checkpoint.text)
    }

    private static let checkpoint = Checkpoint(
        origin: "errata/test", size: 3, root: MerkleTree.emptyRoot)

    @Test("verify as the specification's example does")
    func example() throws {
        let key = try #require(VerifierKey(Self.exampleKey))
        let note = try SignedNote(Self.example)
        #expect(try note.signer(among: [key]) == key)
        #expect(note.text == "This is an example message.\n")
        #expect("\(note)" == Self.example)
        #expect("\(key)" == Self.exampleKey)
        for (from, to) in [("Uw2Q", "Uw3Q"), ("example m", "Example m"), ("yaQM", "yaQI")] {
            let changed = try SignedNote(Self.example.replacing(from, with: to))
            #expect(throws: NoteError.self) { try changed.signer(among: [key]) }
        }
    }

    @Test("survive being written and read, and are the same for the same key")
    func roundTrip() throws {
        let note = try Self.note(of: Self.checkpoint)
        let key = try Self.signer().key
        #expect(try SignedNote("\(note)") == note)
        #expect(try Self.note(of: Self.checkpoint) == note)
        #expect(VerifierKey("\(key)") == key)
        let verified = try Checkpoint.verified(note, by: [key])
        #expect(verified.checkpoint == Self.checkpoint)
        #expect(verified.key == key)
    }

    @Test("with a flipped bit anywhere do not verify")
    func flippedBits() throws {
        let key = try Self.signer().key
        let bytes = Array("\(try Self.note(of: Self.checkpoint))".utf8)
        for position in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[position] ^= 1 << UInt8(bit)
                guard let text = String(validating: changed, as: UTF8.self) else { continue }
                #expect(throws: NoteError.self, "bit \(bit) of byte \(position)") {
                    try Checkpoint.verified(SignedNote(text), by: [key])
                }
            }
        }
    }

    @Test("of another key, name or origin are refused with a reason")
    func otherKeys() throws {
        let note = try Self.note(of: Self.checkpoint)
        let (key, other) = (try Self.signer().key, try Self.signer(seed: 2).key)
        let named = try Self.signer("errata/other").key
        for wrong in [other, named] {
            let error = #expect(throws: NoteError.self) { try note.signer(among: [wrong]) }
            #expect(
                error?.message == "it is signed by \(key.shortName), not by \(wrong.shortName)")
        }
        #expect(try note.signer(among: [other, key]) == key)
        let stranger = Checkpoint(origin: "errata/other", size: 3, root: MerkleTree.emptyRoot)
        let forged = try Self.signer().sign(stranger.text)
        let error = #expect(throws: NoteError.self) { try Checkpoint.verified(forged, by: [key]) }
        #expect(error?.message == "its origin is errata/other, but errata/test signed it")
    }

    @Test("may carry other signatures, but no false one of a known key")
    func moreSignatures() throws {
        let note = try Self.note(of: Self.checkpoint)
        let witness = try Self.signer("witness.example", seed: 9)
        let line = "\(try witness.sign(note.text))".dropFirst(note.text.utf8.count + 1)
        let both = try SignedNote("\(note)" + line)
        let key = try Self.signer().key
        #expect(both.signatures.count == 2)
        #expect(try both.signer(among: [key]) == key)
        #expect(try both.signer(among: [witness.key]) == witness.key)
        let other = "\(try witness.sign("other\n"))".dropFirst("other\n\n".utf8.count)
        let mixed = try SignedNote("\(note)" + other)
        #expect(try mixed.signer(among: [key]) == key)
        #expect(throws: NoteError("the signature by witness.example is false")) {
            try mixed.signer(among: [key, witness.key])
        }
    }

    @Test(
        "of a wrong form are refused",
        arguments: [
            ("", "no empty line parts a text from signatures"),
            ("a\n", "no empty line parts a text from signatures"),
            ("a\n\n", "it is not signed"),
            ("a\r\n\n— b AAAAAAA=\n", "it has a control character"),
            ("a\n\n— b AAAAAAA=", "no empty line parts a text from signatures"),
            ("a\n\n- b AAAAAAA=\n", "line 1 below the text is not a signature"),
            ("a\n\n— AAAAAAA=\n", "line 1 below the text is not a signature"),
            ("a\n\n— b+c AAAAAAA=\n", "line 1 below the text is not a signature"),
            ("a\n\n— b AAAAAAB=\n", "line 1 below the text is not a signature"),
            ("a\n\n— b AAAAAA==\n", "line 1 below the text is not a signature"),
            ("a\n\n— b\u{2003}c AAAAAAA=\n", "line 1 below the text is not a signature"),
            (
                "a\n\n" + String(repeating: "— b AAAAAAA=\n", count: 101),
                "it has more than 100 signatures"
            ),
        ])
    func wrongForms(text: String, message: String) {
        let error = #expect(throws: NoteError.self) { try SignedNote(text) }
        #expect(error?.message == message)
    }

    @Test(
        "of a checkpoint have an origin, a plain number and a hash",
        arguments: [
            "errata/test\n3\n", "errata/test\n03\nAA==\n", "errata/test\n-3\nAA==\n",
            "errata/test\n+3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "errata/test\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
            "errata/test\n18446744073709551616\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "errata/test\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n",
            "errata/test\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ])
    func checkpoints(text: String) {
        #expect(throws: NoteError.self) { try Checkpoint(text: text) }
    }

    @Test("of a checkpoint may have more lines, which say nothing")
    func extensionLines() throws {
        let checkpoint = try Checkpoint(text: Self.checkpoint.text + "more\n")
        #expect(checkpoint == Self.checkpoint)
    }

    @Test(
        "have keys of one form alone",
        arguments: [
            "", "a+b", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv",
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k+",
        ])
    func keys(text: String) {
        #expect(VerifierKey(text) == nil)
    }

    @Test("carry a record and its proof in a file that verifies alone")
    func recordProofs() throws {
        let records = (0..<5).map { [UInt8](repeating: UInt8($0), count: 9) }
        var frontier = MerkleFrontier()
        for record in records { _ = frontier.append(leafHash: MerkleTree.leafHash(record)) }
        let hashes = [
            MerkleTree.leafHash(records[3]),
            MerkleTree.nodeHash(
                MerkleTree.leafHash(records[0]), MerkleTree.leafHash(records[1])),
            MerkleTree.leafHash(records[4]),
        ]
        let checkpoint = Checkpoint(origin: "errata/test", size: 5, root: frontier.root)
        let proof = RecordProof(
            record: records[2], index: 2, hashes: hashes, note: try Self.note(of: checkpoint))
        let key = try Self.signer().key
        #expect(try RecordProof("\(proof)") == proof)
        #expect(try proof.verified(by: [key]).checkpoint == checkpoint)
        let bytes = Array("\(proof)".utf8)
        for position in bytes.indices {
            var changed = bytes
            changed[position] ^= 1
            guard let text = String(validating: changed, as: UTF8.self) else { continue }
            #expect(throws: NoteError.self, "byte \(position)") {
                try RecordProof(text).verified(by: [key])
            }
            #expect(throws: NoteError.self) {
                try RecordProof(String(decoding: bytes[..<position], as: UTF8.self))
                    .verified(by: [key])
            }
        }
    }
}

@Suite("Base 64")
struct Base64Tests {
    @Test(
        "spells bytes as RFC 4648 does",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func vectors(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test("gives back every byte")
    func allBytes() {
        let bytes = (0...255).map { UInt8($0) }
        for count in 0...256 {
            #expect(Base64.decode(Base64.encode(Array(bytes[..<count]))) == Array(bytes[..<count]))
        }
    }

    @Test(
        "has one spelling",
        arguments: ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg=="])
    func badSpellings(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
