package import ErrataCore
import LMDB

extension Journal {
    /// How many commits an `ambiguous_revision` lists.
    private static let ambiguousCountMax = 5

    /// Returns the commit that `revision` names now; costs a few lookups.
    package func resolve(_ revision: Revision) throws(JournalError) -> CommitID {
        try store.read { reader in
            let base = try store.commit(of: revision, reader)
            guard revision.steps > 0 else { return base }
            let generation = try store.row(of: base, reader).generation
            let steps = UInt64(revision.steps)
            guard steps <= generation,
                let id = try store.ancestor(of: base, generation: generation - steps, reader)
            else {
                throw JournalError.unknownRevision(
                    revision.text, "only \(generation) commits lie before \(base.short)")
            }
            return id
        }
    }

    static func prefixMatches(
        _ prefix: String, in table: Table, _ reader: borrowing ReadTransaction
    ) throws -> [CommitID] {
        // An odd last digit is filled up with a zero to seek, then compared as text.
        let start = Hex.decode(prefix.utf8.count.isMultiple(of: 2) ? prefix : prefix + "0") ?? []
        return try reader.withCursor(over: table) { cursor in
            var found: [CommitID] = []
            var entry = try cursor.seek(atLeast: start)
            while let id = entry.flatMap({ CommitID($0.key) }), id.hex.hasPrefix(prefix),
                found.count < ambiguousCountMax
            {
                found.append(id)
                entry = try cursor.next()
            }
            return found
        }
    }
}

extension JournalStore {
    fileprivate func commit(
        of revision: Revision, _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        switch revision.base {
        case .name(let name): return try commit(of: name, revision, reader)
        case .commitPrefix(let prefix):
            let matches = try Journal.prefixMatches(prefix, in: tables.commits, reader)
            guard let id = matches.first else {
                throw JournalError.unknownRevision(
                    revision.text, "no commit's id begins with '\(prefix)'")
            }
            guard matches.count == 1 else { throw JournalError.ambiguous(prefix, matches) }
            return id
        case .operation(let sequence):
            let body = try operation(sequence, reader).body
            guard let id = body.commit else {
                throw JournalError.unknownRevision(
                    revision.text,
                    "operation \(sequence) of type '\(body.name)' left no version")
            }
            return id
        case .nameAtOperation(let name, let sequence):
            let count = try operationCount(reader)
            guard sequence < count else {
                throw JournalError.unknownOperation(sequence, last: count &- 1)
            }
            return try commit(of: name, after: sequence, revision, reader)
        case .nameAtTime(let name, let time):
            guard let sequence = try lastOperation(notAfter: time, reader) else {
                throw JournalError.unknownRevision(revision.text, "the store is younger than that")
            }
            return try commit(of: name, after: sequence, revision, reader)
        }
    }

    private func commit(
        of name: RefName, _ revision: Revision, _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        if let row = try ref(name, in: tables.branches, reader) { return row.commit }
        if let row = try ref(name, in: tables.tags, reader) { return row.commit }
        throw JournalError.unknownRevision(
            revision.text, "there is no branch or tag of that name")
    }

    /// Returns where `name` pointed after operation `sequence`.
    private func commit(
        of name: RefName, after sequence: UInt64, _ revision: Revision,
        _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        guard let move = try move(of: name, before: sequence + 1, reader) else {
            throw JournalError.unknownRevision(revision.text, "'\(name)' did not exist then")
        }
        guard let id = move.commit else {
            throw JournalError.unknownRevision(revision.text, "'\(name)' was deleted before that")
        }
        return id
    }

    /// Returns the last operation whose time is not after `time`: times grow with the sequence.
    private func lastOperation(
        notAfter time: Timestamp, _ reader: borrowing ReadTransaction
    ) throws -> UInt64? {
        var low: UInt64 = 0
        var high = try operationCount(reader)
        while low < high {
            let middle = low + (high - low) / 2
            if try self.time(of: middle, reader) <= time {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low == 0 ? nil : low - 1
    }

    /// Returns an operation's time without a copy of the rest, which may hold a large commit.
    private func time(
        of sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> Timestamp {
        let key = [UInt8](bigEndian: sequence)
        let time = try reader.withValue(of: key, in: tables.operations) { record in
            // The canonical order of keys puts version, type and time first.
            Operation.time(inHead: Array(record.prefix(Operation.headBytesMax)))
        }
        guard let time = time ?? nil else {
            throw JournalError.corrupt("operation \(sequence) is missing or damaged")
        }
        return time
    }
}
