import ErrataCore
import Testing

@Suite("Merkle proofs")
struct MerkleProofTests {
    /// Every pair of sizes up to this one, and every leaf of them, is tried.
    private static let sizeMax = 70

    private static let records = (0..<sizeMax).map { Array("record \($0)".utf8) }

    /// The definition of RFC 6962 section 2.1.1, word for word.
    private static func path(_ m: Int, _ records: ArraySlice<[UInt8]>) -> [Digest] {
        guard records.count > 1 else { return [] }
        let k = split(records.count)
        let middle = records.startIndex + k
        return m < k
            ? path(m, records[..<middle]) + [MerkleTreeTests.reference(records[middle...])]
            : path(m - k, records[middle...]) + [MerkleTreeTests.reference(records[..<middle])]
    }

    /// The definition of RFC 6962 section 2.1.2, word for word.
    private static func subproof(
        _ m: Int, _ records: ArraySlice<[UInt8]>, _ isWhole: Bool
    ) -> [Digest] {
        guard m < records.count else {
            return isWhole ? [] : [MerkleTreeTests.reference(records)]
        }
        let k = split(records.count)
        let middle = records.startIndex + k
        return m <= k
            ? subproof(m, records[..<middle], isWhole)
                + [MerkleTreeTests.reference(records[middle...])]
            : subproof(m - k, records[middle...], false)
                + [MerkleTreeTests.reference(records[..<middle])]
    }

    private static func split(_ count: Int) -> Int {
        var k = 1
        while k * 2 < count { k *= 2 }
        return k
    }

    /// A tree over the records: its roots by size, its complete subtrees, and how many were asked for.
    private final class Tree {
        private(set) var roots: [Digest] = [MerkleTree.emptyRoot]
        private var nodes: [MerkleTree.Node: Digest] = [:]
        private(set) var lookups = 0

        init() {
            var frontier = MerkleFrontier()
            for record in records {
                for completed in frontier.append(leafHash: MerkleTree.leafHash(record)) {
                    nodes[completed.node] = completed.hash
                }
                roots.append(frontier.root)
            }
        }

        func subtree(_ node: MerkleTree.Node) throws -> Digest {
            lookups += 1
            return try #require(nodes[node])
        }

        func inclusion(_ index: Int, _ size: Int) throws -> InclusionProof {
            try InclusionProof(of: UInt64(index), in: UInt64(size), subtree: subtree)
        }

        func consistency(_ from: Int, _ to: Int) throws -> ConsistencyProof {
            try ConsistencyProof(from: UInt64(from), to: UInt64(to), subtree: subtree)
        }
    }

    /// What becomes of hashes in the hands of somebody else.
    private static func mutations(of hashes: [Digest]) -> [[Digest]] {
        var mutations = [hashes + [MerkleTree.emptyRoot], [MerkleTree.emptyRoot] + hashes]
        for i in hashes.indices {
            for byte in [0, 13, 31] {
                var bytes = hashes[i].bytes
                bytes[byte] ^= 1 << UInt8(i & 7)
                mutations.append(hashes.replacing(i, with: Digest(bytes).map { [$0] } ?? []))
            }
            mutations.append(hashes.replacing(i, with: []))
            mutations.append(hashes.replacing(i, with: [hashes[i], hashes[i]]))
            if i > 0 {
                var swapped = hashes
                swapped.swapAt(i, i - 1)
                mutations.append(swapped)
            }
        }
        return mutations
    }

    @Test("of inclusion are those of RFC 6962 for every leaf of every size, and only they verify")
    func inclusion() throws {
        let tree = Tree()
        for size in 1...Self.sizeMax {
            for index in 0..<size {
                let proof = try tree.inclusion(index, size)
                #expect(proof.hashes == Self.path(index, Self.records[..<size]))
                let leaf = MerkleTree.leafHash(Self.records[index])
                let root = tree.roots[size]
                #expect(proof.proves(leaf, in: root))
                for hashes in Self.mutations(of: proof.hashes) {
                    let mutated = InclusionProof(
                        index: proof.index, size: proof.size, hashes: hashes)
                    #expect(!mutated.proves(leaf, in: root), "\(index) of \(size)")
                }
                #expect(!proof.proves(root, in: root) || size == 1)
                #expect(!proof.proves(leaf, in: tree.roots[size - 1]))
            }
        }
    }

