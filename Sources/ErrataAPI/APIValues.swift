package import ErrataCore

// How the values of ErrataCore look in JSON: times in RFC 3339, ids in lower-case hex.

/// A value that is one string in JSON.
protocol TextValue: Codable {
    /// What a text that is no such value should have been.
    static var expectation: String { get }
    var jsonText: String { get }
    init?(jsonText: String)
}

extension TextValue {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self = try Self.value(of: text, at: decoder.codingPath)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(jsonText)
    }

    fileprivate static func value(
        of text: String, at path: @autoclosure () -> [any CodingKey]
    ) throws -> Self {
        if let value = Self(jsonText: text) { return value }
        throw RequestError.invalidField(path(), "it is not \(expectation)")
    }
}

// Most values in replies are fields of objects: read and written there, without containers of their own.

extension KeyedDecodingContainer {
    func decode<Value: TextValue>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try Value.value(of: try decode(String.self, forKey: key), at: codingPath + [key])
    }
}

extension KeyedEncodingContainer {
    mutating func encode(_ value: some TextValue, forKey key: Key) throws {
        try encode(value.jsonText, forKey: key)
    }
}

extension Timestamp: TextValue {
    static var expectation: String { "an RFC 3339 time like 2026-11-01T09:30:00Z" }
    var jsonText: String { description }
    init?(jsonText text: String) { self.init(rfc3339: text) }
}

/// An id or hash: lower-case hex digits.
protocol HexValue: TextValue {
    var hex: String { get }
    init?(hex: String)
}

extension HexValue {
    var jsonText: String { hex }
    init?(jsonText text: String) { self.init(hex: text) }
}

extension CommitID: HexValue {
    static var expectation: String { "a commit id of 64 lower-case hex digits" }
}

extension FactID: HexValue {
    static var expectation: String { "a fact id of 32 lower-case hex digits" }
}

extension Digest: HexValue {
    static var expectation: String { "a hash of 64 lower-case hex digits" }

    init?(hex text: String) {
        guard let digest = Hex.decode(text).flatMap({ Digest($0) }) else { return nil }
        self = digest
    }
}

extension Edit.Kind: Codable {}
