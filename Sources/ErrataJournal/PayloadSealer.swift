import ErrataCore
import LMDB
import Synchronization

/// A payload that the store does not have yet.
struct NewPayload {
    let name: PayloadKey
    let sealed: SealedPayload
    let hash: FactValueHash
}

/// Finds or makes the leaf of each value that a commit brings.
struct PayloadSealer {
    let store: JournalStore
    /// The operation that brings the values.
    let sequence: UInt64
    let loan: SlotLoan
    /// The payloads that the store does not have yet.
    private(set) var new: [NewPayload] = []

    init(store: JournalStore, sequence: UInt64, loan: SlotLoan) {
        self.store = store
        self.sequence = sequence
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
            if let found = draft.found, let leaf = take(found, of: draft.fact) { return leaf }
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
        let hash = FactValueHash(fact, payload)
        let search = try store.find(payload, hash, of: fact, before: sequence, reader)
        if case .known(let leaf) = search { return leaf }
        let (leaf, sealed) = try store.seal(payload, of: fact, in: try loan.take())
        new.append(NewPayload(name: PayloadKey(fact, leaf), sealed: sealed, hash: hash))
        return leaf
    }

    /// Takes over what the client found, if it still holds.
    private mutating func take(_ found: FoundValue, of fact: FactID) -> Leaf? {
        guard store.valueMemory.withLock({ $0.holds(found) }) else { return nil }
        switch found.value {
        case .known(let leaf): return leaf
        case .new(let leaf, let sealed):
            new.append(NewPayload(name: PayloadKey(fact, leaf), sealed: sealed, hash: found.hash))
            return leaf
        }
    }
}
