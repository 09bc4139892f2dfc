import ErrataCore
import LMDB

// ANCESTRY. Commits form a graph: a merge has more than one parent. Most of it is lines, so what a line needs is
// one row away: along first parents, jumps reach any generation in O(log n) rows, and each row names the nearest
// merge behind it. A walk goes from line to line, at merges alone. Operations are numbered in the order of time,
// so a commit's sequence is greater than those of all its ancestors.

extension JournalStore {
    /// Returns the ancestor of `id` along first parents that has `generation`, in O(log n) rows.
    func ancestor(
        of id: CommitID, generation: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> CommitID? {
        var (id, place) = (id, try row(of: id, reader).lineage)
        guard generation <= place.generation else { return nil }
        while place.generation > generation {
            var (next, nextPlace) = (place.jump, try lineage(of: place.jump, reader))
            if nextPlace.generation < generation {
                (next, nextPlace) = (place.parent, try lineage(of: place.parent, reader))
            }
            guard nextPlace.generation < place.generation else {
                throw JournalError.corrupt("the ancestry of commit \(id.hex) does not go back")
            }
            (id, place) = (next, nextPlace)
        }
        return id
    }

    /// Returns where a commit lies that another one names as its ancestor.
    private func lineage(
        of id: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> Lineage {
        if let known = lineages[id] { return known }
        let lineage = try row(of: id, reader).lineage
        lineages[id] = lineage
        return lineage
    }

    /// Returns whether `ancestor` is `id` or lies in its history; O(log n) rows, and as many for each merge
    /// between them.
    func isAncestor(
        _ ancestor: CommitID, of id: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> Bool {
        let target = try row(of: ancestor, reader)
        var tips = [id]
        var seenMerges: Set<CommitID> = []
        while let tip = tips.popLast() {
            let row = try row(of: tip, reader)
            guard row.sequence >= target.sequence else { continue }
            if try self.ancestor(of: tip, generation: target.generation, reader) == ancestor {
                return true
            }
            try forEachMerge(from: tip, row, after: target.sequence, reader) { merge, merged in
                guard seenMerges.insert(merge).inserted else { return false }
                tips += merged
                return true
            }
        }
        return false
    }

    /// Calls `body` with the merges on the line of first parents from `id` back, newest first, and with what
    /// they merged; stops before sequence `after` or when `body` returns false.
    private func forEachMerge(
        from id: CommitID, _ row: CommitRow, after sequence: UInt64,
        _ reader: borrowing ReadTransaction, _ body: (CommitID, [CommitID]) -> Bool
    ) throws {
        var (next, bound) = (row.newestMerge(id), UInt64.max)
        while let merge = next {
            let row = try self.row(of: merge, reader)
            guard row.sequence < bound, !row.merged.isEmpty else {
                throw JournalError.corrupt("the ancestry of commit \(id.hex) does not go back")
            }
            guard row.sequence > sequence, body(merge, row.merged) else { return }
            (next, bound) = (row.mergeBefore, row.sequence)
        }
    }

    /// Returns where the child of `parent` jumps to (see CommitRow.swift).
    func jump(
        from parent: CommitID, _ row: CommitRow, _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        let first = try lineage(of: row.jump, reader)
        let second = try lineage(of: first.jump, reader)
        let generations = [row.lineage, first, second].map { Int64($0.generation) }
        let isEven = generations[0] - generations[1] == generations[1] - generations[2]
        return isEven ? first.jump : parent
    }

    // MARK: Merge bases

    /// Returns the common ancestors of two commits that are no ancestors of another one, newest first.
    ///
    /// One unless the lines merged each other crosswise. Costs O(log n) rows for lines that did not merge
    /// since they parted, else one row a commit since then.
    func mergeBases(
        _ one: CommitID, _ other: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> [CommitID] {
        let fork = try fork(one, other, reader)
        let forkRow = try row(of: fork, reader)
        let isPlain = try [one, other].allSatisfy { tip in
            guard let merge = try row(of: tip, reader).newestMerge(tip) else { return true }
            return try row(of: merge, reader).sequence <= forkRow.sequence
        }
        return isPlain ? [fork] : try paintedBases(one, other, reader)
    }

    /// Returns where two lines of first parents part; all of them begin at the first commit.
    private func fork(
        _ one: CommitID, _ other: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        let generations = try [one, other].map { try row(of: $0, reader).generation }
        let generation = min(generations[0], generations[1])
        guard var left = try ancestor(of: one, generation: generation, reader),
            var right = try ancestor(of: other, generation: generation, reader)
        else { throw JournalError.corrupt("the ancestry of commit \(one.hex) has a gap") }
        while left != right {
            let (leftRow, rightRow) = (try row(of: left, reader), try row(of: right, reader))
            guard leftRow.generation > 0, leftRow.generation == rightRow.generation else {
                throw JournalError.corrupt("two commits of this store share no ancestor")
            }
            // Rows of one generation jump equally far, so jumping past the fork shows as equal commits.
            (left, right) =
                leftRow.jump == rightRow.jump
                ? (leftRow.parent, rightRow.parent) : (leftRow.jump, rightRow.jump)
        }
        return left
    }

    /// Walks back from both commits at once, newest first, until only common history is left.
    private func paintedBases(
        _ one: CommitID, _ other: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> [CommitID] {
        var queue = PaintQueue()
        queue.add(one, try row(of: one, reader).sequence, .ofOne)
        queue.add(other, try row(of: other, reader).sequence, .ofOther)
        var bases: [CommitID] = []
        while queue.hasFresh, let (id, paint) = queue.next() {
            var paint = paint
            if paint == [.ofOne, .ofOther] {
                bases.append(id)
                paint.insert(.belowBase)
            }
            let row = try row(of: id, reader)
            for parent in [row.parent] + row.merged where parent != id {
                queue.add(parent, try self.row(of: parent, reader).sequence, paint)
            }
        }
        return bases
    }
}

extension CommitRow {
    /// The nearest merge from this commit, which is `id`, back along first parents.
    func newestMerge(_ id: CommitID) -> CommitID? { merged.isEmpty ? mergeBefore : id }
}

/// From where a commit was reached in the search for merge bases.
private struct Paint: OptionSet {
    let rawValue: UInt8
    static let ofOne = Paint(rawValue: 1)
    static let ofOther = Paint(rawValue: 2)
    /// An ancestor of a base that was found: no base itself.
    static let belowBase = Paint(rawValue: 4)
}

/// Commits to look at, newest first.
private struct PaintQueue {
    private var paints: [CommitID: Paint] = [:]
    /// A binary heap with the greatest sequence on top.
    private var heap: [(sequence: UInt64, id: CommitID)] = []
    private var freshCount = 0

    /// Whether a commit waits that is not below a base.
    var hasFresh: Bool { freshCount > 0 }

    mutating func add(_ id: CommitID, _ sequence: UInt64, _ paint: Paint) {
        guard let known = paints[id] else {
            paints[id] = paint
            if !paint.contains(.belowBase) { freshCount += 1 }
            heap.append((sequence, id))
            var child = heap.count - 1
            while child > 0, heap[(child - 1) / 2].sequence < heap[child].sequence {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
            return
        }
        // Ancestors have lower sequences, so what is painted again has not left the queue yet.
        let merged = known.union(paint)
        if merged.contains(.belowBase), !known.contains(.belowBase) { freshCount -= 1 }
        paints[id] = merged
    }

    mutating func next() -> (CommitID, Paint)? {
        guard let top = heap.first, let paint = paints[top.id] else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while let child = [2 * parent + 1, 2 * parent + 2].filter({ $0 < heap.count })
            .max(by: { heap[$0].sequence < heap[$1].sequence }),
            heap[child].sequence > heap[parent].sequence
        {
            heap.swapAt(child, parent)
            parent = child
        }
        if !paint.contains(.belowBase) { freshCount -= 1 }
        paints[top.id] = nil
        return (top.id, paint)
    }
}
