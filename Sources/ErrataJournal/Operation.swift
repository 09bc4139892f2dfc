package import ErrataCore

// OPERATION RECORD, version 1: one canonical CBOR map, the value of `operations` under its sequence.
//
//   0 version (1)   2 time (µs)   4 Merkle root of the operations before (32)
//   1 type          3 actor       5 body
//   6 author that the client claims, absent if none; a commit has its own inside and none here
//
//   type                body
//   0 init              {0 store id, 1 branch, 2 commit bytes}
//   1 commit            {0 branch, 1 commit bytes}
//   2 revert            {0 branch, 1 commit bytes}       the commit has `reverts`
//   3 rollback          {0 branch, 1 new head, 2 old head}
//   4 branchCreate      {0 branch, 1 head}
//   5 branchDelete      {0 branch, 1 last head}
//   6 tagCreate         {0 tag, 1 commit id, 2 message, absent if none}
//   7 branchMove        {0 branch, 1 new head, 2 old head}      forward, by a merge that needs no commit
//   8 tagDelete         {0 tag, 1 commit id}
//   9 merge             {0 branch, 1 commit bytes}       the commit has two parents
//   11 redact           {0 FactID, 1 [leaves, ascending], 2 reason}
//   12 policy           see Policy.swift
//   14 model            see ModelRegistration.swift
//   16 cherryPick       {0 branch, 1 commit bytes}       the commit has `picks`
//   17 undo             {0 operation, 1 kind of name (0 branch, 1 tag), 2 name, 3 new, 4 old commit id}
//   10 conflict, 13 key, 15 prune
//                       reserved: reading one is an error that names it

/// One record of the journal.
package struct Operation: Hashable, Sendable {
    package static let version: UInt64 = 1

    package let sequence: UInt64
    package let time: Timestamp
    package let actor: Actor
    /// The RFC 6962 root of all operations before this one.
    package let rootBefore: Digest
    package let body: OperationBody
    /// Who the client says did this; where the operation wrote a commit, the commit says it.
    package let author: String?

    var encoded: [UInt8] {
        var out = CBORWriter(capacity: 256 + (body.commitBytes?.count ?? 0))
        out.map(author == nil ? 6 : 7)
        out.unsigned(0)
        out.unsigned(Operation.version)
        out.unsigned(1)
        out.unsigned(body.tag.rawValue)
        out.unsigned(2)
        out.value(.int(time.microseconds))
        out.unsigned(3)
        actor.write(to: &out)
        out.unsigned(4)
        out.bytes(rootBefore)
        out.unsigned(5)
        body.write(to: &out)
        if let author {
            out.unsigned(6)
            out.text(author)
        }
        return out.bytes
    }
}

extension Operation {
    init(
        sequence: UInt64, decoding bytes: [UInt8]
    ) throws(JournalError) {
        do throws(CBORError) {
            var fields = try CBORFields(CBOR(decoding: bytes), of: "operation")
            let version = try fields.unsigned(0)
            guard version == Operation.version else {
                throw CBORError(message: "operation version \(version) is unknown", offset: 0)
            }
            let type = try fields.unsigned(1)
            guard let root = Digest(try fields.bytes(4)) else {
                throw CBORError(message: "the Merkle root is not 32 bytes", offset: 0)
            }
            self.sequence = sequence
            time = Timestamp(microseconds: try fields.int(2))
            actor = try Actor(try fields.value(3))
            rootBefore = root
            body = try OperationBody(type: type, try fields.value(5))
            author = try fields.textIfPresent(6)
            try fields.finish()
        } catch {
            throw .corrupt("operation \(sequence) is damaged: \(error)")
        }
    }
}

extension Operation {
    /// How many bytes of a record hold the map's head, version, type and time.
    static let headBytesMax = 1 + 2 + 2 + 1 + 9

    /// Returns the time at the head of a record, nil if it does not begin like one.
    static func time(inHead head: [UInt8]) -> Timestamp? {
        // a6 00 01 01 type 02: a map of six or seven, version 1, a type below 24, then the key of the time.
        guard head.count > 6, head[0] == 0xa6 || head[0] == 0xa7,
            head[1..<4].elementsEqual([0x00, 0x01, 0x01]), head[4] < 24, head[5] == 0x02
        else { return nil }
        let low = head[6] & 31
        let width = low < 24 ? 0 : 1 << Int(low - 24)
        guard low <= 27, head.count > 6 + width,
            let time = try? CBOR(decoding: head[6...6 + width])
        else { return nil }
        switch time {
        case .unsigned(let value): return Int64(exactly: value).map(Timestamp.init(microseconds:))
        case .negative(let value): return Timestamp(microseconds: -1 - Int64(value))
        default: return nil
        }
    }
}
