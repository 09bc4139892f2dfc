import ErrataCore
import LMDB

// MIGRATION. Before layout 3 of the derived tables a payload lay under FactID (16) ‖ leaf (32), and the value of its
// row was the slot and what is sealed: a page of its own for each commit. Opening such a store puts each payload
// under the operation that brought it. A row is moved in one transaction, and keys of 48 bytes are told from
// those of 24, so a migration that was interrupted goes on with the rows that are left. Nothing is sealed anew.

extension JournalStore {
    /// How many values are looked for, and moved, in one transaction.
    private static let movedPerTransaction = 10_000
    /// About how many bytes are moved in one transaction.
    private static let movedByteCount = 4 << 20

    private struct BroughtValue {
        let sequence: UInt64
        let name: PayloadKey
    }

    // MARK: Marks

    /// Whether payloads lie where an earlier program put them: the format row, the layout's number and the payloads
    /// themselves tell, and two of them count, since one alone may be damaged.
    func isOutdated(_ reader: borrowing ReadTransaction) throws -> Bool {
        // A new store has none before its first rows have come from memory into the file.
        guard let row = try reader.value(of: JournalFormat.formatKey, in: tables.meta) else {
            return false
        }
        let marks = [
            try !FormatRow(decoding: row, of: "the journal").hasPayloadOrder,
            try derivedLayout(reader) != JournalFormat.derivedLayout,
            try hasOldPayloads(reader),
        ]
        return marks.count(where: \.self) > 1
    }

    /// Whether the format row says that payloads lie in the order of operations.
    private func hasPayloadOrder(_ reader: borrowing ReadTransaction) throws -> Bool {
        let row = try reader.value(of: JournalFormat.formatKey, in: tables.meta)
        return try row.map { try FormatRow(decoding: $0, of: "the journal").hasPayloadOrder }
            ?? false
    }

    /// Whether the last payload lies where an earlier program put it.
    ///
    /// Such keys begin with a FactID, so they come after those that begin with a sequence.
    private func hasOldPayloads(_ reader: borrowing ReadTransaction) throws -> Bool {
        let last = try reader.withCursor(over: tables.payloads) { try $0.last() }
        return last?.key.count == FactID.byteCount + Digest.byteCount
    }

    // MARK: Moving

    /// Puts payloads that an earlier program stored in the order of the operations that brought them.
    ///
    /// The derived tables are to be made anew after it; `progress` hears how many operations are done. Costs two lookups
    /// for each edit that the store ever had. Throws `corrupt`, with nothing changed, where operations or payloads
    /// are damaged: the earlier program can still open the store then.
    func movePayloads(_ progress: (UInt64) -> Void) throws {
        progress(0)
        if try !environment.read({ try hasPayloadOrder($0) }) { try checkBeforeMoving() }
        try environment.write { transaction in
            // From here on earlier programs refuse the store, and this one knows what it has to go on with.
            try transaction.delete(JournalFormat.derivedKey, in: tables.meta)
            try putFormat(transaction)
        }
        try forEachBroughtValue { values, operationCount in
            try move(values)
            progress(operationCount)
        }
    }

    /// Checks the chain of the operations, and that every value which they bring is there.
    private func checkBeforeMoving() throws {
        var frontier = MerkleFrontier()
        let count = try environment.read { try operationCount($0) }
        for sequence in 0..<count {
            let record = try environment.read {
                try $0.value(of: [UInt8](bigEndian: sequence), in: tables.operations)
            }
            guard let record else {
                throw JournalError.corrupt("operation \(sequence) is missing")
            }
            let operation = try Operation(sequence: sequence, decoding: record)
            guard operation.rootBefore == frontier.root else {
                throw JournalError.corrupt("operation \(sequence) holds another Merkle root")
            }
            _ = frontier.append(leafHash: MerkleTree.leafHash(record))
        }
        // Nothing else holds the root of the last one.
        guard try environment.read({ try tables.frontier(size: count, $0).root }) == frontier.root
        else { throw JournalError.corrupt("the Merkle tree is of other operations") }
        try forEachBroughtValue { values, _ in
            let missing = try environment.read { reader in
                try values.first { value in
                    let row = try reader.value(of: value.name.bytes, in: tables.payloads)
                    return row.flatMap { SealedPayload(decoding: $0) } == nil
                }
            }
            if let missing {
                throw JournalError.corrupt(
                    "the value of fact \(missing.name.fact.hex) of operation \(missing.sequence) is missing"
                )
            }
        }
    }

    /// Calls `body` with the values of all edits in the order of operations, some thousands at a time, and with how many
    /// operations they reach to; what stands for a conflict is no value.
    private func forEachBroughtValue(
        _ body: ([BroughtValue], _ operationCount: UInt64) throws -> Void
    ) throws {
        var conflicts: Set<PayloadKey> = []
        var values: [BroughtValue] = []
        var sequence: UInt64 = 0
        while let operation = try environment.read({ try operationIfPresent(sequence, $0) }) {
            if let bytes = operation.body.commitBytes {
                let commit = try Commit(decoding: bytes)
                for conflict in commit.conflicts {
                    conflicts.insert(PayloadKey(conflict.fact, conflict.leaf))
                }
                for edit in commit.edits {
                    guard let leaf = edit.new else { continue }
                    let name = PayloadKey(edit.fact, leaf)
                    guard !conflicts.contains(name) else { continue }
                    values.append(BroughtValue(sequence: sequence, name: name))
                }
            }
            sequence += 1
            if values.count >= JournalStore.movedPerTransaction {
                try body(values, sequence)
                values = []
            }
        }
        if !values.isEmpty { try body(values, sequence) }
    }

    private func move(_ values: [BroughtValue]) throws {
        var place = 0
        while place < values.count {
            // It may run again from where it began.
            place = try environment.write { try move(values[place...], $0) }
        }
    }

    /// Moves the first of these values; returns the place of those that are left.
    private func move(
        _ values: ArraySlice<BroughtValue>, _ transaction: borrowing WriteTransaction
    ) throws -> Int {
        var byteCount = 0
        for (place, value) in zip(values.indices, values) {
            guard place - values.startIndex < JournalStore.movedPerTransaction,
                byteCount < JournalStore.movedByteCount
            else { return place }
            let oldKey = value.name.bytes
            // A value that comes back was moved to where it came first.
            guard let old = try transaction.reader.value(of: oldKey, in: tables.payloads) else {
                continue
            }
            guard let sealed = SealedPayload(decoding: old) else {
                throw JournalError.corrupt(
                    "the payload row of fact \(value.name.fact.hex) is cut short")
            }
            let row = PayloadRow(at: value.sequence, value.name, sealed)
            try transaction.put(row.value, for: row.key, in: tables.payloads)
            try transaction.delete(oldKey, in: tables.payloads)
            byteCount += old.count
        }
        return values.endIndex
    }

    /// Stores the format row as this program writes it.
    func putFormat(_ transaction: borrowing WriteTransaction) throws {
        let slots = try transaction.reader.value(of: JournalFormat.slotsKey, in: tables.meta)
        let format = FormatRow(store: keys.store, hasGaps: try SlotsRow(decoding: slots).hasGaps)
        try transaction.put(format.encoded, for: JournalFormat.formatKey, in: tables.meta)
    }
}
