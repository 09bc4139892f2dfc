import ErrataCore
import LMDB

// REBUILDING. Derived tables follow from operations and payloads, so they can be made anew at any time: when their layout
// is that of an earlier program, or when they are damaged. `derived` in `meta` names their layout. While they are
// being made it is absent, so that an interrupted rebuild begins again.

extension JournalStore {
    /// About how many rows are written in one transaction.
    private static let rebuildRowCount = 20_000

    /// Moves payloads and rebuilds the derived tables if an earlier program wrote them, or that was interrupted.
    func bringUpToDate() throws {
        let (count, isOutdated, layout) = try environment.read { reader in
            (try operationCount(reader), try self.isOutdated(reader), try derivedLayout(reader))
        }
        let isCurrent = count == 0 || layout == JournalFormat.derivedLayout && !isOutdated
        guard !isCurrent || options.rebuildsDerived else { return }
        if isOutdated, count > 0 {
            try movePayloads { options.updateProgress(.payloads, $0, count) }
        }
        try rebuild { if !isCurrent { options.updateProgress(.tables, $0, count) } }
    }

    /// Returns which layout the derived tables have; nil while they are being made.
    func derivedLayout(_ reader: borrowing ReadTransaction) throws -> UInt64? {
        try reader.value(of: JournalFormat.derivedKey, in: tables.meta)?.bigEndianValue
    }

    /// Deletes every derived row and makes it anew from the operations; `progress` hears how many are done.
    ///
    /// No one else may use the store meanwhile. Throws `corrupt` for an operation that cannot be.
    func rebuild(_ progress: (UInt64) -> Void) throws {
        try environment.write { transaction in
            try transaction.delete(JournalFormat.derivedKey, in: tables.meta)
            for table in tables.derived { try transaction.empty(table) }
        }
        var replay = OperationReplay(store: self)
        while let next = try environment.write({ try replayed(replay, $0) }) {
            replay = next
            progress(replay.frontier.size)
        }
        try environment.write { transaction in
            for (table, rows) in [(tables.branches, replay.branches), (tables.tags, replay.tags)] {
                for (name, row) in rows {
                    try transaction.put(row.encoded, for: name.key, in: table)
                }
            }
            let layout = [UInt8](bigEndian: JournalFormat.derivedLayout)
            try transaction.put(layout, for: JournalFormat.derivedKey, in: tables.meta)
            try putFormat(transaction)
        }
    }

    /// Writes the rows of the next operations; returns where the replay is then, nil if none was left.
    ///
    /// The replay is a value: a transaction that runs again begins where the last one ended.
    private func replayed(
        _ before: OperationReplay, _ transaction: borrowing WriteTransaction
    ) throws -> OperationReplay? {
        var replay = before
        var rowCount = 0
        while rowCount < JournalStore.rebuildRowCount {
            let key = [UInt8](bigEndian: replay.frontier.size)
            guard let record = try transaction.reader.value(of: key, in: tables.operations) else {
                break
            }
            let rows = try replay.apply(record, transaction.reader)
            if let problem = replay.takeProblems().first { throw JournalError.corrupt(problem) }
            for row in rows {
                guard let value = row.value else { continue }
                try transaction.put(value, for: row.key, in: row.table)
            }
            rowCount += rows.count + 1
        }
        return rowCount == 0 ? nil : replay
    }
}
