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
    /// How many operations the client saw.
    let operationCount: UInt64
}

extension JournalStore {
    /// How many values are looked for in one transaction.
    private static let valuesPerTransaction = 1_000

    /// What looking for a value gives.
    enum Search {
        case known(Leaf)
        case new
        /// The fact has so many values that they should be remembered first, which the writer does.
        case unclear
    }

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
            for (i, slot) in zip(new, slots) {
                guard case .put(let payload, _) = edits[i].change,
                    let (leaf, sealed) = try? seal(payload, of: edits[i].fact, in: slot)
                else { return }
                edits[i].found = FoundValue(value: .new(leaf, sealed), operationCount: count)
            }
        }
    }

    /// Notes which values the store has had; returns the places of those that are new.
    private func find(
        _ edits: inout [PreparedEdit], _ range: Range<Int>, _ count: UInt64
    ) throws -> [Int] {
        try environment.read { reader in
            var new: [Int] = []
            for i in range {
                guard case .put(let payload, _) = edits[i].change else { continue }
                switch try find(payload, of: edits[i].fact, reader) {
                case .known(let leaf):
                    edits[i].found = FoundValue(value: .known(leaf), operationCount: count)
                case .new: new.append(i)
                case .unclear: break
                }
            }
            return new
        }
    }

    // MARK: Looking

    /// Returns the leaf under which the store has this very payload of `fact`, if it has it and can be read.
    func find(
        _ payload: [UInt8], of fact: FactID, _ reader: borrowing ReadTransaction
    ) throws -> Search {
        if let leaves = payloadMemory.withLock({ $0.leaves(of: fact, payload) }) {
            for leaf in leaves {
                let name = PayloadKey(fact, leaf)
                guard let row = try reader.value(of: name.bytes, in: tables.payloads),
                    let sealed = SealedPayload(decoding: row)
                else { continue }
                if try holds(sealed, payload, name) { return .known(leaf) }
            }
            return .new
        }
        var tryCount = 0
        var found: Leaf?
        try forEachPayload(of: fact, reader) { name, sealed in
            guard sealed.payloadByteCount == payload.count else { return true }
            guard tryCount < PayloadMemory.scanCountMax else {
                tryCount += 1
                return false
            }
            tryCount += 1
            if try holds(sealed, payload, name) { found = name.leaf }
            return found == nil
        }
        if let found { return .known(found) }
        return tryCount > PayloadMemory.scanCountMax ? .unclear : .new
    }

    /// Remembers all values of a fact, and returns the leaf of `payload` if it is one; only the writer may.
    func findAmongAll(
        _ payload: [UInt8], of fact: FactID, _ reader: borrowing ReadTransaction
    ) throws -> Leaf? {
        var values: [(payload: [UInt8], leaf: Leaf)] = []
        try forEachPayload(of: fact, reader) { name, sealed in
            if !sealed.isEmpty, let key = try keys.key(sealed.slot) {
                values.append((try sealed.opened(name: name, slotKey: key), name.leaf))
            }
            return true
        }
        payloadMemory.withLock { $0.remember(fact, values) }
        return values.first { $0.payload == payload }?.leaf
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

    /// Calls `body` with each payload row of a fact until it returns false.
    private func forEachPayload(
        of fact: FactID, _ reader: borrowing ReadTransaction,
        _ body: (PayloadKey, SealedPayload) throws -> Bool
    ) throws {
        try reader.withCursor(over: tables.payloads) { cursor in
            var entry = try cursor.seek(atLeast: fact.bytes)
            while let row = entry, row.key.starts(with: fact.bytes) {
                guard let name = PayloadKey(decoding: row.key),
                    let sealed = SealedPayload(decoding: row.value)
                else { throw JournalError.corrupt("a payload row of fact \(fact.hex) is damaged") }
                guard try body(name, sealed) else { return }
                entry = try cursor.next()
            }
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
