/// The name of a commit: SHA-256 of its canonical encoding.
package struct CommitID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let byteCount = Digest.byteCount
    /// How many hex digits people are shown.
    package static let shortHexCount = 12
    /// The fewest hex digits that may stand for a commit.
    package static let prefixHexCountMin = 8

    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }

    package init?(_ bytes: some Collection<UInt8>) {
        guard let digest = Digest(bytes) else { return nil }
        self.digest = digest
    }

    package init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    package var bytes: [UInt8] { digest.bytes }
    package var hex: String { digest.hex }
    package var short: String { String(hex.prefix(CommitID.shortHexCount)) }
    package var description: String { short }

    package static func < (left: CommitID, right: CommitID) -> Bool { left.digest < right.digest }
}

/// What a snapshot holds of one fact: HMAC-SHA-256 of the payload under the key of its slot.
///
/// It commits to the text and tells nothing of it once the slot's key is gone.
package struct Leaf: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }

    package init?(_ bytes: some Collection<UInt8>) {
        guard let digest = Digest(bytes) else { return nil }
        self.digest = digest
    }

    package var bytes: [UInt8] { digest.bytes }
    package var description: String { digest.hex }

    package static func < (left: Leaf, right: Leaf) -> Bool { left.digest < right.digest }
}

/// The stable id of a fact: 16 bytes of HMAC-SHA-256(store secret, key).
package struct FactID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let byteCount = 16

    private let high: UInt64
    private let low: UInt64

    package init?(_ bytes: some Collection<UInt8>) {
        let id =
            bytes.withContiguousStorageIfAvailable { FactID(memory: UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { FactID(memory: $0) }
        guard let id else { return nil }
        self = id
    }

    private init?(memory bytes: UnsafeRawBufferPointer) {
        guard bytes.count == FactID.byteCount else { return nil }
        high = bytes.bigEndianWord(at: 0)
        low = bytes.bigEndianWord(at: 8)
    }

    /// Reads the 16 bytes at `offset`, which must be there.
    package init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        precondition(offset >= 0 && bytes.count - offset >= FactID.byteCount)
        high = bytes.bigEndianWord(at: offset)
        low = bytes.bigEndianWord(at: offset + 8)
    }

    package init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    /// Writes the 16 bytes to `offset`, where there must be room.
    package func write(to memory: UnsafeMutableRawBufferPointer, at offset: Int) {
        precondition(offset >= 0 && memory.count - offset >= FactID.byteCount)
        memory.storeBytes(of: high.bigEndian, toByteOffset: offset, as: UInt64.self)
        memory.storeBytes(of: low.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
    }

    /// Derives the id of the fact that is called `key` in the store that has `secret`.
    package init(key: String, secret: [UInt8]) {
        let digest = Digest.hmac(Array(key.utf8), key: secret)
        guard let id = FactID(digest.bytes.prefix(FactID.byteCount)) else {
            fatalError("unreachable: a digest has more than 16 bytes")
        }
        self = id
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(FactID.byteCount)
        bytes.append(self)
        return bytes
    }

    fileprivate func append(to out: inout [UInt8]) {
        Swift.withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { out.append(contentsOf: $0) }
    }

    package var hex: String { Hex.encode(bytes) }
    package var short: String { String(hex.prefix(12)) }
    package var description: String { hex }

    package static func < (left: FactID, right: FactID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension [UInt8] {
    /// Appends the 16 bytes of `fact`.
    package mutating func append(_ fact: FactID) { fact.append(to: &self) }
}
