package import ErrataCore
import LMDB

/// One value that a fact had, from one commit on.
package struct HistoryEntry: Hashable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    package let old: Leaf?
    /// Nil if the commit retracted the fact.
    package let new: Leaf?
}

extension Journal {
    /// How many history rows are read in one transaction.
    private static let historyChunkCount = 256

    /// Returns the changes of `fact` in the history of `commit`, newest first, at most `limit`.
    ///
    /// Costs O(log commits) for each change that the fact ever had on any branch, until `limit`.
    package func history(
        of fact: FactID, at commit: CommitID, limit: Int = .max
    ) throws(JournalError) -> [HistoryEntry] {
        var entries: [HistoryEntry] = []
        var before = try store.read { try store.row(of: commit, $0).sequence + 1 }
        while entries.count < limit {
            let rows = try store.read { reader in
                try store.historyRows(
                    of: fact, before: before, in: commit, limit: Journal.historyChunkCount, reader)
            }
            entries += rows.found
            guard let next = rows.next else { break }
            before = next
        }
        return Array(entries.prefix(limit))
    }
}

extension JournalStore {
    /// Returns the changes of `fact` before operation `before` that lie in the history of `commit`.
    ///
    /// `next` is where to go on, nil at the end.
    fileprivate func historyRows(
        of fact: FactID, before: UInt64, in commit: CommitID, limit: Int,
        _ reader: borrowing ReadTransaction
    ) throws -> (found: [HistoryEntry], next: UInt64?) {
        guard before > 0 else { return ([], nil) }
        return try reader.withCursor(over: tables.history) { cursor in
            var found: [HistoryEntry] = []
            var entry = try cursor.seek(atMost: fact.bytes + [UInt8](bigEndian: before - 1))
            for _ in 0..<limit {
                guard let row = entry, row.key.starts(with: fact.bytes) else { return (found, nil) }
                guard let change = HistoryRow(decoding: row.value),
                    let sequence = Array(row.key.dropFirst(FactID.byteCount)).bigEndianValue
                else { throw JournalError.corrupt("a history row of fact \(fact.hex) is damaged") }
                if try isAncestor(change.commit, of: commit, reader) {
                    found.append(
                        HistoryEntry(
                            commit: change.commit, operation: sequence, old: change.old,
                            new: change.new))
                }
                entry = try cursor.previous()
            }
            guard let row = entry, row.key.starts(with: fact.bytes),
                let sequence = Array(row.key.dropFirst(FactID.byteCount)).bigEndianValue
            else { return (found, nil) }
            return (found, sequence + 1)
        }
    }
}
