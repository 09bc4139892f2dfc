// SIGNED NOTE, as C2SP signed-note (c2sp.org/signed-note) defines it:
//
//   text that ends in a newline; an empty line; then for each signature a line
//   — <key name> <base64 of key id (4) ‖ signature>
//
// The text may have empty lines: the last one of the note ends it. UTF-8, no control characters but the
// newline. An Ed25519 signature is over the bytes of the text.

/// A text signed by one or more keys; nothing of it may be believed before a known key verifies it.
package struct SignedNote: Hashable, Sendable, CustomStringConvertible {
    /// One line below the text: who is said to have signed, and what.
    package struct Signature: Hashable, Sendable {
        package let name: String
        package let keyID: [UInt8]
        package let bytes: [UInt8]
    }

    package static let bytesMax = 1 << 20
    package static let signatureCountMax = 100
    static let signaturePrefix = "— "

    /// Ends in a newline.
    package let text: String
    package let signatures: [Signature]

    init(text: String, signatures: [Signature]) {
        self.text = text
        self.signatures = signatures
    }

    /// The whole note, as it is stored and sent.
    package var description: String {
        text + "\n" + signatures.map(\.line).joined()
    }

    /// Reads a note; throws ``NoteError`` that says what is wrong with its form.
    package init(_ note: some StringProtocol) throws(NoteError) {
        let bytes = Array(note.utf8)
        guard bytes.count <= SignedNote.bytesMax else {
            throw NoteError(
                "it has \(bytes.count) bytes, at most \(SignedNote.bytesMax) are allowed")
        }
        let newline = UInt8(ascii: "\n")
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == newline }) else {
            throw NoteError("it has a control character")
        }
        guard bytes.last == newline,
            let empty = bytes.indices.last(where: {
                $0 > 0 && bytes[$0] == newline && bytes[$0 - 1] == newline
            })
        else { throw NoteError("no empty line parts a text from signatures") }
        let lines = bytes[(empty + 1)...].split(
            separator: newline, omittingEmptySubsequences: false)
        var signatures: [Signature] = []
        for line in lines.dropLast() {
            guard signatures.count < SignedNote.signatureCountMax else {
                throw NoteError("it has more than \(SignedNote.signatureCountMax) signatures")
            }
            guard let signature = Signature(line: String(decoding: line, as: UTF8.self)) else {
                throw NoteError("line \(signatures.count + 1) below the text is not a signature")
            }
            signatures.append(signature)
        }
        guard !signatures.isEmpty else { throw NoteError("it is not signed") }
        text = String(decoding: bytes[..<empty], as: UTF8.self)
        self.signatures = signatures
    }

    /// Returns the one of `keys` that signed; throws if none did, or if a signature of one is false.
    ///
    /// Signatures of other keys are ignored, as the specification demands: witnesses may add theirs.
    package func signer(among keys: [VerifierKey]) throws(NoteError) -> VerifierKey {
        var signer: VerifierKey?
        for signature in signatures {
            guard let key = keys.first(where: { $0.isNamed(by: signature) }) else { continue }
            guard key.verifies(signature.bytes, of: text) else {
                throw NoteError("the signature by \(key.name) is false")
            }
            signer = signer ?? key
        }
        if let signer { return signer }
        let names = signatures.map { "\($0.name)+\(Hex.encode($0.keyID))" }
        throw NoteError(
            "it is signed by \(names.joined(separator: ", ")), "
                + "not by \(keys.map(\.shortName).joined(separator: " or "))")
    }
}

extension SignedNote.Signature {
    var line: String {
        SignedNote.signaturePrefix + "\(name) \(Base64.encode(keyID + bytes))\n"
    }

    init?(line: String) {
        guard line.hasPrefix(SignedNote.signaturePrefix) else { return nil }
        let parts = line.dropFirst(SignedNote.signaturePrefix.count)
            .split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, VerifierKey.isName(parts[0]), let bytes = Base64.decode(parts[1]),
            bytes.count > VerifierKey.idByteCount
        else { return nil }
        name = String(parts[0])
        keyID = Array(bytes.prefix(VerifierKey.idByteCount))
        self.bytes = Array(bytes.dropFirst(VerifierKey.idByteCount))
    }
}

/// A note, checkpoint or key that cannot be read or does not verify; `message` completes "… because".
package struct NoteError: Error, Equatable, Sendable, CustomStringConvertible {
    package let message: String
    package var description: String { message }

    package init(_ message: String) { self.message = message }
}
