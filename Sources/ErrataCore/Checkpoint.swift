// CHECKPOINT, as C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint) defines it, the text of a signed note:
//
//   line 1   the origin: which log this is
//   line 2   the number of its records, decimal
//   line 3   base64 of the Merkle root of RFC 6962 over them
//
// More lines that are not empty may follow; we write none and believe none.

/// What a log was at one size: whoever keeps it can find out later whether its past was rewritten.
package struct Checkpoint: Hashable, Sendable {
    package let origin: String
    package let size: UInt64
    package let root: Digest

    package init(origin: String, size: UInt64, root: Digest) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    package var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

    /// Reads the text of a note, whether or not somebody signed it.
    package init(text: String) throws(NoteError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", lines.dropLast().allSatisfy({ !$0.isEmpty })
        else { throw NoteError("it is not a checkpoint of at least three lines") }
        guard let size = UInt64(decimal: lines[1]) else {
            throw NoteError("its second line is not the number of records")
        }
        guard let root = Base64.decode(lines[2]).flatMap({ Digest($0) }) else {
            throw NoteError("its third line is not a hash in base64")
        }
        self.init(origin: String(lines[0]), size: size, root: root)
    }

    /// Reads the checkpoint of a note that one of `keys` signed, under its own name.
    ///
    /// A key has one log, so that no log can pass for another one.
    package static func verified(
        _ note: SignedNote, by keys: [VerifierKey]
    ) throws(NoteError) -> (checkpoint: Checkpoint, key: VerifierKey) {
        let key = try note.signer(among: keys)
        let checkpoint = try Checkpoint(text: note.text)
        guard checkpoint.origin.utf8.elementsEqual(key.name.utf8) else {
            throw NoteError("its origin is \(checkpoint.origin), but \(key.name) signed it")
        }
        return (checkpoint, key)
    }
}

extension UInt64 {
    /// Reads decimal digits without a leading zero.
    init?(decimal text: some StringProtocol) {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text == "0" || !text.hasPrefix("0"), let value = UInt64(text)
        else { return nil }
        self = value
    }
}
