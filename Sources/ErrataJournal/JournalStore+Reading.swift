package import ErrataCore
import LMDB

// What both the writer and the readers look up, each in a transaction of the caller's.

/// A name's row: where it points and which operation made it so.
struct RefRow: Equatable, Sendable {
    let commit: CommitID
    let sequence: UInt64

    var encoded: [UInt8] { commit.bytes + [UInt8](bigEndian: sequence) }

    init(commit: CommitID, sequence: UInt64) {
        self.commit = commit
        self.sequence = sequence
    }

    init?(decoding bytes: [UInt8]) {
        guard let commit = CommitID(bytes.prefix(CommitID.byteCount)),
            let sequence = Array(bytes.dropFirst(CommitID.byteCount)).bigEndianValue
        else { return nil }
        self.init(commit: commit, sequence: sequence)
    }
}

extension RefName {
    var key: [UInt8] { Array(text.utf8) }

    /// The key in `reflog`; no name holds a zero, so the rows of a name lie together.
    func reflogKey(_ sequence: UInt64) -> [UInt8] { key + [0] + [UInt8](bigEndian: sequence) }
}

extension JournalStore {
    func ref(
        _ name: RefName, in table: Table, _ reader: borrowing ReadTransaction
    ) throws -> RefRow? {
        guard let bytes = try reader.value(of: name.key, in: table) else { return nil }
        guard let row = RefRow(decoding: bytes) else {
            throw JournalError.corrupt("the row of '\(name)' in \(table.name) is damaged")
        }
        return row
    }

    /// Returns the newest move of a name by an operation before `sequence`; its commit is nil if the name was
    /// taken away.
    func move(
        of name: RefName, before sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> (sequence: UInt64, commit: CommitID?)? {
        guard sequence > 0 else { return nil }
        let entry = try reader.withCursor(over: tables.reflog) {
            try $0.seek(atMost: name.reflogKey(sequence - 1))
        }
        guard let entry, entry.key.starts(with: name.key + [0]) else { return nil }
        guard let place = Array(entry.key.suffix(8)).bigEndianValue,
            entry.value.isEmpty || CommitID(entry.value) != nil
        else { throw JournalError.corrupt("a row of '\(name)' in the reflog is damaged") }
        return (place, CommitID(entry.value))
    }

    func head(of branch: RefName, _ reader: borrowing ReadTransaction) throws -> CommitID {
        guard let row = try ref(branch, in: tables.branches, reader) else {
            throw JournalError.unknownBranch(branch)
        }
        return row.commit
    }

    func row(of commit: CommitID, _ reader: borrowing ReadTransaction) throws -> CommitRow {
        guard let bytes = try reader.value(of: commit.bytes, in: tables.commits) else {
            throw JournalError.unknownCommit(commit)
        }
        guard let row = CommitRow(decoding: bytes) else {
            throw JournalError.corrupt("the row of commit \(commit.hex) is damaged")
        }
        return row
    }

    func operationIfPresent(
        _ sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> Operation? {
        try reader.value(of: [UInt8](bigEndian: sequence), in: tables.operations)
            .map { try Operation(sequence: sequence, decoding: $0) }
    }

    /// Returns how many operations there are; they are numbered from 0 without a gap.
    func operationCount(_ reader: borrowing ReadTransaction) throws -> UInt64 {
        let last = try reader.withCursor(over: tables.operations) { try $0.last() }
        guard let last else { return 0 }
        guard let sequence = last.key.bigEndianValue, sequence < .max else {
            throw JournalError.corrupt("the last key of the operations is not a sequence")
        }
        return sequence + 1
    }

    func operation(_ sequence: UInt64, _ reader: borrowing ReadTransaction) throws -> Operation {
        if let operation = try operationIfPresent(sequence, reader) { return operation }
        throw JournalError.unknownOperation(sequence, last: try operationCount(reader) &- 1)
    }

    func record(
        of id: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> CommitRecord {
        let row = try row(of: id, reader)
        return try CommitRecord(id, row, try operation(row.sequence, reader))
    }
}

extension CommitRecord {
    /// Reads the commit that `operation` holds; throws `corrupt` unless it is `id`.
    init(_ id: CommitID, _ row: CommitRow, _ operation: Operation) throws {
        guard let bytes = operation.body.commitBytes, CommitID(.sha256(bytes)) == id else {
            throw JournalError.corrupt("operation \(row.sequence) does not hold commit \(id.hex)")
        }
        self.init(
            id: id, commit: try Commit(decoding: bytes), operation: row.sequence,
            actor: operation.actor, generation: row.generation, factCount: Int(row.factCount))
    }
}

/// A commit, and the operation that wrote it.
package struct CommitRecord: Hashable, Sendable {
    package let id: CommitID
    package let commit: Commit
    package let operation: UInt64
    /// Who wrote it, as the kernel said.
    package let actor: Actor
    /// How many first parents lie behind it.
    package let generation: UInt64
    /// How many facts its snapshot has.
    package let factCount: Int

    package var time: Timestamp { commit.time }
}

extension JournalStore {
    /// Returns operations from `from` on, oldest first, at most `limit`.
    func operations(from: UInt64, limit: Int) throws(JournalError) -> [Operation] {
        var operations: [Operation] = []
        while operations.count < limit {
            let start = from + UInt64(operations.count)
            let count = min(limit - operations.count, Journal.operationChunkCount)
            let entries = try read {
                try $0.entries(
                    of: tables.operations, atLeast: [UInt8](bigEndian: start), limit: count)
            }
            for entry in entries {
                guard let sequence = entry.key.bigEndianValue else {
                    throw .corrupt("a key of the operations is not a sequence")
                }
                operations.append(try Operation(sequence: sequence, decoding: entry.value))
            }
            if entries.count < count { break }
        }
        return operations
    }
}
