/// A fast hash of byte strings and of pairs of ids, with a secret of this process.
///
/// Files choose the tokens: with a hash that everybody knows, a file could make every token collide.
struct ByteHash: Sendable {
    // The standard library draws the seed of its hashes anew in each process.
    private static let processSecret = UInt64(truncatingIfNeeded: Hasher().finalize())

    private let secret: UInt64

    init() {
        secret = Self.mix(Self.processSecret ^ 0x9E37_79B9_7F4A_7C15, 0xA076_1D64_78BD_642F) | 1
    }

    func callAsFunction(_ bytes: Span<UInt8>) -> UInt64 {
        var hash = secret ^ UInt64(truncatingIfNeeded: bytes.count)
        var word: UInt64 = 0
        for i in 0..<bytes.count {
            word = word << 8 | UInt64(bytes[i])
            if i & 7 == 7 {
                hash = Self.mix(hash ^ word, secret)
                word = 0
            }
        }
        return Self.mix(hash ^ word, secret ^ 0xE703_7ED1_A0B4_28DB)
    }

    func callAsFunction(_ key: UInt64) -> UInt64 {
        Self.mix(key ^ secret, secret ^ 0xE703_7ED1_A0B4_28DB)
    }

    /// Folds the whole product of two words, as wyhash does (Wang Yi 2019).
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
