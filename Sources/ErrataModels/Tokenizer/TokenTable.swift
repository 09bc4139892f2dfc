/// The tokens of a vocabulary, found by their bytes and by their ids.
///
/// An open hash table over one buffer: bytes are compared as they are, while Swift's strings compare by
/// canonical equivalence.
struct TokenTable: Sendable {
    static let tokenCountMax = 1 << 20
    static let tokenByteCountMax = 1 << 12
    /// All ids are below it.
    static let idCountMax = 1 << 22

    /// One more than the largest id.
    let idCount: Int
    private let hash = ByteHash()
    private var bytes: [UInt8] = []
    /// Token i is `bytes[starts[i]..<starts[i + 1]]`.
    private var starts: [Int] = [0]
    private var ids: [Int32] = []
    /// Indices into `ids`, or -1; the size is a power of two at least twice the count.
    private var slots: [Int32]
    /// For each id the index of its token, or -1.
    private var indices: [Int32]

    /// Makes the table; tokens and ids must each be different.
    init(_ tokens: [(token: [UInt8], id: Int)], place: String) throws(ModelError) {
        guard tokens.count <= Self.tokenCountMax else {
            throw ModelError(
                .limit, "\(place): \(tokens.count) tokens, more than \(Self.tokenCountMax)")
        }
        let idMax = tokens.reduce(-1) { max($0, $1.id) }
        guard idMax < Self.idCountMax else {
            throw ModelError(.limit, "\(place): id \(idMax) is not below \(Self.idCountMax)")
        }
        idCount = idMax + 1
        indices = [Int32](repeating: -1, count: idCount)
        var slotCount = 16
        while slotCount < 2 * tokens.count { slotCount *= 2 }
        slots = [Int32](repeating: -1, count: slotCount)
        for (token, id) in tokens { try add(token, id, place) }
    }

    private mutating func add(_ token: [UInt8], _ id: Int, _ place: String) throws(ModelError) {
        let name = String(decoding: token.prefix(80), as: UTF8.self)
        guard token.count <= Self.tokenByteCountMax else {
            throw ModelError(
                .limit,
                "\(place): a token of \(token.count) bytes, more than \(Self.tokenByteCountMax)")
        }
        guard id >= 0, indices[id] < 0 else {
            throw ModelError(
                .malformed, "\(place): token '\(name)' has id \(id), which is not a new one")
        }
        let hash = hash(token.span)
        guard index(token.span, hash: hash) == nil else {
            throw ModelError(.malformed, "\(place): token '\(name)' is there twice")
        }
        var slot = self.slot(hash)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(ids.count)
        indices[id] = Int32(ids.count)
        ids.append(Int32(id))
        bytes += token
        starts.append(bytes.count)
    }

    var count: Int { ids.count }

    /// Returns the id of a token, or nil.
    func id(_ token: Span<UInt8>) -> Int32? {
        index(token, hash: hash(token)).map { ids[$0] }
    }

    func id(_ token: [UInt8]) -> Int32? { id(token.span) }

    /// Returns the bytes of the token with an id, or nil.
    func token(_ id: Int32) -> ArraySlice<UInt8>? {
        guard indices.indices.contains(Int(id)), indices[Int(id)] >= 0 else { return nil }
        let index = Int(indices[Int(id)])
        return bytes[starts[index]..<starts[index + 1]]
    }

    /// Calls `body` with every token.
    func forEach(_ body: (ArraySlice<UInt8>, Int32) -> Void) {
        for index in ids.indices { body(bytes[starts[index]..<starts[index + 1]], ids[index]) }
    }

    private func index(_ token: Span<UInt8>, hash: UInt64) -> Int? {
        var slot = self.slot(hash)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if isEqual(index, token) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func isEqual(_ index: Int, _ token: Span<UInt8>) -> Bool {
        let start = starts[index]
        guard starts[index + 1] - start == token.count else { return false }
        for i in 0..<token.count where bytes[start + i] != token[i] { return false }
        return true
    }

    private func slot(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash) & (slots.count - 1)
    }
}
