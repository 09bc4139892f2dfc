package import ErrataCore

// OPERATION RECORD, version 1: one canonical CBOR map, the value of `operations` under its sequence.
//
//   0 version (1)   2 time (µs)   4 Merkle root of the operations before (32)
//   1 type          3 actor       5 body
//
//   type                body
//   0 init              {0 store id, 1 branch, 2 commit bytes}
//   1 commit            {0 branch, 1 commit bytes}
//   2 revert            {0 branch, 1 commit bytes}       the commit has `reverts`
//   3 rollback          {0 branch, 1 new head, 2 old head}
//   4 branchCreate      {0 branch, 1 head}
//   5 branchDelete      {0 branch, 1 last head}
//   6 tagCreate         {0 tag, 1 commit id, 2 message, absent if none}
//   14 model            see ModelRegistration.swift
//   7 branchMove, 8 tagDelete, 9 merge, 10 conflict, 11 redact, 12 policy, 13 key, 15 prune
//                       reserved: reading one is an error that names it

/// What an operation did.
package enum OperationBody: Hashable, Sendable {
    case initialize(store: [UInt8], branch: RefName, commit: [UInt8])
    /// `commit` is the canonical encoding, the very bytes whose hash is the id.
    case commit(branch: RefName, commit: [UInt8])
    case revert(branch: RefName, commit: [UInt8])
    case rollback(branch: RefName, new: CommitID, old: CommitID)
    case branchCreate(branch: RefName, head: CommitID)
    case branchDelete(branch: RefName, head: CommitID)
    case tagCreate(tag: RefName, commit: CommitID, message: String?)
    /// What answers under this name from here on.
    case model(ModelRegistration)

    /// The numbers of the record's types, those that are only reserved included.
    enum TypeTag: UInt64, CaseIterable {
        case initialize = 0
        case commit, revert, rollback, branchCreate, branchDelete, tagCreate
        case branchMove, tagDelete, merge, conflict, redact, policy, key, model, prune

        var name: String { self == .initialize ? "init" : "\(self)" }
    }

    var tag: TypeTag {
        switch self {
        case .initialize: .initialize
        case .commit: .commit
        case .revert: .revert
        case .rollback: .rollback
        case .branchCreate: .branchCreate
        case .branchDelete: .branchDelete
        case .tagCreate: .tagCreate
        case .model: .model
        }
    }

    /// The type's name as people see it, such as `commit` or `tagCreate`.
    package var name: String { tag.name }

    /// The branch or tag that the operation wrote, or the model that it registered.
    package var subjectName: String {
        switch self {
        case .initialize(_, let name, _), .commit(let name, _), .revert(let name, _),
            .rollback(let name, _, _), .branchCreate(let name, _), .branchDelete(let name, _),
            .tagCreate(let name, _, _):
            name.text
        case .model(let model): model.name
        }
    }

    /// The bytes of the commit that the operation wrote, if it wrote one.
    package var commitBytes: [UInt8]? {
        switch self {
        case .initialize(_, _, let bytes), .commit(_, let bytes), .revert(_, let bytes): bytes
        default: nil
        }
    }

    /// The commit that the operation wrote or moved a name to, if there is one; the cost is a hash.
    package var commit: CommitID? {
        switch self {
        case .initialize(_, _, let bytes), .commit(_, let bytes), .revert(_, let bytes):
            CommitID(.sha256(bytes))
        case .rollback(_, let id, _), .branchCreate(_, let id), .tagCreate(_, let id, _): id
        case .branchDelete, .model: nil
        }
    }
}

/// One record of the journal.
package struct Operation: Hashable, Sendable {
    package static let version: UInt64 = 1

    package let sequence: UInt64
    package let time: Timestamp
    package let actor: Actor
    /// The RFC 6962 root of all operations before this one.
    package let rootBefore: Digest
    package let body: OperationBody

    var encoded: [UInt8] {
        CBOR.fields([
            (0, .unsigned(Operation.version)),
            (1, .unsigned(body.tag.rawValue)),
            (2, .int(time.microseconds)),
            (3, actor.cbor),
            (4, .bytes(rootBefore.bytes)),
            (5, body.cbor),
        ]).encoded
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
        // a6 00 01 01 type 02: a map of six, version 1, a type below 24, then the key of the time.
        guard head.count > 6, head.prefix(4).elementsEqual([0xa6, 0x00, 0x01, 0x01]),
            head[4] < 24, head[5] == 0x02
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

// MARK: Bodies

extension OperationBody {
    var cbor: CBOR {
        switch self {
        case .initialize(let store, let branch, let commit):
            .fields([(0, .bytes(store)), (1, .text(branch.text)), (2, .bytes(commit))])
        case .commit(let branch, let commit), .revert(let branch, let commit):
            .fields([(0, .text(branch.text)), (1, .bytes(commit))])
        case .rollback(let branch, let new, let old):
            .fields([(0, .text(branch.text)), (1, .bytes(new.bytes)), (2, .bytes(old.bytes))])
        case .branchCreate(let branch, let head), .branchDelete(let branch, let head):
            .fields([(0, .text(branch.text)), (1, .bytes(head.bytes))])
        case .tagCreate(let tag, let commit, let message):
            .fields([
                (0, .text(tag.text)), (1, .bytes(commit.bytes)), (2, message.map(CBOR.text)),
            ])
        case .model(let model): model.cbor
        }
    }

    init(type: UInt64, _ value: CBOR) throws(CBORError) {
        guard let tag = TypeTag(rawValue: type) else {
            throw CBORError(message: "operation type \(type) is unknown", offset: 0)
        }
        var fields = try CBORFields(value, of: tag.name)
        switch tag {
        case .initialize:
            self = .initialize(
                store: try fields.bytes(0), branch: try fields.name(1), commit: try fields.bytes(2))
        case .commit: self = .commit(branch: try fields.name(0), commit: try fields.bytes(1))
        case .revert: self = .revert(branch: try fields.name(0), commit: try fields.bytes(1))
        case .rollback:
            self = .rollback(
                branch: try fields.name(0), new: try fields.commit(1), old: try fields.commit(2))
        case .branchCreate:
            self = .branchCreate(branch: try fields.name(0), head: try fields.commit(1))
        case .branchDelete:
            self = .branchDelete(branch: try fields.name(0), head: try fields.commit(1))
        case .tagCreate:
            self = .tagCreate(
                tag: try fields.name(0), commit: try fields.commit(1),
                message: try fields.textIfPresent(2))
        case .model: self = .model(try ModelRegistration(&fields))
        case .branchMove, .tagDelete, .merge, .conflict, .redact, .policy, .key, .prune:
            throw CBORError(message: "operation type '\(tag.name)' is reserved", offset: 0)
        }
        try fields.finish()
    }
}

extension CBORFields {
    fileprivate mutating func name(_ key: UInt64) throws(CBORError) -> RefName {
        let text = try text(key)
        guard let name = RefName(text) else {
            throw CBORError(message: "field \(key) is not a branch or tag name", offset: 0)
        }
        return name
    }

    fileprivate mutating func commit(_ key: UInt64) throws(CBORError) -> CommitID {
        guard let id = CommitID(try bytes(key)) else {
            throw CBORError(message: "field \(key) is not a commit id", offset: 0)
        }
        return id
    }
}
