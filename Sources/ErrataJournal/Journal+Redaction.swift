package import ErrataCore
import LMDB

// REDACTION. The operation says which values of a fact can be read no longer, who said so and why; then the keys
// of those values are overwritten with zeros in the key file, and what is sealed under them is noise. Leaves,
// trees and proofs stay as they are. If the process ends in between, opening the store erases the keys: the
// operation is there for good. A value that comes back later gets a key and a leaf of its own.

/// Why a value of a fact cannot be read.
package struct Redaction: Hashable, Sendable {
    package let operation: UInt64
    package let time: Timestamp
    /// Who did it, as the kernel said.
    package let actor: Actor
    /// Who the client said wanted it.
    package let author: String?
    package let reason: String
}

extension Journal {
    /// Takes away the text of a fact: of the values `leaves`, or of every value that it ever had.
    ///
    /// When it returns, the operation is durable and the keys are erased. What was derived from the text is
    /// the caller's to delete. Throws `unknown_fact` if there is nothing to take away.
    package func redact(
        _ fact: FactID, leaves: [Leaf]? = nil, reason: String, author: String? = nil, actor: Actor
    ) async throws(JournalError) -> RedactionOutcome {
        let action = WriteRequest.Action.redact(
            fact, leaves, reason: try CommitText.message(reason))
        let outcome = try await submit(action, actor, author: author)
        guard case .redact(_, let leaves, _) = outcome.body else {
            preconditionFailure("the operation redacted nothing")
        }
        return RedactionOutcome(
            operation: outcome.operation, fact: fact, leaves: leaves, time: outcome.time)
    }

    /// How many values were redacted.
    package var redactionCount: Int {
        get throws(JournalError) { try store.read { try $0.count(of: store.tables.redactions) } }
    }

    /// Returns whether the store ever had a value of `fact`.
    package func hasValues(of fact: FactID) throws(JournalError) -> Bool {
        try store.read { try !store.payloadNames(of: fact, $0).isEmpty }
    }

    /// Returns who took the text of this value away, nil if nobody did.
    package func redaction(of fact: FactID, leaf: Leaf) throws(JournalError) -> Redaction? {
        try store.read { reader in
            guard let sequence = try store.redactionRow(PayloadKey(fact, leaf), reader) else {
                return nil
            }
            let operation = try store.operation(sequence, reader)
            guard case .redact(_, _, let reason) = operation.body else {
                throw JournalError.corrupt("operation \(sequence) redacts nothing")
            }
            return Redaction(
                operation: sequence, time: operation.time, actor: operation.actor,
                author: operation.author, reason: reason)
        }
    }
}

extension OperationPlanner {
    func redact(
        _ fact: FactID, _ leaves: [Leaf]?, _ reason: String, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        // One whose place is lost would be left out, and come back when the tables are made anew.
        if let leaf = try store.leafWithoutPlace(of: fact, reader) {
            throw JournalError(
                .corrupt, "the place of the value \(leaf) of fact \(fact.hex) is lost",
                hint: "With the daemon stopped, 'errata fsck --repair' makes it anew.")
        }
        let readable = try store.payloadNames(of: fact, reader).filter { name in
            try store.redactionRow(name, reader) == nil
        }.map(\.leaf)
        let wanted = leaves.map { Set($0).sorted() } ?? readable.sorted()
        guard !wanted.isEmpty, Set(wanted).isSubset(of: readable) else {
            throw JournalError(
                .unknownFact, "the fact \(fact.hex) has no such text to take away",
                hint: "It was redacted before, or never had that value.")
        }
        return OperationPlan(body: .redact(fact: fact, leaves: wanted, reason: reason))
    }
}

extension JournalStore {
    /// How many redactions are looked at in one transaction.
    private static let redactionChunkCount = 1_000

    /// Returns the operation that redacted a value, if one did.
    func redactionRow(
        _ name: PayloadKey, _ reader: borrowing ReadTransaction
    ) throws -> UInt64? {
        guard let row = try reader.value(of: name.bytes, in: tables.redactions) else { return nil }
        guard let sequence = row.bigEndianValue else {
            throw JournalError.corrupt("a redaction of fact \(name.fact.hex) is damaged")
        }
        return sequence
    }

    /// Returns the names of all values that a fact ever had.
    func payloadNames(
        of fact: FactID, _ reader: borrowing ReadTransaction
    ) throws -> [PayloadKey] {
        var names: [PayloadKey] = []
        try forEachPlace(of: fact, reader) { name, _ in
            names.append(name)
            return true
        }
        return names
    }

    /// Returns a leaf that some commit gave the fact, and of which neither payload nor conflict is found.
    fileprivate func leafWithoutPlace(
        of fact: FactID, _ reader: borrowing ReadTransaction
    ) throws -> Leaf? {
        try reader.withCursor(over: tables.history) { cursor in
            var entry = try cursor.seek(atLeast: fact.bytes)
            while let row = entry, row.key.starts(with: fact.bytes),
                row.key.count == FactID.byteCount + 8
            {
                guard let change = HistoryRow(decoding: row.value) else {
                    throw JournalError.corrupt("a history row of fact \(fact.hex) is damaged")
                }
                if let leaf = change.new {
                    let name = PayloadKey(fact, leaf)
                    guard
                        try place(of: name, reader) != nil
                            || conflict(of: fact, leaf, reader) != nil
                    else { return leaf }
                }
                entry = try cursor.next()
            }
            return nil
        }
    }

    /// Erases the keys of these values.
    func eraseKeys(of names: [PayloadKey]) throws(JournalError) {
        try keys.erase(try slots(of: names))
    }

    /// Returns the slots of these payloads, also where damage hides their places: what was redacted must go.
    private func slots(of names: [PayloadKey]) throws(JournalError) -> [UInt64] {
        var hidden: Set<PayloadKey> = []
        var slots = try read { reader in
            try names.compactMap { name -> UInt64? in
                let place = try reader.value(of: PayloadPlace.key(of: name), in: tables.history)
                    .flatMap { PayloadPlace(decoding: $0) }
                let row = try place.flatMap {
                    try storedPayload(of: name.fact, at: $0.sequence, reader)
                }
                if let row, row.name == name { return row.sealed.slot }
                hidden.insert(name)
                return nil
            }
        }
        var after: [UInt8]? = []
        while !hidden.isEmpty, let start = after {
            let rows = try read {
                try $0.entries(
                    of: tables.payloads, after: start, limit: JournalStore.redactionChunkCount)
            }
            for row in rows {
                guard let payload = PayloadRow(decoding: row.key, row.value),
                    hidden.remove(payload.name) != nil
                else { continue }
                slots.append(payload.sealed.slot)
            }
            after = rows.last?.key
        }
        if let name = hidden.first {
            throw .corrupt("the redacted fact \(name.fact.hex) has no payload")
        }
        return slots
    }

    /// Erases the keys that a redaction did not live to erase.
    func finishRedactions() throws(JournalError) {
        var after: [UInt8]? = []
        while let start = after {
            let rows = try read {
                try $0.entries(
                    of: tables.redactions, after: start, limit: JournalStore.redactionChunkCount)
            }
            let names = rows.compactMap { PayloadKey(decoding: $0.key) }
            if !names.isEmpty { try eraseKeys(of: names) }
            after = rows.last?.key
        }
    }
}
