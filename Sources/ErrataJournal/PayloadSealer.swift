import ErrataCore
import LMDB
import Synchronization

/// A payload that the store does not have yet.
struct NewPayload {
    let name: PayloadKey
    let sealed: SealedPayload
    let value: FactValueHash
}

/// Finds or makes the leaf of each value that a commit brings.
struct PayloadSealer {
    let store: JournalStore
    let loan: SlotLoan
    /// The payloads that the store does not have yet.
    private(set) var new: [NewPayload] = []

    init(store: JournalStore, loan: SlotLoan) {
        self.store = store
        self.loan = loan
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
            if let found = draft.found, let leaf = take(found, payload, draft.fact) { return leaf }
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
        switch try store.find(payload, of: fact, reader) {
        case .known(let leaf): return leaf
        case .new: break
        case .unclear:
            if let leaf = try store.findAmongAll(payload, of: fact, reader) { return leaf }
        }
        return try seal(payload, of: fact)
    }

    /// Takes over what the client found, if it still holds.
    private mutating func take(
        _ found: FoundValue, _ payload: [UInt8], _ fact: FactID
    ) -> Leaf? {
        let holds = store.recentPayloads.withLock {
            $0.holds(found, FactValueHash(fact, payload))
        }
        guard holds else { return nil }
        switch found.value {
        case .known(let leaf): return leaf
        case .new(let leaf, let sealed):
            add(sealed, payload, PayloadKey(fact, leaf))
            return leaf
        }
    }

    private mutating func seal(_ payload: [UInt8], of fact: FactID) throws -> Leaf {
        let (leaf, sealed) = try store.seal(payload, of: fact, in: try loan.take())
        add(sealed, payload, PayloadKey(fact, leaf))
        return leaf
    }

    private mutating func add(_ sealed: SealedPayload, _ payload: [UInt8], _ name: PayloadKey) {
        let value = FactValueHash(name.fact, payload)
        new.append(NewPayload(name: name, sealed: sealed, value: value))
        store.payloadMemory.withLock { $0.add(payload, name.leaf, of: name.fact) }
    }
}
