/// Base 64 of RFC 4648 section 4, with padding.
package enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// What each byte is worth as a digit; 64 and more is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: .max, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    package static func encode(_ bytes: [UInt8]) -> String {
        var characters: [UInt8] = []
        characters.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for i in 0..<3 { bits = bits << 8 | (i < group.count ? UInt32(group[start + i]) : 0) }
            for i in 0..<4 {
                let digit = digits[Int(bits >> UInt32(18 - 6 * i) & 63)]
                characters.append(i <= group.count ? digit : padding)
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Returns the bytes that `text` spells; nil unless it is the one spelling of them.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count.isMultiple(of: 4) else { return nil }
        let padded = characters.reversed().prefix { $0 == padding }.count
        guard padded <= 2 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3)
        var bits: UInt32 = 0
        for (i, character) in characters.dropLast(padded).enumerated() {
            let value = values[Int(character)]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            if i & 3 > 0 {
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(6 - 2 * (i & 3))))
            }
        }
        // Bits that belong to no byte must be zero: otherwise two texts would spell the same bytes.
        let rest: UInt32 = padded == 0 ? 0 : padded == 1 ? 3 : 15
        return bits & rest == 0 ? bytes : nil
    }
}
