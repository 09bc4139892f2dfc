import ErrataCore

// TRIE FORMAT, version 1: a snapshot is a Merkle trie from FactID to leaf.
//
// Level n of the trie splits by bits 3n ..< 3n + 3 of the FactID, first bit first (the last level has two
// bits and a zero). A set of facts has one trie: no fact is no entry, one fact is a leaf entry, two or more
// are a node. So the same facts have the same root, whatever the order of the edits.
//
//   hash of a leaf entry   SHA-256(0x00 ‖ FactID ‖ leaf)
//   hash of a node         SHA-256(0x01 ‖ bitmap ‖ hashes of its entries, lowest digit first)
//   root of no facts       SHA-256 of nothing
//
// The value of `nodes` under a sequence is the nodes that the operation made, one after the other, each
// after its children. A node in it:
//
//   leaf bitmap (1)   which digits have a leaf entry: bit d for digit d
//   node bitmap (1)   which digits have a node
//   then for each digit in order
//     leaf   FactID (16), leaf (32)
//     node   hash (32), LEB128 of own sequence - sequence of the node, LEB128 of its offset there
//
// Where a node lies is not hashed. Its hash is checked each time it is read.

/// The shape of the trie.
enum Trie {
    static let bitsPerLevel = 3
    static let width = 1 << bitsPerLevel
    typealias Bitmap = UInt8

    static let emptyRoot = Digest.sha256([])
}

/// The bits of a fact id, as the trie reads them.
struct TriePath: Sendable {
    private let high: UInt64
    private let low: UInt64

    init(_ fact: FactID) {
        (high, low) = fact.bytes.withUnsafeBytes { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// Returns the bits that level `level` splits by; bits past the last are zero.
    func digit(_ level: Int) -> Int {
        let start = level * Trie.bitsPerLevel
        precondition(start < 128, "two facts share an id")
        // A smart shift by 64 or more gives zero, so this also holds at and past the word's border.
        let window = start < 64 ? high << start | low >> (64 - start) : low << (start - 64)
        return Int(window >> (64 - Trie.bitsPerLevel))
    }
}

/// Where a node stands in the trie: the digits on the way to it.
struct TriePosition: Equatable, Sendable {
    static let root = TriePosition(level: 0, index: 0)

    let level: Int
    /// Which one of the places on its level it is; the upper digits of a long way are lost.
    let index: Int

    func child(_ digit: Int) -> TriePosition {
        TriePosition(level: level + 1, index: index << Trie.bitsPerLevel | digit)
    }

    /// How many places there are on a level.
    static func count(on level: Int) -> Int { 1 << (level * Trie.bitsPerLevel) }
}

/// One subtree as its parent names it.
enum TrieEntry: Hashable, Sendable {
    /// The only fact of the subtree, with the hash of the entry.
    case leaf(TrieLeaf)
    case node(TrieLink)

    var hash: Digest {
        switch self {
        case .leaf(let leaf): leaf.hash
        case .node(let link): link.hash
        }
    }
}

/// A fact in the trie.
struct TrieLeaf: Hashable, Sendable {
    let fact: FactID
    let leaf: Leaf

    var hash: Digest {
        let count = 1 + FactID.byteCount + Digest.byteCount
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { memory in
            memory[0] = 0x00
            fact.write(to: memory, at: 1)
            leaf.digest.write(to: memory, at: 1 + FactID.byteCount)
            return .sha256(UnsafeRawBufferPointer(memory))
        }
    }
}

/// A node by its hash, and where to find it.
struct TrieLink: Hashable, Sendable {
    let hash: Digest
    let sequence: UInt64
    let offset: UInt32

    /// A node's place is enough to tell most nodes apart.
    func hash(into hasher: inout Hasher) {
        hasher.combine(sequence)
        hasher.combine(offset)
    }
}

/// The entries of one node, by digit.
struct TrieNode: Hashable, Sendable {
    var entries: [TrieEntry?]

    init() { entries = Array(repeating: nil, count: Trie.width) }

    var hash: Digest {
        let countMax = 2 + Trie.width * Digest.byteCount
        return withUnsafeTemporaryAllocation(byteCount: countMax, alignment: 8) { memory in
            var bitmap: Trie.Bitmap = 0
            var count = 2
            for case (let digit, let entry?) in entries.enumerated() {
                bitmap |= 1 << Trie.Bitmap(digit)
                entry.hash.write(to: memory, at: count)
                count += Digest.byteCount
            }
            memory[0] = 0x01
            memory[1] = bitmap
            return .sha256(UnsafeRawBufferPointer(rebasing: memory[..<count]))
        }
    }

    // MARK: Encoding

    /// Appends the encoding of this node to the nodes of operation `sequence`.
    func encode(into out: inout [UInt8], at sequence: UInt64) {
        var leaves: Trie.Bitmap = 0
        var nodes: Trie.Bitmap = 0
        for case (let digit, let entry?) in entries.enumerated() {
            let bit: Trie.Bitmap = 1 << Trie.Bitmap(digit)
            if case .leaf = entry { leaves |= bit } else { nodes |= bit }
        }
        out.append(leaves)
        out.append(nodes)
        for case let entry? in entries {
            switch entry {
            case .leaf(let leaf):
                out.append(leaf.fact)
                out.append(leaf.leaf.digest)
            case .node(let link):
                precondition(link.sequence <= sequence, "a node cannot link to a later operation")
                out.append(link.hash)
                out.append(varint: sequence - link.sequence)
                out.append(varint: UInt64(link.offset))
            }
        }
    }

    /// Reads the node at `offset` of the nodes of operation `sequence`; nil if it is damaged.
    init?(decoding buffer: UnsafeRawBufferPointer, at offset: UInt32, of sequence: UInt64) {
        guard Int(offset) < buffer.count else { return nil }
        var reader = ByteReader(buffer, from: Int(offset))
        guard let leaves = reader.integer(Trie.Bitmap.self),
            let nodes = reader.integer(Trie.Bitmap.self), leaves & nodes == 0
        else { return nil }
        self.init()
        for digit in 0..<Trie.width {
            let bit: Trie.Bitmap = 1 << Trie.Bitmap(digit)
            if leaves & bit != 0 {
                guard let leaf = TrieLeaf(&reader) else { return nil }
                entries[digit] = .leaf(leaf)
            } else if nodes & bit != 0 {
                guard let link = TrieLink(&reader, from: sequence) else { return nil }
                entries[digit] = .node(link)
            }
        }
    }
}

extension TrieLeaf {
    init?(_ reader: inout ByteReader) {
        guard let fact = reader.factID(), let leaf = reader.digest() else { return nil }
        self.init(fact: fact, leaf: Leaf(leaf))
    }
}

extension TrieLink {
    fileprivate init?(_ reader: inout ByteReader, from own: UInt64) {
        guard let hash = reader.digest(),
            let back = reader.varint(), back <= own,
            let place = reader.varint(), let offset = UInt32(exactly: place)
        else { return nil }
        self.init(hash: hash, sequence: own - back, offset: offset)
    }
}
