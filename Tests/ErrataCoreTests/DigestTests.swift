import ErrataCore
import Testing

@Suite("A digest")
struct DigestTests {
    /// RFC 4231, cases 1 to 3 and 6; then keys of a block and of a byte more, by Python's `hmac`.
    private static let macs: [(key: [UInt8], text: [UInt8], mac: String)] = [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            Array(0..<64), [],
            "3499f163f48604c0b15ac89e4e7c66f314fb3b203b8ac2f564828e62f6be9d9d"
        ),
        (
            Array(0..<65), Array("a".utf8),
            "0c757378459f03de805a31fc7969c29c12c83e63202f49d83daf71d57d1b6144"
        ),
    ]

    @Test("under a key is HMAC-SHA-256", arguments: macs.indices)
    func hmac(case index: Int) {
        let (key, text, mac) = DigestTests.macs[index]
        #expect(Digest.hmac(text, key: key).hex == mac)
    }
}
