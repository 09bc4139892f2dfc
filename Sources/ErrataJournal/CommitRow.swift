import ErrataCore

// COMMIT ROW, the value of `commits` under a commit id: what finding and walking need, derived from the
// operations.
//
//   sequence (8)      of the operation that wrote the commit
//   generation (8)    0 for the first commit, otherwise one more than the first parent's
//   fact count (8)    of the snapshot
//   parent (32)       the first parent; the commit itself for the first commit
//   jump (32)         an ancestor further back along first parents; the commit itself for the first
//   merge (32)        the nearest merge behind it on the line of first parents; zeros if there is none
//   merged (1)        how many other parents there are, then their ids (32 each)
//   root kind (1)     0 no facts; 1 then FactID (16), leaf (32); 2 then hash (32), sequence (8), offset (4)
//
// Jumps are those of a skew-binary list (Myers 1983, "An applicative random-access stack"), so the ancestor
// of any generation is O(log n) rows away.

/// What the journal keeps beside each commit.
struct CommitRow: Equatable, Sendable {
    let sequence: UInt64
    let generation: UInt64
    let factCount: UInt64
    let parent: CommitID
    let jump: CommitID
    /// The nearest merge behind this commit along first parents; nil if there is none.
    let mergeBefore: CommitID?
    /// The parents after the first.
    let merged: [CommitID]
    let root: TrieEntry?

    var encoded: [UInt8] {
        var out: [UInt8] = []
        for number in [sequence, generation, factCount] { out.append(bigEndian: number) }
        out += parent.bytes + jump.bytes + (mergeBefore?.bytes ?? CommitRow.noCommit)
        out.append(UInt8(merged.count))
        for id in merged { out += id.bytes }
        switch root {
        case nil: out.append(0)
        case .leaf(let leaf): out += [1] + leaf.fact.bytes + leaf.leaf.bytes
        case .node(let link):
            out += [2] + link.hash.bytes
            out.append(bigEndian: link.sequence)
            out.append(bigEndian: link.offset)
        }
        return out
    }

    init(
        sequence: UInt64, generation: UInt64, factCount: UInt64, parent: CommitID, jump: CommitID,
        mergeBefore: CommitID? = nil, merged: [CommitID] = [], root: TrieEntry?
    ) {
        self.sequence = sequence
        self.generation = generation
        self.factCount = factCount
        self.parent = parent
        self.jump = jump
        self.mergeBefore = mergeBefore
        self.merged = merged
        self.root = root
    }

    init?(decoding bytes: [UInt8]) {
        let row: CommitRow? = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            guard let row = CommitRow(&reader), reader.isAtEnd else { return nil }
            return row
        }
        guard let row else { return nil }
        self = row
    }

    private init?(_ reader: inout ByteReader) {
        guard let sequence = reader.integer(UInt64.self),
            let generation = reader.integer(UInt64.self),
            let factCount = reader.integer(UInt64.self),
            let parent = reader.bytes(CommitID.byteCount).flatMap({ CommitID($0) }),
            let jump = reader.bytes(CommitID.byteCount).flatMap({ CommitID($0) }),
            let mergeBefore = reader.bytes(CommitID.byteCount), let mergedCount = reader.byte(),
            let merged = reader.commits(Int(mergedCount)), let kind = reader.byte(),
            [sequence, generation, factCount].allSatisfy({ $0 >> 62 == 0 })
        else { return nil }
        var root: TrieEntry?
        switch kind {
        case 0: root = nil
        case 1:
            guard let leaf = TrieLeaf(&reader) else { return nil }
            root = .leaf(leaf)
        case 2:
            guard let hash = reader.bytes(Digest.byteCount).flatMap({ Digest($0) }),
                let place = reader.integer(UInt64.self), let offset = reader.integer(UInt32.self)
            else { return nil }
            root = .node(TrieLink(hash: hash, sequence: place, offset: offset))
        default: return nil
        }
        self.init(
            sequence: sequence, generation: generation, factCount: factCount, parent: parent,
            jump: jump,
            mergeBefore: mergeBefore == CommitRow.noCommit ? nil : CommitID(mergeBefore),
            merged: merged, root: root)
    }

    private static let noCommit = [UInt8](repeating: 0, count: CommitID.byteCount)
}

/// Where a commit lies on its line of first parents.
struct Lineage: Sendable {
    let generation: UInt64
    let parent: CommitID
    let jump: CommitID
}

extension CommitRow {
    var lineage: Lineage { Lineage(generation: generation, parent: parent, jump: jump) }
}

extension ByteReader {
    fileprivate mutating func commits(_ count: Int) -> [CommitID]? {
        var ids: [CommitID] = []
        for _ in 0..<count {
            guard let id = bytes(CommitID.byteCount).flatMap({ CommitID($0) }) else { return nil }
            ids.append(id)
        }
        return ids
    }
}
