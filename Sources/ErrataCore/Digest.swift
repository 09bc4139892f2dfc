import Crypto

/// A SHA-256 or HMAC-SHA-256 value: 32 bytes, compared as big-endian bytes.
package struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let byteCount = 32

    // The bytes as four big-endian words. Not a SIMD4: its alignment of 32 bytes is more than the task
    // allocator of Swift 6.3.1 gives, and an async function that holds one aborts with "freed pointer was
    // not the last allocation".
    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    /// Takes `bytes` as they are; nil unless there are exactly 32.
    package init?(_ bytes: some Collection<UInt8>) {
        // Plain memory is read at once: a loop over a generic collection is not specialized for other modules.
        let digest =
            bytes.withContiguousStorageIfAvailable { Digest(memory: UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { Digest(memory: $0) }
        guard let digest else { return nil }
        self = digest
    }

    private init?(memory bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Digest.byteCount else { return nil }
        word0 = bytes.bigEndianWord(at: 0)
        word1 = bytes.bigEndianWord(at: 8)
        word2 = bytes.bigEndianWord(at: 16)
        word3 = bytes.bigEndianWord(at: 24)
    }

    /// Takes the bytes of a finished hash.
    private init(hash bytes: UnsafeRawBufferPointer) {
        guard let digest = Digest(memory: bytes) else {
            fatalError("unreachable: SHA-256 gives 32 bytes")
        }
        self = digest
    }

    /// Returns SHA-256 of `bytes` (FIPS 180-4).
    package static func sha256(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { sha256($0) }
    }

    /// Returns SHA-256 of plain memory.
    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return hash.finalize().withUnsafeBytes { Digest(hash: $0) }
    }

    /// Returns SHA-256(prefix ‖ bytes).
    static func sha256(_ prefix: UInt8, _ bytes: [UInt8]) -> Digest {
        var hash = SHA256()
        Swift.withUnsafeBytes(of: prefix) { hash.update(bufferPointer: $0) }
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes { Digest(hash: $0) }
    }

    /// Reads the 32 bytes at `offset`, which must be there.
    package init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        precondition(offset >= 0 && bytes.count - offset >= Digest.byteCount)
        word0 = bytes.bigEndianWord(at: offset)
        word1 = bytes.bigEndianWord(at: offset + 8)
        word2 = bytes.bigEndianWord(at: offset + 16)
        word3 = bytes.bigEndianWord(at: offset + 24)
    }

    /// Writes the 32 bytes to `offset`, where there must be room.
    package func write(to memory: UnsafeMutableRawBufferPointer, at offset: Int) {
        precondition(offset >= 0 && memory.count - offset >= Digest.byteCount)
        memory.storeBytes(of: word0.bigEndian, toByteOffset: offset, as: UInt64.self)
        memory.storeBytes(of: word1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
        memory.storeBytes(of: word2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
        memory.storeBytes(of: word3.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
    }

    /// Returns HMAC-SHA-256 of `bytes` under `key` (RFC 2104).
    ///
    /// Written out here: sealing a fact takes three, and swift-crypto makes objects of each key.
    package static func hmac(_ bytes: [UInt8], key: [UInt8]) -> Digest {
        let key = key.count <= SHA256.blockByteCount ? key : sha256(key).bytes
        var inner = SHA256()
        inner.update(pad: 0x36, key)
        bytes.withUnsafeBytes { inner.update(bufferPointer: $0) }
        var outer = SHA256()
        outer.update(pad: 0x5c, key)
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return outer.finalize().withUnsafeBytes { Digest(hash: $0) }
    }

    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Digest.byteCount) { buffer, count in
            write(to: UnsafeMutableRawBufferPointer(buffer), at: 0)
            count = Digest.byteCount
        }
    }

    fileprivate func append(to out: inout [UInt8]) {
        let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
        Swift.withUnsafeBytes(of: words) { out.append(contentsOf: $0) }
    }

    package var hex: String { Hex.encode(bytes) }
    package var description: String { hex }

    package static func < (left: Digest, right: Digest) -> Bool {
        (left.word0, left.word1, left.word2, left.word3)
            < (right.word0, right.word1, right.word2, right.word3)
    }
}

extension SHA256 {
    /// Takes in `key`, filled up with zeros to a block, each byte of it changed by `pad`.
    fileprivate mutating func update(pad: UInt8, _ key: [UInt8]) {
        let count = SHA256.blockByteCount
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { block in
            for i in 0..<count { block[i] = pad ^ (i < key.count ? key[i] : 0) }
            update(bufferPointer: UnsafeRawBufferPointer(block))
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Reads eight bytes, most significant first.
    func bigEndianWord(at offset: Int) -> UInt64 {
        UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

extension [UInt8] {
    /// Appends the 32 bytes of `digest`.
    package mutating func append(_ digest: Digest) { digest.append(to: &self) }

    /// Appends `value` as eight bytes, most significant first.
    package mutating func append(bigEndian value: UInt64) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
