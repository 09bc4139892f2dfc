/// The query of a request's address, every parameter known and there once at most.
struct Query: Sendable {
    private let values: [String: String]

    /// Reads `text` (what follows `?`); throws ``Refusal`` for what `allowed` does not hold.
    init(_ text: Substring?, allowed: Set<String>) throws(Refusal) {
        var values: [String: String] = [:]
        for part in (text ?? "").split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Query.decode(halves[0]),
                let value = Query.decode(halves.count > 1 ? halves[1] : "")
            else {
                throw Refusal(
                    .invalidParameter, "the query is not percent-encoded UTF-8",
                    hint: "Encode spaces as %20 and '|' as %7C.")
            }
            guard allowed.contains(name) else {
                throw Refusal(
                    .unknownParameter, "the parameter '\(name)' is not known here",
                    hint: allowed.isEmpty
                        ? "This address takes none."
                        : "Known here: \(allowed.sorted().joined(separator: ", ")).", field: name)
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Refusal(
                    .invalidParameter, "the parameter '\(name)' is there twice", field: name)
            }
        }
        self.values = values
    }

    /// Returns the parameter, or nil if it is absent or empty.
    subscript(_ name: String) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }

    func required(_ name: String) throws(Refusal) -> String {
        if let value = self[name] { return value }
        throw Refusal(.missingParameter, "the parameter '\(name)' is missing", field: name)
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(Refusal) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw Refusal(
                .invalidParameter,
                "'\(name)' is '\(text)', not a number from \(range.lowerBound) to \(range.upperBound)",
                field: name)
        }
        return value
    }

    func flag(_ name: String) throws(Refusal) -> Bool {
        switch self[name] {
        case nil, "false", "0": return false
        case "true", "1": return true
        case let text?:
            throw Refusal(
                .invalidParameter, "'\(name)' is '\(text)', not true or false", field: name)
        }
    }

    /// Undoes percent-encoding (RFC 3986 section 2.1) and `+` for a space; nil unless the result is UTF-8.
    static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hexValue),
                    let low = iterator.next().flatMap(hexValue)
                else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
