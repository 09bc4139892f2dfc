extension JSONObject {
    /// The `type` of a tokenizer's part.
    func type() throws(ModelError) -> String { try string("type") }

    /// Throws that this part of a tokenizer is not built.
    func refuseType() throws(ModelError) -> Never {
        throw ModelError(.unsupported, "\(place): type '\(try type())' is not supported")
    }

    /// Returns a member that may be missing or null.
    func optional(_ key: String) -> JSONValue? {
        guard let value = self[key] else { return nil }
        if case .null = value { return nil }
        return value
    }

    func optionalObject(_ key: String) throws(ModelError) -> JSONObject? {
        optional(key) == nil ? nil : try object(key)
    }

    func optionalString(_ key: String) throws(ModelError) -> String? {
        optional(key) == nil ? nil : try string(key)
    }

    /// Returns a flag that may be missing.
    func boolean(_ key: String, default value: Bool) throws(ModelError) -> Bool {
        optional(key) == nil ? value : try boolean(key)
    }

    /// Returns the objects of an array.
    func objects(_ key: String) throws(ModelError) -> [JSONObject] {
        var objects: [JSONObject] = []
        for item in try array(key) {
            guard case .object(let object) = item else {
                throw ModelError(.malformed, "\(place): '\(key)' holds \(item.kind)")
            }
            objects.append(object)
        }
        return objects
    }

    /// Returns a string of one character.
    func character(_ key: String) throws(ModelError) -> [UInt8] {
        let text = try string(key)
        guard text.unicodeScalars.count == 1 else {
            throw ModelError(.malformed, "\(place): '\(key)' must be one character, not '\(text)'")
        }
        return Array(text.utf8)
    }

    /// Returns the members as tokens and ids.
    func tokenIDs() throws(ModelError) -> [(token: [UInt8], id: Int)] {
        var tokens: [(token: [UInt8], id: Int)] = []
        tokens.reserveCapacity(members.count)
        for member in members {
            guard case .number(let text) = member.value, let id = Int(text) else {
                throw ModelError(
                    .malformed, "\(place): token '\(member.key)' has id \(member.value.kind)")
            }
            tokens.append((Array(member.key.utf8), id))
        }
        return tokens
    }
}

extension TextPattern {
    /// Reads `{"String": "…"}` or `{"Regex": "…"}`.
    init(_ object: JSONObject) throws(ModelError) {
        guard object.members.count == 1, case .string(let text) = object.members[0].value else {
            throw ModelError(.malformed, "\(object.place): expected one of 'String' and 'Regex'")
        }
        switch object.members[0].key {
        case "String" where !text.isEmpty: self = .literal(Array(text.utf8))
        case "Regex":
            guard let pattern = WordPattern(expression: text) else {
                throw ModelError(
                    .unsupported, "\(object.place): the expression '\(text)' is not supported")
            }
            self = .words(pattern)
        case let kind:
            throw ModelError(
                .unsupported, "\(object.place): pattern \(kind) '\(text)' is not supported")
        }
    }
}
