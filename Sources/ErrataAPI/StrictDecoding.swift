/// Any text as a key, to see which fields an object has.
private struct AnyField: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// Returns the container of an object that has no field but those of `Fields`.
    ///
    /// Throws ``RequestError`` that names the first unknown field, in alphabetical order.
    func strictContainer<Fields: CodingKey & CaseIterable>(
        keyedBy fields: Fields.Type
    ) throws -> KeyedDecodingContainer<Fields> {
        let present = try container(keyedBy: AnyField.self).allKeys
        let unknown = present.filter { Fields(stringValue: $0.stringValue) == nil }
            .min { $0.stringValue < $1.stringValue }
        if let unknown {
            let field = (codingPath + [unknown]).fieldName
            let known = Fields.allCases.map { $0.stringValue }
            throw RequestError(
                code: .unknownField, field: field, message: "'\(field ?? "")' is not a known field",
                hint: "Known here: \(known.sorted().joined(separator: ", ")).")
        }
        return try container(keyedBy: fields)
    }
}
