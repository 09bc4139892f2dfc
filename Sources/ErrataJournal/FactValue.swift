package import ErrataCore
import LMDB

/// What a leaf stands for.
package enum FactValue: Hashable, Sendable {
    case fact(Fact)
    /// A merge could not choose; each side is a leaf of its own.
    case conflict(Conflict)
    /// The text was taken away.
    case redacted
}

extension Journal {
    /// Returns what `leaf` stands for as a value of `fact`; throws `unknown_fact` if the store never had it.
    package func value(of fact: FactID, leaf: Leaf) throws(JournalError) -> FactValue {
        try store.read { try store.value(of: fact, leaf, $0) }
    }

    /// Returns the conflict that `leaf` stands for, nil if it is a plain value.
    package func conflict(of fact: FactID, leaf: Leaf) throws(JournalError) -> Conflict? {
        try store.read { try store.conflict(of: fact, leaf, $0) }
    }

    /// Returns what can be read of each of these values: the fact, the sides of a conflict that are facts, or
    /// nothing of a redacted one.
    package func readableFacts(_ pairs: [(FactID, Leaf)]) throws(JournalError) -> [[Fact]] {
        var found: [[Fact]] = []
        for (fact, (id, leaf)) in zip(try facts(pairs), pairs) {
            if let fact {
                found.append([fact])
            } else if let conflict = try conflict(of: id, leaf: leaf) {
                let sides = conflict.sides.compactMap(\.self).map { (id, $0) }
                found.append(try facts(sides).compactMap(\.self))
            } else {
                found.append([])
            }
        }
        return found
    }

    /// Returns the conflicts of a snapshot, by fact.
    ///
    /// Costs a lookup for each conflict that the store ever had.
    package func conflicts(at commit: CommitID) throws(JournalError) -> [Conflict] {
        let snapshot = try snapshot(at: commit)
        var found: [Conflict] = []
        var after: [UInt8]? = []
        while let start = after {
            let rows = try store.read {
                try $0.entries(
                    of: store.tables.conflicts, after: start, limit: Journal.payloadChunkCount)
            }
            for row in rows {
                guard let name = PayloadKey(decoding: row.key) else {
                    throw .corrupt("a key of the conflicts is damaged")
                }
                guard try snapshot.leaf(of: name.fact) == name.leaf else { continue }
                found.append(try store.decodeConflict(row.value, name))
            }
            after = rows.last?.key
        }
        return found
    }
}

extension JournalStore {
    func value(
        of fact: FactID, _ leaf: Leaf, _ reader: borrowing ReadTransaction
    ) throws -> FactValue {
        let name = PayloadKey(fact, leaf)
        if let row = try payload(name, reader) {
            return try openPayload(row).map(FactValue.fact) ?? .redacted
        }
        if let conflict = try conflict(of: fact, leaf, reader) { return .conflict(conflict) }
        throw JournalError.unknownFact(fact, at: "with the leaf \(leaf)")
    }

    func conflict(
        of fact: FactID, _ leaf: Leaf, _ reader: borrowing ReadTransaction
    ) throws -> Conflict? {
        let name = PayloadKey(fact, leaf)
        return try reader.value(of: name.bytes, in: tables.conflicts)
            .map { try decodeConflict($0, name) }
    }

    func decodeConflict(_ bytes: [UInt8], _ name: PayloadKey) throws(JournalError) -> Conflict {
        let conflict: Conflict
        do { conflict = try Conflict(CBOR(decoding: bytes)) } catch {
            throw .corrupt("the conflict of fact \(name.fact.hex) is damaged: \(error)")
        }
        guard conflict.fact == name.fact, conflict.leaf == name.leaf else {
            throw .corrupt("the conflict of fact \(name.fact.hex) is another one")
        }
        return conflict
    }
}
