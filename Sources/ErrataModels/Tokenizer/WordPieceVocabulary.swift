/// The tokens of a WordPiece model, found by their bytes.
///
/// An open hash table over one buffer rather than a dictionary of strings: the search for the longest
/// prefix asks for every prefix of a word, and the hash (FNV-1a) of each is the one before plus a byte.
struct WordPieceVocabulary: Sendable {
    static let tokenByteCountMax = 1 << 12

    let count: Int
    private var bytes: [UInt8] = []
    /// Token i is `bytes[starts[i]..<starts[i + 1]]`.
    private var starts: [Int] = [0]
    private let ids: [Int32]
    /// Indices into `starts`, or -1; the size is a power of two at least twice the count.
    private var slots: [Int32]

    /// Makes the table; ids must be 0..<count, each once, and tokens different.
    init(_ tokens: [(token: [UInt8], id: Int)], place: String) throws(ModelError) {
        count = tokens.count
        guard !tokens.isEmpty, count <= BertConfiguration.vocabularyCountMax else {
            throw ModelError(.limit, "\(place): \(count) tokens")
        }
        var slotCount = 16
        while slotCount < 2 * count { slotCount *= 2 }
        slots = [Int32](repeating: -1, count: slotCount)
        ids = tokens.map { Int32(truncatingIfNeeded: $0.id) }
        var seen = [Bool](repeating: false, count: count)
        for (index, (token, id)) in tokens.enumerated() {
            let name = String(decoding: token, as: UTF8.self)
            guard (0..<count).contains(id), !seen[id] else {
                throw ModelError(
                    .malformed,
                    "\(place): token '\(name)' has id \(id), not a new one below \(count)")
            }
            guard token.count <= Self.tokenByteCountMax else {
                throw ModelError(
                    .limit,
                    "\(place): a token of \(token.count) bytes, more than "
                        + "\(Self.tokenByteCountMax)")
            }
            guard self.id(token) == nil else {
                throw ModelError(.malformed, "\(place): token '\(name)' is there twice")
            }
            seen[id] = true
            bytes += token
            starts.append(bytes.count)
            insert(Int32(index), hash: Self.hash(token))
        }
    }

    // The standard basis, with a secret: files choose the tokens, and could make all of them collide.
    static let emptyHash = 0xCBF2_9CE4_8422_2325 ^ UInt64(truncatingIfNeeded: Hasher().finalize())

    static func hash(_ hash: UInt64, adding byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(emptyHash) { hash($0, adding: $1) }
    }

    /// Returns the id of a token.
    func id(_ token: [UInt8]) -> Int32? {
        id(hash: Self.hash(token), head: [], tail: token[...])
    }

    /// Returns the id of the token `head + tail`, whose hash the caller knows.
    func id(hash: UInt64, head: [UInt8], tail: ArraySlice<UInt8>) -> Int32? {
        var slot = self.slot(hash)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            let token = bytes[starts[index]..<starts[index + 1]]
            if token.count == head.count + tail.count, token.starts(with: head),
                token.dropFirst(head.count).elementsEqual(tail)
            {
                return ids[index]
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func slot(_ hash: UInt64) -> Int {
        // FNV's low bits are its weakest.
        Int(truncatingIfNeeded: hash ^ hash >> 32) & (slots.count - 1)
    }

    private mutating func insert(_ index: Int32, hash: UInt64) {
        var slot = self.slot(hash)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = index
    }
}

extension WordPieceVocabulary {
    /// Returns the id of a token that something else in the files names.
    func id(of token: String, _ place: String) throws(ModelError) -> Int32 {
        guard !token.isEmpty, let id = id(Array(token.utf8)) else {
            throw ModelError(.malformed, "\(place): token '\(token)' is not in the vocabulary")
        }
        return id
    }
}
