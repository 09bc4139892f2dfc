/// One JSON value as it stands in a file, checked strictly.
///
/// Not `JSONDecoder`: tokenizer and tensor names are compared as bytes (Swift's strings compare by
/// canonical equivalence, which merges different vocabulary entries), and a repeated key, which
/// readers resolve differently, must be an error.
package enum JSONValue: Sendable {
    case object(JSONObject)
    case array([JSONValue])
    case string(String)
    /// A number as written.
    case number(String)
    case boolean(Bool)
    case null

    /// What messages call this kind of value.
    package var kind: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number(let text): text
        case .boolean(let value): value ? "true" : "false"
        case .null: "null"
        }
    }
}

/// The members of an object in file order, all keys different, with the place it was read from.
package struct JSONObject: Sendable {
    /// Names the object in messages: "config.json", "tokenizer.json: normalizer".
    package let place: String
    package let members: [Member]

    package struct Member: Sendable {
        package let key: String
        package let value: JSONValue
    }

    /// Returns the value of a member, or nil if there is none.
    package subscript(key: String) -> JSONValue? {
        members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// Returns the value of a member that must be there.
    func required(_ key: String) throws(ModelError) -> JSONValue {
        guard let value = self[key] else {
            throw ModelError(.malformed, "\(place): key '\(key)' is missing")
        }
        return value
    }

    package func string(_ key: String) throws(ModelError) -> String {
        let value = try required(key)
        guard case .string(let text) = value else {
            throw unexpected(key, "a string", value)
        }
        return text
    }

    func boolean(_ key: String) throws(ModelError) -> Bool {
        let value = try required(key)
        guard case .boolean(let flag) = value else {
            throw unexpected(key, "true or false", value)
        }
        return flag
    }

    /// Returns an integer inside `range`.
    package func integer(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
        let value = try required(key)
        guard case .number(let text) = value, let number = Int(text), range.contains(number) else {
            throw unexpected(
                key, "an integer from \(range.lowerBound) to \(range.upperBound)", value)
        }
        return number
    }

    package func number(_ key: String) throws(ModelError) -> Double {
        let value = try required(key)
        guard case .number(let text) = value, let number = Double(text), number.isFinite else {
            throw unexpected(key, "a number", value)
        }
        return number
    }

    package func array(_ key: String) throws(ModelError) -> [JSONValue] {
        let value = try required(key)
        guard case .array(let items) = value else { throw unexpected(key, "an array", value) }
        return items
    }

    package func object(_ key: String) throws(ModelError) -> JSONObject {
        let value = try required(key)
        guard case .object(let object) = value else { throw unexpected(key, "an object", value) }
        return object
    }

    /// Throws unless the member is the string `expected`; the message says that others are not built.
    func require(_ key: String, is expected: String) throws(ModelError) {
        let found = try string(key)
        guard found.utf8.elementsEqual(expected.utf8) else {
            throw ModelError(
                .unsupported, "\(place): \(key) '\(found)' is not supported, only '\(expected)'")
        }
    }

    /// Throws if there is a key that is not in `known`.
    package func refuseKeys(besides known: Set<String>) throws(ModelError) {
        for member in members where !known.contains(member.key) {
            throw ModelError(
                .unsupported, "\(place): key '\(member.key)' is not supported")
        }
    }

    private func unexpected(_ key: String, _ expected: String, _ found: JSONValue) -> ModelError {
        ModelError(.malformed, "\(place): '\(key)' must be \(expected), not \(found.kind)")
    }
}