    @Test("of inclusion prove one index of one size")
    func inclusionElsewhere() throws {
        let tree = Tree()
        for size in 1...40 {
            for index in 0..<size {
                let proof = try tree.inclusion(index, size)
                let leaf = MerkleTree.leafHash(Self.records[index])
                for otherSize in 1...41 {
                    for other in 0...41 where other != index || otherSize != size {
                        let moved = InclusionProof(
                            index: UInt64(other), size: UInt64(otherSize), hashes: proof.hashes)
                        #expect(!moved.proves(leaf, in: tree.roots[otherSize]))
                    }
                }
            }
        }
    }

    @Test("of consistency are those of RFC 6962 for every pair of sizes, and only they verify")
    func consistency() throws {
        let tree = Tree()
        for to in 1...Self.sizeMax {
            for from in 1...to {
                let proof = try tree.consistency(from, to)
                #expect(proof.hashes == Self.subproof(from, Self.records[..<to], true))
                let (old, new) = (tree.roots[from], tree.roots[to])
                #expect(proof.proves(old, in: new))
                for hashes in Self.mutations(of: proof.hashes) {
                    let mutated = ConsistencyProof(
                        from: proof.from, to: proof.to, hashes: hashes)
                    #expect(!mutated.proves(old, in: new), "\(from) to \(to)")
                }
                for other in tree.roots where other != old {
                    #expect(!proof.proves(other, in: new))
                }
                for other in tree.roots where other != new {
                    #expect(!proof.proves(old, in: other))
                }
            }
        }
    }

    @Test("take a number of lookups that grows with the logarithm of the size")
    func lookups() throws {
        let tree = Tree()
        for size in 1...Self.sizeMax {
            for index in 0..<size {
                let before = tree.lookups
                _ = try tree.inclusion(index, size)
                _ = try tree.consistency(index + 1, size)
                // Either takes a subtree a level, and once the peaks of an edge: 7 levels here.
                #expect(tree.lookups - before <= 2 * (7 + 7))
            }
        }
    }

    @Test(
        "with numbers that no tree has are refused",
        arguments: [
            (0, 0), (1, 1), (5, 5), (UInt64.max, .max), (.max, 0), (0, .max), (.max - 1, .max),
            (1, 0), (1 << 63, (1 << 63) + 1), (1 << 63, .max),
        ] as [(UInt64, UInt64)])
    func hostileNumbers(first: UInt64, second: UInt64) {
        let hash = MerkleTree.leafHash([1])
        for count in [0, 1, 2, 63, 64, 65, 1000] {
            let hashes = [Digest](repeating: hash, count: count)
            let inclusion = InclusionProof(index: first, size: second, hashes: hashes)
            #expect(!inclusion.proves(hash, in: MerkleTree.emptyRoot))
            let consistency = ConsistencyProof(from: first, to: second, hashes: hashes)
            #expect(!consistency.proves(hash, in: MerkleTree.emptyRoot))
        }
    }

    /// Records, roots and proofs that implementations of Certificate Transparency are tested with.
    @Test("are those of certificate logs")
    func certificateLogs() throws {
        let records = [
            "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        let leaves = try records.map { MerkleTree.leafHash(try #require(Hex.decode($0))) }
        func digest(_ hex: String) throws -> Digest {
            try #require(Hex.decode(hex).flatMap { Digest($0) })
        }
        let root = try digest("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
        let hashes = try [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ].map(digest)
        #expect(InclusionProof(index: 0, size: 8, hashes: hashes).proves(leaves[0], in: root))
        #expect(ConsistencyProof(from: 1, to: 8, hashes: hashes).proves(leaves[0], in: root))
        #expect(hashes[0] == leaves[1])
    }
}

extension [Digest] {
    fileprivate func replacing(_ index: Int, with replacement: [Digest]) -> [Digest] {
        Array(self[..<index]) + replacement + Array(self[(index + 1)...])
    }
}
