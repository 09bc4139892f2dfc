/// Bytes that are not the canonical encoding of anything.
package struct CBORError: Error, Equatable, CustomStringConvertible {
    package let message: String
    /// Where in the bytes the trouble begins.
    package let offset: Int

    package init(message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }

    package var description: String { "\(message) at byte \(offset)" }
}

extension CBOR {
    /// Reads one item that fills `bytes` completely.
    ///
    /// Memory stays proportional to `bytes`: no length is believed before the bytes behind it are seen.
    package init(decoding bytes: some Sequence<UInt8>) throws(CBORError) {
        var decoder = CBORDecoder(Array(bytes))
        self = try decoder.item(depth: 0)
        try decoder.finish()
    }
}

private struct CBORDecoder {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func error(_ message: String) -> CBORError {
        CBORError(message: message, offset: offset)
    }

    func finish() throws(CBORError) {
        guard offset == bytes.count else { throw error("bytes follow the item") }
    }

    mutating func item(depth: Int) throws(CBORError) -> CBOR {
        guard depth < CBOR.depthMax else { throw error("nesting is deeper than \(CBOR.depthMax)") }
        guard offset < bytes.count else { throw error("the item is cut short") }
        let first = bytes[offset]
        switch first >> 5 {
        case 0: return .unsigned(try argument())
        case 1:
            let value = try argument()
            guard value <= UInt64(Int64.max) else { throw error("the integer is below Int64") }
            return .negative(value)
        case 2: return .bytes(Array(try run()))
        case 3:
            guard let text = String(validating: try run(), as: UTF8.self) else {
                throw error("the text is not UTF-8")
            }
            return .text(text)
        case 4: return .array(try items(depth: depth))
        case 5: return .map(try entries(depth: depth))
        default: return try simple(first)
        }
    }

    private mutating func simple(_ first: UInt8) throws(CBORError) -> CBOR {
        let item: CBOR
        switch first {
        case 0xf4: item = .bool(false)
        case 0xf5: item = .bool(true)
        case 0xf6: item = .null
        default: throw error("item type 0x\(Hex.encode([first])) is not allowed")
        }
        offset += 1
        return item
    }

    /// Reads the head at `offset` and returns its argument, which must be in shortest form.
    private mutating func argument() throws(CBORError) -> UInt64 {
        let low = bytes[offset] & 31
        guard low >= 24 else {
            offset += 1
            return UInt64(low)
        }
        guard low <= 27 else { throw error("indefinite lengths are not allowed") }
        let width = 1 << Int(low - 24)
        guard bytes.count - offset > width else { throw error("the head is cut short") }
        var value: UInt64 = 0
        for i in 1...width { value = value << 8 | UInt64(bytes[offset + i]) }
        let least: UInt64 = width == 1 ? 24 : 1 << UInt64(4 * width)
        guard value >= least else { throw error("the head is not in its shortest form") }
        offset += 1 + width
        return value
    }

    /// Reads the count of a container or string; each counted thing takes at least a byte.
    private mutating func count() throws(CBORError) -> Int {
        let value = try argument()
        guard value <= UInt64(bytes.count - offset) else { throw error("the length is too large") }
        return Int(value)
    }

    private mutating func run() throws(CBORError) -> ArraySlice<UInt8> {
        let count = try count()
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    private mutating func items(depth: Int) throws(CBORError) -> [CBOR] {
        var items: [CBOR] = []
        for _ in 0..<(try count()) { items.append(try item(depth: depth + 1)) }
        return items
    }

    private mutating func entries(depth: Int) throws(CBORError) -> [CBOR.Entry] {
        var entries: [CBOR.Entry] = []
        var previous: ArraySlice<UInt8>?
        for _ in 0..<(try count()) {
            let start = offset
            let key = try item(depth: depth + 1)
            let encoded = bytes[start..<offset]
            if let previous, !previous.lexicographicallyPrecedes(encoded) {
                throw CBORError(message: "map keys are not in order", offset: start)
            }
            previous = encoded
            entries.append(CBOR.Entry(key, try item(depth: depth + 1)))
        }
        return entries
    }
}
