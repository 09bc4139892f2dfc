import ErrataCore
import LMDB
import Synchronization

// VALUES. The same value of a fact has one leaf for ever, so whoever brings a value looks for it first. Looking and
// sealing cost more than all else in a small commit. A client therefore does both on its own thread, before its
// request waits for the writer, and the writer takes that over unless the same value came meanwhile.

/// What a client found of a value that it brings.
struct FoundValue: Sendable {
    enum Value: Sendable {
        /// The store has had it before.
        case known(Leaf)
        /// It is new, and sealed in a slot of the request's loan.
        case new(Leaf, SealedPayload)
    }

    let value: Value
    let hash: FactValueHash
    /// How many operations the client saw.
    let operationCount: UInt64
}

extension JournalStore {
    /// How many values are looked for in one transaction.
    private static let valuesPerTransaction = 1_000

    // MARK: For clients

    /// Looks for the values that `edits` bring and seals those that are new, as far as slots are ready.
    ///
    /// What cannot be done here is left to the writer, failures of the disk among it: its answer is the one that
    /// the client gets.
    func findValues(of edits: inout [PreparedEdit], _ loan: SlotLoan) {
        let count = operationCount.load(ordering: .acquiring)
        for start in stride(from: 0, to: edits.count, by: JournalStore.valuesPerTransaction) {
            let end = min(start + JournalStore.valuesPerTransaction, edits.count)
            guard let new = try? find(&edits, start..<end, count),
                let slots = loan.takeIfReady(new.count)
            else { return }
            for (value, slot) in zip(new, slots) {
                guard case .put(let payload, _) = edits[value.place].change,
                    let (leaf, sealed) = try? seal(
                        payload, of: edits[value.place].fact, in: slot)
                else { return }
                edits[value.place].found = FoundValue(
                    value: .new(leaf, sealed), hash: value.hash, operationCount: count)
            }
        }
    }

    /// Notes which values the store has had; returns the places of those that are new.
    private func find(
        _ edits: inout [PreparedEdit], _ range: Range<Int>, _ count: UInt64
    ) throws -> [(place: Int, hash: FactValueHash)] {
        try environment.read { reader in
            var new: [(place: Int, hash: FactValueHash)] = []
            for i in range {
                guard case .put(let payload, _) = edits[i].change else { continue }
                let hash = FactValueHash(edits[i].fact, payload)
                let leaf = try find(payload, hash, of: edits[i].fact, before: count, reader)
                guard let leaf else {
                    new.append((i, hash))
                    continue
                }
                edits[i].found = FoundValue(
                    value: .known(leaf), hash: hash, operationCount: count)
            }
            return new
        }
    }

    // MARK: Looking

    /// Returns the leaf under which the store has this very payload of `fact`, nil if it does not have it or it
    /// cannot be read.
    ///
    /// `reader` shows all operations before `count`. Costs the row of the value if it came lately or the fact's
    /// values are remembered, else all rows of the fact.
    func find(
        _ payload: [UInt8], _ hash: FactValueHash, of fact: FactID, before count: UInt64,
        _ reader: borrowing ReadTransaction
    ) throws -> Leaf? {
        let (start, knowsAll) = valueMemory.withLock { $0.search(hash, of: fact) }
        if let start {
            for row in try payloads(of: fact, leafStart: start, reader)
            where try holds(row.sealed, payload, row.name) {
                return row.name.leaf
            }
        }
        return knowsAll ? nil : try findAmongAll(payload, of: fact, before: count, reader)
    }

    /// Looks through all values of a fact; if they are many, they are remembered.
    private func findAmongAll(
        _ payload: [UInt8], of fact: FactID, before count: UInt64,
        _ reader: borrowing ReadTransaction
    ) throws -> Leaf? {
        let rows = try payloads(of: fact, reader)
        let alike = rows.filter { $0.sealed.payloadByteCount == payload.count }
        guard alike.count > ValueMemory.scanCountMax else {
            return try alike.first { try holds($0.sealed, payload, $0.name) }?.name.leaf
        }
        var found: Leaf?
        var values: [(hash: FactValueHash, leaf: Leaf)] = []
        for (name, sealed) in rows where !sealed.isEmpty {
            // One that is damaged is nobody's value any more; to name it is up to verification.
            guard let key = try keys.key(sealed.slot),
                let value = try? sealed.opened(name: name, slotKey: key)
            else { continue }
            values.append((FactValueHash(fact, value), name.leaf))
            if value == payload { found = name.leaf }
        }
        valueMemory.withLock { $0.remember(fact, values, before: count) }
        return found
    }

    /// Returns whether a row holds `payload`; a redacted one holds nothing, and its text comes back as a new value.
    private func holds(
        _ sealed: SealedPayload, _ payload: [UInt8], _ name: PayloadKey
    ) throws -> Bool {
        guard sealed.payloadByteCount == payload.count, let key = try keys.key(sealed.slot) else {
            return false
        }
        return Leaf(.hmac(payload, key: key)) == name.leaf
    }

    /// Returns the payload rows of a fact whose leaves begin with `start`.
    private func payloads(
        of fact: FactID, leafStart start: [UInt8] = [], _ reader: borrowing ReadTransaction
    ) throws -> [(name: PayloadKey, sealed: SealedPayload)] {
        let prefix = fact.bytes + start
        return try reader.withCursor(over: tables.payloads) { cursor in
            var rows: [(name: PayloadKey, sealed: SealedPayload)] = []
            var entry = try cursor.seek(atLeast: prefix)
            while let row = entry, row.key.starts(with: prefix) {
                guard let name = PayloadKey(decoding: row.key),
                    let sealed = SealedPayload(decoding: row.value)
                else { throw JournalError.corrupt("a payload row of fact \(fact.hex) is damaged") }
                rows.append((name, sealed))
                entry = try cursor.next()
            }
            return rows
        }
    }

    // MARK: Sealing

    /// Seals `payload` under the key of `slot`, which no other payload uses.
    func seal(
        _ payload: [UInt8], of fact: FactID, in slot: UInt64
    ) throws -> (leaf: Leaf, sealed: SealedPayload) {
        guard let key = try keys.freshKey(slot) else {
            throw JournalError.corrupt("slot \(slot) of the key file is empty")
        }
        let leaf = Leaf(.hmac(payload, key: key))
        let nonce = options.random(SealedPayload.nonceByteCount)
        let sealed = try SealedPayload(
            sealing: payload, name: PayloadKey(fact, leaf), slot: slot, slotKey: key, nonce: nonce)
        return (leaf, sealed)
    }
}
