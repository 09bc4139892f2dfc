import ErrataCore
import Testing

@Suite("Canonical CBOR")
struct CBORTests {
    /// From RFC 8949 appendix A, the part that the journal's subset covers.
    static let examples: [(CBOR, String)] = [
        (.unsigned(0), "00"), (.unsigned(23), "17"), (.unsigned(24), "1818"),
        (.unsigned(100), "1864"), (.unsigned(1000), "1903e8"),
        (.unsigned(1_000_000), "1a000f4240"), (.unsigned(.max), "1bffffffffffffffff"),
        (.int(-1), "20"), (.int(-100), "3863"), (.int(.min), "3b7fffffffffffffff"),
        (.bool(false), "f4"), (.bool(true), "f5"), (.null, "f6"),
        (.bytes([1, 2, 3, 4]), "4401020304"), (.text("IETF"), "6449455446"),
        (.text("\u{6c34}"), "63e6b0b4"), (.array([]), "80"),
        (.array([.unsigned(1), .array([.unsigned(2)])]), "82018102"),
        (.map([.init(.text("a"), .unsigned(1)), .init(.text("b"), .null)]), "a261610161 62f6"),
    ]

    @Test("items encode as in RFC 8949 appendix A and decode again", arguments: examples.indices)
    func matchesAppendixA(index: Int) throws {
        let (item, hex) = CBORTests.examples[index]
        let bytes = try #require(Hex.decode(hex.filter { $0 != " " }))
        #expect(item.encoded == bytes)
        #expect(try CBOR(decoding: bytes) == item)
    }

    @Test("map entries are written in the order of their encoded keys")
    func sortsMapKeys() {
        let map = CBOR.map([
            .init(.text("b"), .null), .init(.unsigned(24), .null), .init(.unsigned(1), .null),
            .init(.text("aa"), .null),
        ])
        #expect(Hex.encode(map.encoded) == "a401f61818f66162f6626161f6")
    }

    @Test(
        "encodings that are not canonical are refused",
        arguments: [
            "", "1817", "190001", "1a0000ffff", "1b00000000ffffffff", "9f01ff", "5f4100ff",
            "a2026161016162", "a2010101 02", "61ff", "62c328", "f7", "f97c00", "c000", "0000",
            "9bffffffffffffffff", "5affffffff", "bb7fffffffffffffff00", "3bffffffffffffffff", "18",
            "4401", "a101",
        ])
    func refusesOtherEncodings(hex: String) throws {
        let bytes = try #require(Hex.decode(hex.filter { $0 != " " }))
        #expect(throws: CBORError.self) { try CBOR(decoding: bytes) }
    }

    @Test("nesting beyond the limit is refused")
    func refusesDeepNesting() {
        let bytes = [UInt8](repeating: 0x81, count: 100_000) + [0x00]
        #expect(throws: CBORError.self) { try CBOR(decoding: bytes) }
    }

    @Test("no random bytes crash the decoder, and what decodes encodes to the same bytes")
    func randomBytes() {
        var state: UInt64 = 42
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(UInt8(truncatingIfNeeded: state >> 33))
            }
            guard let item = try? CBOR(decoding: bytes) else { continue }
            #expect(item.encoded == bytes)
        }
    }

    @Test("a record with a missing, an extra or a mistyped field is refused by name")
    func recordFields() throws {
        var fields = try CBORFields(.fields([(0, .unsigned(1)), (7, .text("x"))]), of: "thing")
        #expect(try fields.unsigned(0) == 1)
        #expect(throws: CBORError(message: "field 1 of thing is missing", offset: 0)) {
            try fields.text(1)
        }
        #expect(throws: CBORError(message: "thing has an unknown field 7", offset: 0)) {
            try fields.finish()
        }
        #expect(throws: CBORError(message: "field 7 of thing is not bytes", offset: 0)) {
            try fields.bytes(7)
        }
    }
}
