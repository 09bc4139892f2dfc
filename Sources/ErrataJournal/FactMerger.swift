import ErrataCore
import LMDB

// THREE-WAY MERGE. For a fact, with the value in each merge base, ours (on the branch) and theirs:
//
//   ours = theirs                    nothing to do
//   ours is a base's, theirs is not  theirs
//   theirs is a base's, ours is not  ours stays
//   both are, of different bases     as below, with no base: the lines merged each other crosswise
//   neither is                       field by field (FactMerge.swift), conflict if a field has two new values
//
// No value stands for a fact that is not believed; a fact retracted here and changed there is a conflict.

/// Collects the edits that a merge makes on a branch.
struct FactMerger {
    private let store: JournalStore
    private(set) var sealer: PayloadSealer
    private(set) var edits: [Edit] = []
    private(set) var conflicts: [Conflict] = []

    init(store: JournalStore, sealer: PayloadSealer) {
        self.store = store
        self.sealer = sealer
    }

    /// Adds what merging `source` changes in the snapshot of `row`; O(their changes · depth).
    mutating func merge(
        _ source: CommitID, into row: CommitRow, _ bases: [CommitID],
        _ reader: borrowing ReadTransaction
    ) throws {
        let theirRoot = try store.row(of: source, reader).root
        var baseRoots: [TrieEntry?] = []
        for base in bases { baseRoots.append(try store.row(of: base, reader).root) }
        for (fact, theirs) in try changes(from: baseRoots, to: theirRoot, reader) {
            var leaves: [Leaf?] = []
            for root in baseRoots {
                leaves.append(try store.cachedTrie.leaf(of: fact, under: root, reader))
            }
            let ours = try store.cachedTrie.leaf(of: fact, under: row.root, reader)
            try add(fact, bases: leaves, ours: ours, theirs: theirs, reader)
        }
    }

    /// Returns the facts whose value differs from that of a base, with their value, in the order of ids.
    private func changes(
        from bases: [TrieEntry?], to root: TrieEntry?, _ reader: borrowing ReadTransaction
    ) throws -> [(key: FactID, value: Leaf?)] {
        var changed: [FactID: Leaf?] = [:]
        for base in bases {
            var diff = TrieDiff(from: base, to: root)
            var edits: [Edit] = []
            while !diff.isDone {
                try diff.advance(&edits, nodeCountMax: .max, store.cachedTrie, reader)
            }
            for edit in edits { changed[edit.fact] = .some(edit.new) }
        }
        return changed.sorted { $0.key < $1.key }
    }

    /// Adds the edit that brings `theirs` in where the branch has `ours`, if it takes one.
    mutating func add(
        _ fact: FactID, bases: [Leaf?], ours: Leaf?, theirs: Leaf?,
        _ reader: borrowing ReadTransaction
    ) throws {
        guard ours != theirs else { return }
        let isOursOld = bases.contains(ours)
        let isTheirsOld = bases.contains(theirs)
        guard isOursOld || !isTheirsOld else { return }
        if isOursOld, !isTheirsOld {
            edits.append(Edit(fact: fact, old: ours, new: theirs))
            return
        }
        let base = Set(bases).count == 1 ? bases[0] : nil
        if let leaf = try mergedFields(fact, base, ours, theirs, reader) {
            if leaf != ours { edits.append(Edit(fact: fact, old: ours, new: leaf)) }
            return
        }
        try addConflict(fact, base, ours, theirs, reader)
    }

    /// Returns the leaf of what both sides make together of the fact, nil if they contradict each other or
    /// one of them cannot be read.
    private mutating func mergedFields(
        _ fact: FactID, _ base: Leaf?, _ ours: Leaf?, _ theirs: Leaf?,
        _ reader: borrowing ReadTransaction
    ) throws -> Leaf? {
        guard let ours = try self.fact(fact, ours, reader),
            let theirs = try self.fact(fact, theirs, reader)
        else { return nil }
        let start = try self.fact(fact, base, reader)
        guard let merged = Fact.merged(base: start, ours: ours, theirs: theirs) else { return nil }
        return try sealer.leaf(of: fact, payload: merged.payload, reader)
    }

    private func fact(
        _ id: FactID, _ leaf: Leaf?, _ reader: borrowing ReadTransaction
    ) throws -> Fact? {
        guard let leaf, case .fact(let fact) = try store.value(of: id, leaf, reader) else {
            return nil
        }
        return fact
    }

    private mutating func addConflict(
        _ fact: FactID, _ base: Leaf?, _ ours: Leaf?, _ theirs: Leaf?,
        _ reader: borrowing ReadTransaction
    ) throws {
        let (left, right) = (
            try sides(of: fact, ours, reader), try sides(of: fact, theirs, reader)
        )
        // A conflict that is there already and knows all that theirs brings stays as it is.
        guard !Set(right).isSubset(of: left) else { return }
        let conflict = Conflict(fact: fact, base: base, sides: left + right)
        guard conflict.sides.count <= Conflict.sideCountMax else {
            throw JournalError.limit(
                "the number of values in conflict for the fact \(fact.hex)", conflict.sides.count,
                max: Conflict.sideCountMax)
        }
        conflicts.append(conflict)
        edits.append(Edit(fact: fact, old: ours, new: conflict.leaf))
    }

    private func sides(
        of fact: FactID, _ leaf: Leaf?, _ reader: borrowing ReadTransaction
    ) throws -> [Leaf?] {
        guard let leaf, let conflict = try store.conflict(of: fact, leaf, reader) else {
            return [leaf]
        }
        return conflict.sides
    }
}
