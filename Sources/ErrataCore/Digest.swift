import Crypto

/// A SHA-256 or HMAC-SHA-256 value: 32 bytes, compared as big-endian bytes.
package struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let byteCount = 32

    /// The bytes as four big-endian words.
    private let words: SIMD4<UInt64>

    /// Takes `bytes` as they are; nil unless there are exactly 32.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.byteCount else { return nil }
        var words = SIMD4<UInt64>()
        for (i, byte) in bytes.enumerated() {
            words[i >> 3] = words[i >> 3] << 8 | UInt64(byte)
        }
        self.words = words
    }

    /// Takes the bytes of a finished hash.
    private init(hash: some Sequence<UInt8>) {
        guard let digest = Digest(Array(hash)) else {
            fatalError("unreachable: SHA-256 gives 32 bytes")
        }
        self = digest
    }

    /// Returns SHA-256 of `bytes` (FIPS 180-4).
    package static func sha256(_ bytes: [UInt8]) -> Digest {
        Digest(hash: SHA256.hash(data: bytes))
    }

    /// Returns HMAC-SHA-256 of `bytes` under `key` (RFC 2104).
    package static func hmac(_ bytes: [UInt8], key: [UInt8]) -> Digest {
        Digest(
            hash: HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Digest.byteCount)
        for i in 0..<4 { bytes.append(bigEndian: words[i]) }
        return bytes
    }

    package var hex: String { Hex.encode(bytes) }
    package var description: String { hex }

    package static func < (left: Digest, right: Digest) -> Bool {
        for i in 0..<4 where left.words[i] != right.words[i] {
            return left.words[i] < right.words[i]
        }
        return false
    }
}

extension [UInt8] {
    /// Appends `value` as eight bytes, most significant first.
    package mutating func append(bigEndian value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }
}
