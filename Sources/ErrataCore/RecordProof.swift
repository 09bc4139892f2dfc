// RECORD PROOF, as C2SP tlog-proof (c2sp.org/tlog-proof) defines it:
//
//   c2sp.org/tlog-proof@v1
//   extra <base64 of the record>
//   index <number of the record, decimal>
//   <base64 of a hash of the inclusion proof, lowest first>, a line each
//
//   <checkpoint, a signed note>
//
// The specification leaves the extra data to the application: ours is the record, so that the file needs
// nothing else but the key that the reader trusts.

/// A record of a log and the proof that it stands there, in one text that is checked without the log.
package struct RecordProof: Hashable, Sendable, CustomStringConvertible {
    package static let bytesMax = 256 << 20
    private static let head = "c2sp.org/tlog-proof@v1"

    package let record: [UInt8]
    package let index: UInt64
    package let hashes: [Digest]
    package let note: SignedNote

    package init(record: [UInt8], index: UInt64, hashes: [Digest], note: SignedNote) {
        self.record = record
        self.index = index
        self.hashes = hashes
        self.note = note
    }

    package var leaf: Digest { MerkleTree.leafHash(record) }

    package var description: String {
        let head = "\(RecordProof.head)\nextra \(Base64.encode(record))\nindex \(index)\n"
        return head + hashes.map { Base64.encode($0.bytes) + "\n" }.joined() + "\n\(note)"
    }

    /// Reads the text; throws ``NoteError`` that says what is wrong with its form.
    package init(_ text: String) throws(NoteError) {
        guard text.utf8.count <= RecordProof.bytesMax else {
            throw NoteError("it has more than \(RecordProof.bytesMax) bytes")
        }
        var rest = text[...]
        guard let first = rest.takeLine(), first == RecordProof.head else {
            throw NoteError("its first line is not \(RecordProof.head)")
        }
        guard let record = rest.takeLine(after: "extra ").flatMap({ Base64.decode($0) }) else {
            throw NoteError("its second line is not 'extra' and a record in base64")
        }
        guard let index = rest.takeLine(after: "index ").flatMap({ UInt64(decimal: $0) }) else {
            throw NoteError("its third line is not 'index' and a number")
        }
        var hashes: [Digest] = []
        while let line = rest.takeLine(), !line.isEmpty {
            // No tree is higher than its size has bits.
            guard hashes.count < 64, let hash = Base64.decode(line).flatMap({ Digest($0) }) else {
                throw NoteError("line \(hashes.count + 4) is not a hash in base64")
            }
            hashes.append(hash)
        }
        self.init(record: record, index: index, hashes: hashes, note: try SignedNote(rest))
    }

    /// Checks signature and proof, and returns the checkpoint that the record is in and who signed it.
    package func verified(
        by keys: [VerifierKey]
    ) throws(NoteError) -> (checkpoint: Checkpoint, key: VerifierKey) {
        let (checkpoint, key) = try Checkpoint.verified(note, by: keys)
        let proof = InclusionProof(index: index, size: checkpoint.size, hashes: hashes)
        guard proof.proves(leaf, in: checkpoint.root) else {
            throw NoteError(
                "record \(index) is not proved to be among the \(checkpoint.size) of the checkpoint"
            )
        }
        return (checkpoint, key)
    }
}

extension Substring {
    /// Takes off what stands before the next newline; nil if there is none.
    fileprivate mutating func takeLine() -> Substring? {
        guard let end = utf8.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { self = self[utf8.index(after: end)...] }
        return self[..<end]
    }

    fileprivate mutating func takeLine(after prefix: String) -> Substring? {
        guard let line = takeLine(), line.hasPrefix(prefix) else { return nil }
        return line.dropFirst(prefix.count)
    }
}
