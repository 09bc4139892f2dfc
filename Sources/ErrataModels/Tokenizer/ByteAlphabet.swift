/// The characters that stand for bytes in the vocabularies of byte-level tokenizers (Radford and others 2019).
///
/// Printable bytes of Latin-1 stand for themselves, the others for U+0100 and up in their order.
enum ByteAlphabet {
    /// The UTF-8 of the character of each byte.
    static let characters: [[UInt8]] = scalars.map { Array(UTF8.encode($0) ?? .init()) }

    private static let scalars: [Unicode.Scalar] = {
        var next: UInt16 = 0x100
        return (0...255).map { (byte: Int) -> Unicode.Scalar in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
            default:
                next += 1
                return Unicode.Scalar(next - 1) ?? "\u{FFFD}"
            }
        }
    }()

    /// The byte of each character below U+0144, or -1.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
        return bytes
    }()

    /// Returns the bytes that a token stands for, or nil if one of its characters stands for none.
    static func bytes(of token: some Sequence<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in String(decoding: Array(token), as: UTF8.self).unicodeScalars {
            guard scalar.value < bytes.count, bytes[Int(scalar.value)] >= 0 else { return nil }
            result.append(UInt8(bytes[Int(scalar.value)]))
        }
        return result
    }
}
