package import ErrataCore
import LMDB

// DIFF. Two snapshots are compared by a walk through both tries that skips what they share: O(changes · depth).
// Where one commit is a near ancestor of the other along first parents, the edits between say the same, and
// reading them is less: a commit's edits lie in one record, sorted, but in the trie each has a path of its own.

extension Journal {
    /// How many commits may lie between two whose edits are read instead of their tries.
    private static let diffCommitCountMax: UInt64 = 64
    /// How many bytes the records of those commits may take.
    private static let diffBytesMax = 4 << 20

    /// Returns what changed between two commits, in the order of fact ids; O(edits between) along a short line
    /// of first parents, O(changes · depth) else.
    package func diff(from: CommitID, to: CommitID) throws(JournalError) -> [Edit] {
        if let line = try line(from: from, to: to) {
            return try Journal.changes(along: line.records, isBackward: line.isBackward)
        }
        let (old, new) = try store.read {
            (try store.row(of: from, $0).root, try store.row(of: to, $0).root)
        }
        var diff = TrieDiff(from: old, to: new)
        var changes: [Edit] = []
        while !diff.isDone {
            try store.read {
                try diff.advance(
                    &changes, nodeCountMax: Journal.nodeChunkCount, store.cachedTrie, $0)
            }
        }
        return changes
    }

    /// A commit as it lies in the tables.
    fileprivate struct StoredCommit {
        let id: CommitID
        let row: CommitRow
        let record: [UInt8]
    }

    /// Returns the commits after one of the two up to the other, newest first; nil if neither is a near ancestor
    /// of the other along first parents.
    private func line(
        from: CommitID, to: CommitID
    ) throws(JournalError) -> (records: [StoredCommit], isBackward: Bool)? {
        try store.read { reader in
            let (old, new) = (try store.row(of: from, reader), try store.row(of: to, reader))
            let isBackward = new.generation < old.generation
            let end = isBackward ? to : from
            let (near, far) = isBackward ? (old, new) : (new, old)
            guard near.generation - far.generation <= Journal.diffCommitCountMax else { return nil }
            var (id, row) = (isBackward ? from : to, near)
            var path: [(id: CommitID, row: CommitRow)] = []
            while row.generation > far.generation {
                path.append((id, row))
                (id, row) = (row.parent, try store.row(of: row.parent, reader))
            }
            guard id == end, let records = try records(of: path, reader) else { return nil }
            return (records, isBackward)
        }
    }

    /// Copies out the records of these commits; nil if they are too large.
    private func records(
        of path: [(id: CommitID, row: CommitRow)], _ reader: borrowing ReadTransaction
    ) throws -> [StoredCommit]? {
        var records: [StoredCommit] = []
        var byteCount = 0
        for (id, row) in path {
            let key = [UInt8](bigEndian: row.sequence)
            guard let bytes = try reader.value(of: key, in: store.tables.operations) else {
                throw JournalError.corrupt("commit \(id.hex) has no operation \(row.sequence)")
            }
            byteCount += bytes.count
            guard byteCount <= Journal.diffBytesMax else { return nil }
            records.append(StoredCommit(id: id, row: row, record: bytes))
        }
        return records
    }

    /// Returns what these commits, newest first, did together.
    private static func changes(
        along line: [StoredCommit], isBackward: Bool
    ) throws(JournalError) -> [Edit] {
        var leaves: [FactID: (old: Leaf?, new: Leaf?)] = [:]
        for stored in line {
            for edit in try stored.edits {
                leaves[edit.fact, default: (nil, edit.new)].old = edit.old
            }
        }
        return leaves.filter { $0.value.old != $0.value.new }
            .map { fact, leaf in
                isBackward
                    ? Edit(fact: fact, old: leaf.new, new: leaf.old)
                    : Edit(fact: fact, old: leaf.old, new: leaf.new)
            }
            .sorted { $0.fact < $1.fact }
    }
}

extension Journal.StoredCommit {
    fileprivate var edits: [Edit] {
        get throws(JournalError) {
            let operation = try Operation(sequence: row.sequence, decoding: record)
            do { return try CommitRecord(id, row, operation).commit.edits } catch {
                throw JournalError(wrapping: error)
            }
        }
    }
}
