// Proofs about the Merkle tree: made as RFC 6962 sections 2.1.1 and 2.1.2 define them, checked as RFC 9162
// sections 2.1.3.2 and 2.1.4.2 say, which needs no tree. A proof may come from anybody, with any numbers
// and any count of hashes in it; checking it takes at most 64 steps.

/// Shows that a record stands at `index` of the tree of `size` records.
package struct InclusionProof: Hashable, Sendable {
    package let index: UInt64
    package let size: UInt64
    /// The hashes beside the way from the leaf up to the root, lowest first.
    package let hashes: [Digest]

    package init(index: UInt64, size: UInt64, hashes: [Digest]) {
        self.index = index
        self.size = size
        self.hashes = hashes
    }

    /// Makes the proof; `subtree` returns hashes of complete subtrees and is asked for O(log size) of them.
    package init(
        of index: UInt64, in size: UInt64, subtree: (MerkleTree.Node) throws -> Digest
    ) rethrows {
        precondition(index < size)
        var hashes: [Digest] = []
        var range = 0..<size
        while range.length > 1 {
            let middle = range.middle
            let (way, beside) =
                index < middle
                ? (range.lowerBound..<middle, middle..<range.upperBound)
                : (middle..<range.upperBound, range.lowerBound..<middle)
            hashes.append(try MerkleTree.hash(of: beside, subtree: subtree))
            range = way
        }
        self.init(index: index, size: size, hashes: hashes.reversed())
    }

    /// Returns whether a record whose leaf hashes to `leaf` is in the tree that has `root`.
    package func proves(_ leaf: Digest, in root: Digest) -> Bool {
        guard index < size else { return false }
        var (first, last) = (index, size - 1)
        var hash = leaf
        for beside in hashes {
            guard last > 0 else { return false }
            if first & 1 == 1 || first == last {
                hash = MerkleTree.nodeHash(beside, hash)
                // The levels at which the way goes up without a neighbour.
                while first & 1 == 0, first > 0 { (first, last) = (first >> 1, last >> 1) }
            } else {
                hash = MerkleTree.nodeHash(hash, beside)
            }
            (first, last) = (first >> 1, last >> 1)
        }
        return last == 0 && hash == root
    }
}

/// Shows that the tree of `to` records begins with the tree of `from` records.
package struct ConsistencyProof: Hashable, Sendable {
    package let from: UInt64
    package let to: UInt64
    /// Lowest first; none if both trees are the same.
    package let hashes: [Digest]

    package init(from: UInt64, to: UInt64, hashes: [Digest]) {
        self.from = from
        self.to = to
        self.hashes = hashes
    }

    /// Makes the proof; `subtree` returns hashes of complete subtrees and is asked for O(log to) of them.
    package init(
        from: UInt64, to: UInt64, subtree: (MerkleTree.Node) throws -> Digest
    ) rethrows {
        precondition(0 < from && from <= to)
        var hashes: [Digest] = []
        var range = 0..<to
        while range.upperBound > from {
            let middle = range.middle
            if from <= middle {
                hashes.append(
                    try MerkleTree.hash(of: middle..<range.upperBound, subtree: subtree))
                range = range.lowerBound..<middle
            } else {
                hashes.append(
                    try MerkleTree.hash(of: range.lowerBound..<middle, subtree: subtree))
                range = middle..<range.upperBound
            }
        }
        // Whoever checks the proof knows the old tree's root, but no other subtree of it.
        if range.lowerBound > 0 {
            hashes.append(try MerkleTree.hash(of: range, subtree: subtree))
        }
        self.init(from: from, to: to, hashes: hashes.reversed())
    }

    /// Returns whether the tree that has `newRoot` begins with the one that has `oldRoot`.
    package func proves(_ oldRoot: Digest, in newRoot: Digest) -> Bool {
        guard 0 < from, from <= to else { return false }
        guard from < to else { return hashes.isEmpty && oldRoot == newRoot }
        var path = hashes[...]
        // The old tree is a complete subtree of the new one, so the proof leaves its root out.
        if from & (from - 1) == 0 { path = [oldRoot] + path }
        guard let start = path.popFirst() else { return false }
        var (first, last) = (from - 1, to - 1)
        while first & 1 == 1 { (first, last) = (first >> 1, last >> 1) }
        var (old, new) = (start, start)
        for hash in path {
            guard last > 0 else { return false }
            if first & 1 == 1 || first == last {
                old = MerkleTree.nodeHash(hash, old)
                new = MerkleTree.nodeHash(hash, new)
                while first & 1 == 0, first > 0 { (first, last) = (first >> 1, last >> 1) }
            } else {
                new = MerkleTree.nodeHash(new, hash)
            }
            (first, last) = (first >> 1, last >> 1)
        }
        return last == 0 && old == oldRoot && new == newRoot
    }
}

extension MerkleTree {
    /// Returns the hash of the records in `range`, whose start is a multiple of a power of two that is
    /// not below its count, as every part of a tree is.
    fileprivate static func hash(
        of range: Range<UInt64>, subtree: (Node) throws -> Digest
    ) rethrows -> Digest {
        var hash: Digest?
        for peak in peaks(size: range.length).reversed() {
            let index = (range.lowerBound >> UInt64(peak.level)) + peak.index
            let left = try subtree(Node(level: peak.level, index: index))
            hash = hash.map { nodeHash(left, $0) } ?? left
        }
        return hash ?? emptyRoot
    }
}

extension Range<UInt64> {
    fileprivate var length: UInt64 { upperBound - lowerBound }

    /// Where a tree over these records, more than one, is split: after the largest power of two that is
    /// smaller than their count.
    fileprivate var middle: UInt64 {
        lowerBound + (1 << UInt64(63 - (length - 1).leadingZeroBitCount))
    }
}
