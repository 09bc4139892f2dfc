package import ErrataCore
import LMDB

/// A branch or tag and where it points.
package struct NamedCommit: Hashable, Sendable {
    package let name: String
    package let commit: CommitID
    /// The operation that made it point there.
    package let operation: UInt64
}

extension Journal {
    /// Returns the branches in the order of their names' bytes.
    package func branches() throws(JournalError) -> [NamedCommit] {
        try names(in: store.tables.branches)
    }

    /// Returns the tags in the order of their names' bytes.
    package func tags() throws(JournalError) -> [NamedCommit] { try names(in: store.tables.tags) }

    private func names(in table: Table) throws(JournalError) -> [NamedCommit] {
        var names: [NamedCommit] = []
        var after: [UInt8]? = []
        while let key = after {
            let entries = try store.read { try $0.entries(of: table, after: key, limit: 1000) }
            for entry in entries {
                guard let row = RefRow(decoding: entry.value) else {
                    throw .corrupt("a row of \(table.name) is damaged")
                }
                names.append(
                    NamedCommit(
                        name: String(decoding: entry.key, as: UTF8.self), commit: row.commit,
                        operation: row.sequence))
            }
            after = entries.last?.key
        }
        return names
    }

    /// Returns the commit that `branch` points at.
    package func head(of branch: String) throws(JournalError) -> CommitID {
        let name = try Journal.name(branch)
        return try store.read { try store.head(of: name, $0) }
    }

    // MARK: Commits

    /// Returns a commit, who wrote it and when; costs its edits.
    package func commitRecord(_ id: CommitID) throws(JournalError) -> CommitRecord {
        try store.read { try store.record(of: id, $0) }
    }

    /// Returns what is said of a commit; costs its edits the first time.
    package func commitHeader(_ id: CommitID) throws(JournalError) -> CommitHeader {
        try headers.header(of: id) { () throws(JournalError) in try commitRecord(id) }
    }

    /// Returns `from` and its first parents, newest first, at most `limit`; go on from the last one's parent.
    package func log(from: CommitID, limit: Int) throws(JournalError) -> [CommitRecord] {
        var records: [CommitRecord] = []
        var next: CommitID? = from
        while records.count < limit, let id = next {
            let record = try commitRecord(id)
            records.append(record)
            next = record.commit.parents.first
        }
        return records
    }

    /// Returns whether `ancestor` is `commit` or lies on its line of first parents; O(log n).
    package func isAncestor(
        _ ancestor: CommitID, of commit: CommitID
    ) throws(JournalError) -> Bool {
        try store.read { try store.isAncestor(ancestor, of: commit, $0) }
    }

    // MARK: Operations

    package var operationCount: UInt64 {
        get throws(JournalError) { try store.read { try store.operationCount($0) } }
    }

    /// The last operation; operation 0 is there from the start.
    package var lastOperation: Operation {
        get throws(JournalError) {
            try store.read { reader in
                try store.operation(try store.operationCount(reader) &- 1, reader)
            }
        }
    }

    /// The RFC 6962 root of all operations, and how many they are.
    package var merkleRoot: (size: UInt64, root: Digest) {
        get throws(JournalError) {
            try store.read { reader in
                let size = try store.operationCount(reader)
                return (size, try store.tables.frontier(size: size, reader).root)
            }
        }
    }

    package func operation(_ sequence: UInt64) throws(JournalError) -> Operation {
        try store.read { try store.operation(sequence, $0) }
    }

    /// Returns operations from `from` on, oldest first, at most `limit`.
    package func operations(from: UInt64, limit: Int) throws(JournalError) -> [Operation] {
        try store.operations(from: from, limit: limit)
    }

    /// How many operations are copied out in one transaction; each may be as large as a commit.
    static let operationChunkCount = 64
}

extension ReadTransaction {
    /// Copies out rows of `table` with keys that follow `after`, at most `limit`.
    func entries(of table: Table, after: [UInt8], limit: Int) throws -> [Cursor.Entry] {
        try entries(of: table, atLeast: after + [0], limit: limit)
    }

    /// Copies out rows of `table` from the key `atLeast` on, at most `limit`.
    func entries(of table: Table, atLeast: [UInt8], limit: Int) throws -> [Cursor.Entry] {
        guard limit > 0 else { return [] }
        return try withCursor(over: table) { cursor in
            var entries: [Cursor.Entry] = []
            var entry = atLeast.isEmpty ? try cursor.first() : try cursor.seek(atLeast: atLeast)
            while let row = entry {
                entries.append(row)
                if entries.count == limit { break }
                entry = try cursor.next()
            }
            return entries
        }
    }
}
