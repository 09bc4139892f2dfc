/// The Merkle tree of RFC 6962 section 2.1 over a growing list of records.
package enum MerkleTree {
    /// The root of the empty tree: SHA-256 of nothing.
    package static let emptyRoot = Digest.sha256([])

    /// Returns SHA-256(0x00 ‖ record).
    package static func leafHash(_ record: [UInt8]) -> Digest { .sha256(0x00, record) }

    /// Returns SHA-256(0x01 ‖ left ‖ right).
    package static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        let count = 1 + 2 * Digest.byteCount
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { memory in
            memory[0] = 0x01
            left.write(to: memory, at: 1)
            right.write(to: memory, at: 1 + Digest.byteCount)
            return .sha256(UnsafeRawBufferPointer(memory))
        }
    }

    /// The place of a complete subtree: it covers records `index << level ..< (index + 1) << level`.
    package struct Node: Hashable, Sendable {
        package let level: UInt8
        package let index: UInt64

        package init(level: UInt8, index: UInt64) {
            self.level = level
            self.index = index
        }
    }

    /// Returns the places of the complete subtrees that make up a tree of `size` records, largest first.
    package static func peaks(size: UInt64) -> [Node] {
        var peaks: [Node] = []
        var covered: UInt64 = 0
        for level in stride(from: 63, through: 0, by: -1) where size >> UInt64(level) & 1 == 1 {
            peaks.append(Node(level: UInt8(level), index: covered >> UInt64(level)))
            covered += 1 << UInt64(level)
        }
        return peaks
    }
}

/// The right edge of a Merkle tree: enough to append records and to know the root, in O(log n) memory.
package struct MerkleFrontier: Hashable, Sendable {
    package private(set) var size: UInt64
    /// The hashes of ``MerkleTree/peaks(size:)``.
    private var peaks: [Digest]

    package init() {
        size = 0
        peaks = []
    }

    /// Takes up a tree of `size` records whose peaks hash to `peaks`; nil if their number does not fit.
    package init?(size: UInt64, peaks: [Digest]) {
        guard peaks.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.peaks = peaks
    }

    /// Appends a record and returns the subtrees that became complete, leaf first.
    package mutating func append(leafHash: Digest) -> [(node: MerkleTree.Node, hash: Digest)] {
        var completed = [(node: MerkleTree.Node(level: 0, index: size), hash: leafHash)]
        var hash = leafHash
        for level in 0..<UInt8(size.trailingOneBitCount) {
            hash = MerkleTree.nodeHash(peaks.removeLast(), hash)
            let node = MerkleTree.Node(level: level + 1, index: size >> UInt64(level + 1))
            completed.append((node: node, hash: hash))
        }
        peaks.append(hash)
        size += 1
        return completed
    }

    package var root: Digest {
        guard var root = peaks.last else { return MerkleTree.emptyRoot }
        for peak in peaks.dropLast().reversed() { root = MerkleTree.nodeHash(peak, root) }
        return root
    }
}

extension UInt64 {
    fileprivate var trailingOneBitCount: Int { (~self).trailingZeroBitCount }
}
