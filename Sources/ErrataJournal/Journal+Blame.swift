package import ErrataCore
import LMDB

// BLAME. The commit that made a fact what it is at some commit is found by following the value back. The newest
// change on the line of first parents gave the fact its leaf; where that change only passed the value on, the
// search goes on in the commit that it came from:
//
//   a revert          the parent of the oldest commit that it took back there
//   a cherry-pick     the picked commit
//   a merge           the first parent if the value was there, else the other one
//   any other         the first parent, if the value was there (a field that was not touched, a side of a conflict)
//
// What "the value" is differs: the whole leaf, one field of it, or one side of a conflict. A value that none of
// those places has was introduced right there.

extension Journal {
    /// Returns the commit that introduced the value that `fact` has at `commit`; for a fact in conflict, the
    /// merge that could not choose.
    package func blame(_ fact: FactID, at commit: CommitID) throws(JournalError) -> CommitHeader {
        guard let leaf = try snapshot(at: commit).leaf(of: fact) else {
            throw JournalError.unknownFact(fact, at: "at \(commit.short)")
        }
        return try blame(fact, side: leaf, at: commit)
    }

    /// Returns the commit that introduced one side of the conflict that `fact` is in at `commit`.
    package func blame(
        _ fact: FactID, side: Leaf?, at commit: CommitID
    ) throws(JournalError) -> CommitHeader {
        try origin(of: fact, at: commit) { leaf in
            if leaf == side { return true }
            guard let leaf, let conflict = try self.conflict(of: fact, leaf: leaf) else {
                return false
            }
            return conflict.sides.contains(side)
        }
    }

    /// Returns the commit that introduced each field that the fact has at `commit`; none if it cannot be read.
    package func blameFields(
        _ fact: FactID, at commit: CommitID
    ) throws(JournalError) -> [FactField: CommitHeader] {
        guard let leaf = try snapshot(at: commit).leaf(of: fact) else {
            throw JournalError.unknownFact(fact, at: "at \(commit.short)")
        }
        guard case .fact(let value) = try self.value(of: fact, leaf: leaf) else { return [:] }
        var known: [Leaf: [Fact]] = [:]
        var origins: [FactField: CommitHeader] = [:]
        for field in FactField.allCases {
            let wanted = field.values(of: value)
            guard !wanted.isEmpty else { continue }
            origins[field] = try origin(of: fact, at: commit) { leaf in
                guard let leaf else { return false }
                let facts = try known[leaf] ?? self.readableFacts([(fact, leaf)])[0]
                known[leaf] = facts
                return facts.contains { field.values(of: $0) == wanted }
            }
        }
        return origins
    }

    /// Follows a value, which `holds` recognizes in a leaf, back from `commit` to where it came up.
    private func origin(
        of fact: FactID, at commit: CommitID, _ holds: (Leaf?) throws -> Bool
    ) throws(JournalError) -> CommitHeader {
        do {
            var place = commit
            while true {
                let change = try lineChange(of: fact, at: place)
                let header = try commitHeader(change.commit)
                guard let next = try source(of: fact, change, header, holds) else { return header }
                place = next
            }
        } catch { throw JournalError(wrapping: error) }
    }

    /// Returns the newest change of `fact` on the line of first parents from `commit` back.
    private func lineChange(
        of fact: FactID, at commit: CommitID
    ) throws(JournalError) -> HistoryEntry {
        let found = try store.read { try store.lineChange(of: fact, at: commit, $0) }
        guard let found else {
            throw .corrupt("the history of fact \(fact.hex) has a gap before \(commit.hex)")
        }
        return found
    }

    /// Returns the commit that the change took the value from, nil if it introduced it.
    private func source(
        of fact: FactID, _ change: HistoryEntry, _ commit: CommitHeader,
        _ holds: (Leaf?) throws -> Bool
    ) throws -> CommitID? {
        if try holds(change.old), let parent = commit.parents.first { return parent }
        for id in commit.parents.dropFirst() + commit.picks
        where try holds(snapshot(at: id).leaf(of: fact)) {
            return id
        }
        return try revertedParent(of: fact, commit, holds)
    }

    /// Returns the parent of the oldest commit that a revert took back for this fact.
    private func revertedParent(
        of fact: FactID, _ commit: CommitHeader, _ holds: (Leaf?) throws -> Bool
    ) throws -> CommitID? {
        let reverted = try commit.reverts.map { try commitHeader($0) }
            .sorted { $0.operation < $1.operation }
        for header in reverted {
            let change = try store.read { try store.lineChange(of: fact, at: header.id, $0) }
            // One of several may have been taken back for other facts only.
            guard let change, change.commit == header.id, try holds(change.old) else { continue }
            return header.parents.first
        }
        return nil
    }
}

extension JournalStore {
    /// Returns the newest change of `fact` on the line of first parents from `commit` back.
    fileprivate func lineChange(
        of fact: FactID, at commit: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> HistoryEntry? {
        let tip = try row(of: commit, reader)
        return try reader.withCursor(over: tables.history) { cursor in
            var entry = try cursor.seek(atMost: fact.bytes + [UInt8](bigEndian: tip.sequence))
            while let row = entry, row.key.starts(with: fact.bytes) {
                guard let change = HistoryRow(decoding: row.value),
                    let sequence = Array(row.key.dropFirst(FactID.byteCount)).bigEndianValue
                else { throw JournalError.corrupt("a history row of fact \(fact.hex) is damaged") }
                let generation = try self.row(of: change.commit, reader).generation
                if try ancestor(of: commit, generation: generation, reader) == change.commit {
                    return HistoryEntry(
                        commit: change.commit, operation: sequence, old: change.old,
                        new: change.new)
                }
                entry = try cursor.previous()
            }
            return nil
        }
    }
}
