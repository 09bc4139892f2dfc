import ErrataCore
import LMDB
import Synchronization

/// Finds or makes the leaf of each value that a commit brings.
struct PayloadSealer {
    let store: JournalStore
    /// The first slot that no payload uses.
    private(set) var nextSlot: UInt64
    /// The payloads that the store does not have yet.
    private(set) var new: [(name: PayloadKey, sealed: SealedPayload)] = []

    init(store: JournalStore, nextSlot: UInt64) {
        self.store = store
        self.nextSlot = nextSlot
    }

    /// Returns the leaf after `draft`, nil if it takes the fact out; `old` is the leaf before.
    mutating func leaf(
        for draft: PreparedEdit, old: Leaf?, _ reader: borrowing ReadTransaction
    ) throws -> Leaf? {
        switch draft.change {
        case .retract:
            guard old != nil else {
                throw JournalError.unknownFact(draft.fact, at: "on the branch")
            }
            return nil
        case .put(let payload, let mustExist):
            guard old != nil || !mustExist else {
                throw JournalError.unknownFact(draft.fact, at: "on the branch")
            }
            return try leaf(of: draft.fact, payload: payload, reader)
        case .choose(let side):
            let conflict = try old.flatMap { try store.conflict(of: draft.fact, $0, reader) }
            guard let conflict, conflict.sides.contains(side) else {
                throw JournalError.notInConflict(draft.fact)
            }
            return side
        }
    }

    /// Returns the leaf of this value of a fact, an old one if the store has had the value before.
    mutating func leaf(
        of fact: FactID, payload: [UInt8], _ reader: borrowing ReadTransaction
    ) throws -> Leaf {
        if let leaf = try known(fact, payload, reader) { return leaf }
        return try seal(payload, of: fact)
    }

    /// Returns the leaf under which the store has this very payload of `fact`.
    private func known(
        _ fact: FactID, _ payload: [UInt8], _ reader: borrowing ReadTransaction
    ) throws -> Leaf? {
        if let leaves = store.payloadMemory.withLock({ $0.leaves(of: fact, payload) }) {
            return try leaves.first { leaf in
                let name = PayloadKey(fact, leaf)
                let row = try reader.value(of: name.bytes, in: store.tables.payloads)
                return try row.flatMap(SealedPayload.init).map { try holds($0, payload, name) }
                    ?? false
            }
        }
        var tryCount = 0
        var found: Leaf?
        try forEachPayload(of: fact, reader) { name, sealed in
            guard sealed.payloadByteCount == payload.count else { return true }
            tryCount += 1
            if try holds(sealed, payload, name) { found = name.leaf }
            return found == nil
        }
        if tryCount > PayloadMemory.scanCountMax { try remember(fact, reader) }
        return found
    }

    /// Returns whether a row holds `payload`; an erased one cannot be recognized, and comes back as a new one.
    private func holds(
        _ sealed: SealedPayload, _ payload: [UInt8], _ name: PayloadKey
    ) throws -> Bool {
        guard let key = try store.keys.key(sealed.slot) else { return false }
        return Leaf(.hmac(payload, key: key)) == name.leaf
    }

    /// Opens all values of a fact, so that the next ones need not be compared with each.
    private func remember(_ fact: FactID, _ reader: borrowing ReadTransaction) throws {
        var values: [(payload: [UInt8], leaf: Leaf)] = []
        try forEachPayload(of: fact, reader) { name, sealed in
            if let key = try store.keys.key(sealed.slot) {
                values.append((try sealed.opened(name: name, slotKey: key), name.leaf))
            }
            return true
        }
        store.payloadMemory.withLock { $0.remember(fact, values) }
    }

    /// Calls `body` with each payload row of a fact until it returns false.
    private func forEachPayload(
        of fact: FactID, _ reader: borrowing ReadTransaction,
        _ body: (PayloadKey, SealedPayload) throws -> Bool
    ) throws {
        try reader.withCursor(over: store.tables.payloads) { cursor in
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

    private mutating func seal(_ payload: [UInt8], of fact: FactID) throws -> Leaf {
        try store.keys.prepare(used: nextSlot + 1)
        guard let key = try store.keys.freshKey(nextSlot) else {
            throw JournalError.corrupt("slot \(nextSlot) of the key file is empty")
        }
        let leaf = Leaf(.hmac(payload, key: key))
        let name = PayloadKey(fact, leaf)
        let nonce = store.options.random(SealedPayload.nonceByteCount)
        let sealed = try SealedPayload(
            sealing: payload, name: name, slot: nextSlot, slotKey: key, nonce: nonce)
        new.append((name, sealed))
        store.payloadMemory.withLock { $0.add(payload, leaf, of: fact) }
        nextSlot += 1
        return leaf
    }
}
