/// Reads a record: a map with small integer keys, each field by its type, none left over.
///
///     var fields = try CBORFields(value, of: "commit")
///     let message = try fields.text(3)
///     try fields.finish()
package struct CBORFields {
    private var values: [UInt64: CBOR] = [:]
    private let name: String

    /// Takes `value` apart; `name` says in errors what is being read.
    package init(_ value: CBOR, of name: String) throws(CBORError) {
        self.name = name
        guard case .map(let entries) = value else {
            throw CBORError(message: "\(name) is not a map", offset: 0)
        }
        for entry in entries {
            guard case .unsigned(let key) = entry.key else {
                throw CBORError(message: "\(name) has a key that is not a number", offset: 0)
            }
            values[key] = entry.value
        }
    }

    private func mismatch(_ key: UInt64, _ type: String) -> CBORError {
        CBORError(message: "field \(key) of \(name) is not \(type)", offset: 0)
    }

    /// Takes the field out, whatever its type; nil if it is absent.
    package mutating func valueIfPresent(_ key: UInt64) -> CBOR? {
        values.removeValue(forKey: key)
    }

    package mutating func value(_ key: UInt64) throws(CBORError) -> CBOR {
        guard let value = valueIfPresent(key) else {
            throw CBORError(message: "field \(key) of \(name) is missing", offset: 0)
        }
        return value
    }

    package mutating func unsigned(_ key: UInt64) throws(CBORError) -> UInt64 {
        guard case .unsigned(let number) = try value(key) else { throw mismatch(key, "a number") }
        return number
    }

    package mutating func int(_ key: UInt64) throws(CBORError) -> Int64 {
        switch try value(key) {
        case .unsigned(let number) where number <= UInt64(Int64.max): return Int64(number)
        case .negative(let number): return -1 - Int64(number)
        default: throw mismatch(key, "an integer")
        }
    }

    package mutating func text(_ key: UInt64) throws(CBORError) -> String {
        guard case .text(let text) = try value(key) else { throw mismatch(key, "text") }
        return text
    }

    package mutating func textIfPresent(_ key: UInt64) throws(CBORError) -> String? {
        values[key] == nil ? nil : try text(key)
    }

    package mutating func bytes(_ key: UInt64) throws(CBORError) -> [UInt8] {
        guard case .bytes(let bytes) = try value(key) else { throw mismatch(key, "bytes") }
        return bytes
    }

    package mutating func bytesIfPresent(_ key: UInt64) throws(CBORError) -> [UInt8]? {
        values[key] == nil ? nil : try bytes(key)
    }

    package mutating func array(_ key: UInt64) throws(CBORError) -> [CBOR] {
        guard case .array(let items) = try value(key) else { throw mismatch(key, "an array") }
        return items
    }

    package mutating func arrayIfPresent(_ key: UInt64) throws(CBORError) -> [CBOR]? {
        values[key] == nil ? nil : try array(key)
    }

    package mutating func texts(_ key: UInt64) throws(CBORError) -> [String] {
        try texts(try array(key), key)
    }

    /// Takes each of `items`, which stand in field `key`, as text.
    func texts(_ items: [CBOR], _ key: UInt64) throws(CBORError) -> [String] {
        var texts: [String] = []
        for item in items {
            guard case .text(let text) = item else { throw mismatch(key, "text alone") }
            texts.append(text)
        }
        return texts
    }

    /// Throws if a field was not asked for: what nobody reads must not be there.
    package func finish() throws(CBORError) {
        guard let extra = values.keys.min() else { return }
        throw CBORError(message: "\(name) has an unknown field \(extra)", offset: 0)
    }
}
