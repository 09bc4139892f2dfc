/// Reads JSON (RFC 8259) from UTF-8 bytes.
///
/// Refuses what the standard leaves open: repeated keys, lone surrogates, nesting past `depthMax`.
package struct JSONReader {
    package static let depthMax = 32
    /// Bounds the memory, which values take more of than their text.
    package static let valueCountMax = 1 << 23
    /// What messages show of a key.
    private static let keyByteCountMax = 80

    private let bytes: [UInt8]
    private let place: String
    private var position = 0
    private var valueCount = 0

    /// Returns the object that `bytes` consist of; `place` names the file in messages.
    package static func object(_ bytes: [UInt8], place: String) throws(ModelError) -> JSONObject {
        var reader = JSONReader(bytes: bytes, place: place)
        let value = try reader.document()
        guard case .object(let object) = value else {
            throw ModelError(.malformed, "\(place): expected an object, found \(value.kind)")
        }
        return object
    }

    /// Returns the value that `bytes` consist of.
    package static func value(_ bytes: [UInt8], place: String) throws(ModelError) -> JSONValue {
        var reader = JSONReader(bytes: bytes, place: place)
        return try reader.document()
    }

    private init(bytes: [UInt8], place: String) {
        self.bytes = bytes
        self.place = place
    }

    private mutating func document() throws(ModelError) -> JSONValue {
        let value = try value(depth: 0) { [place] in place }
        skipSpace()
        guard position == bytes.count else { throw failure("text after the value") }
        return value
    }

    private func failure(_ what: String) -> ModelError {
        ModelError(.malformed, "\(place): \(what) at byte \(position)")
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// Reads a value; only objects and arrays ask for their place.
    private mutating func value(
        depth: Int, at place: () -> String
    ) throws(ModelError) -> JSONValue {
        guard depth < Self.depthMax else {
            throw failure("values nested deeper than \(Self.depthMax)")
        }
        valueCount += 1
        guard valueCount <= Self.valueCountMax else {
            throw ModelError(.limit, "\(self.place): more than \(Self.valueCountMax) values")
        }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try object(at: place(), depth: depth))
        case UInt8(ascii: "["): return .array(try array(at: place(), depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(ModelError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw failure("unknown word") }
        position += word.utf8.count
        return value
    }

    private mutating func object(at place: String, depth: Int) throws(ModelError) -> JSONObject {
        position += 1
        var members: [JSONObject.Member] = []
        var keys: Set<[UInt8]> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return JSONObject(place: place, members: []) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure("expected a key") }
            let key = try string()
            guard keys.insert(Array(key.utf8)).inserted else {
                throw failure("key '\(Self.shown(key))' is repeated")
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("expected ':'") }
            let value = try value(depth: depth + 1) { "\(place): \(Self.shown(key))" }
            members.append(JSONObject.Member(key: key, value: value))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw failure("expected ',' or '}'") }
        return JSONObject(place: place, members: members)
    }

    private mutating func array(at place: String, depth: Int) throws(ModelError) -> [JSONValue] {
        position += 1
        var items: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return [] }
        repeat {
            let count = items.count
            items.append(try value(depth: depth + 1) { "\(place)[\(count)]" })
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure("expected ',' or ']'") }
        return items
    }

    /// Returns the start of a key: places stand in every object below it.
    private static func shown(_ key: String) -> String {
        key.utf8.count <= keyByteCountMax
            ? key : String(decoding: key.utf8.prefix(keyByteCountMax), as: UTF8.self) + "…"
    }

    private mutating func number() throws(ModelError) -> String {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(ModelError) {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw failure("expected a value") }
    }

    private mutating func string() throws(ModelError) -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw failure("a string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): content.append(contentsOf: try escape())
            case 0..<0x20: throw failure("control character in a string")
            default: content.append(byte)
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escape() throws(ModelError) -> [UInt8] {
        guard let byte = next else { throw failure("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try codePoint()
        default: throw failure("unknown escape")
        }
    }

    private mutating func codePoint() throws(ModelError) -> [UInt8] {
        var unit = try fourHexDigits()
        if (0xD800..<0xDC00).contains(unit), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let low = try fourHexDigits()
            guard (0xDC00..<0xE000).contains(low) else { throw failure("lone surrogate") }
            unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(unit) else { throw failure("lone surrogate") }
        return Array(UTF8.encode(scalar) ?? .init())
    }

    private mutating func fourHexDigits() throws(ModelError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("expected four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
