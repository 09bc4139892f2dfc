/// JSON that is written piece by piece, where a whole value would have to be held twice.
enum JSONText {
    /// Returns `text` as a JSON string (RFC 8259 section 7).
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { append($0, to: &bytes) }
    }

    /// Appends UTF-8 as a JSON string.
    static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        for i in text.indices where text[i] < 0x20 || text[i] == 0x22 || text[i] == 0x5c {
            bytes += text[start..<i]
            bytes += escape(text[i])
            start = i + 1
        }
        bytes += text[start...]
        bytes.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [UInt8(ascii: "\\"), byte]
        case 0x0a: return Array("\\n".utf8)
        default:
            let digits = String(byte, radix: 16)
            return Array("\\u00\(digits.utf8.count == 1 ? "0" : "")\(digits)".utf8)
        }
    }
}
