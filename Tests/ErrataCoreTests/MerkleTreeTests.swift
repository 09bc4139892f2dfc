import ErrataCore
import Testing

@Suite("Merkle tree")
struct MerkleTreeTests {
    /// The definition of RFC 6962 section 2.1, word for word.
    static func reference(_ records: ArraySlice<[UInt8]>) -> Digest {
        guard let first = records.first else { return MerkleTree.emptyRoot }
        guard records.count > 1 else { return MerkleTree.leafHash(first) }
        var split = 1
        while split * 2 < records.count { split *= 2 }
        let middle = records.startIndex + split
        return MerkleTree.nodeHash(
            reference(records[..<middle]), reference(records[middle...]))
    }

    @Test("the frontier's root is the root of RFC 6962 at every size")
    func matchesDefinition() throws {
        var frontier = MerkleFrontier()
        var records: [[UInt8]] = []
        var nodes: [MerkleTree.Node: Digest] = [:]
        for i in 0..<130 {
            #expect(frontier.root == MerkleTreeTests.reference(records[...]))
            let peaks = MerkleTree.peaks(size: frontier.size).compactMap { nodes[$0] }
            #expect(MerkleFrontier(size: frontier.size, peaks: peaks) == frontier)
            records.append(Array("record \(i)".utf8))
            for completed in frontier.append(leafHash: MerkleTree.leafHash(records[i])) {
                nodes[completed.node] = completed.hash
            }
        }
        #expect(frontier.size == 130)
    }

    @Test("the empty tree and the tree of one empty record hash as certificate logs say")
    func knownRoots() {
        #expect(
            MerkleTree.emptyRoot.hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            MerkleTree.leafHash([]).hex
                == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
    }
}
