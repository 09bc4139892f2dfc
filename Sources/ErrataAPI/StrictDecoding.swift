/// A field of an object, by its name.
///
/// Its containers list as their keys what is none of `Fields`, so that an object of known fields has no keys.
private struct FieldName<Fields: CodingKey>: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ field: Fields) { stringValue = field.stringValue }

    init?(stringValue: String) {
        guard Fields(stringValue: stringValue) == nil else { return nil }
        self.stringValue = stringValue
    }

    init?(intValue: Int) { nil }
}

/// The fields of an object, of which `Fields` may be all that are known.
///
/// A container keyed by `Fields` hides what else there is, and to make and list a second one takes half as long as
/// all the rest.
struct FieldContainer<Fields: CodingKey & CaseIterable> {
    private let container: KeyedDecodingContainer<FieldName<Fields>>

    /// Takes the object that is at `decoder`, whatever fields it has.
    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: FieldName<Fields>.self)
    }

    /// Throws ``RequestError`` that names the first field, in alphabetical order, that is none of `Fields`.
    fileprivate func check() throws {
        let unknown = container.allKeys.min { $0.stringValue < $1.stringValue }
        guard let unknown else { return }
        let field = (container.codingPath + [unknown]).fieldName
        let known = Fields.allCases.map { $0.stringValue }
        throw RequestError(
            code: .unknownField, field: field, message: "'\(field ?? "")' is not a known field",
            hint: "Known here: \(known.sorted().joined(separator: ", ")).")
    }

    func contains(_ field: Fields) -> Bool { container.contains(FieldName(field)) }

    func decode<Value: Decodable>(_ type: Value.Type, forKey field: Fields) throws -> Value {
        try container.decode(type, forKey: FieldName(field))
    }

    func decodeIfPresent<Value: Decodable>(
        _ type: Value.Type, forKey field: Fields
    ) throws -> Value? {
        try container.decodeIfPresent(type, forKey: FieldName(field))
    }

    // Containers read strings faster than values of any type.

    func decode(_ type: String.Type, forKey field: Fields) throws -> String {
        try container.decode(type, forKey: FieldName(field))
    }

    func decodeIfPresent(_ type: String.Type, forKey field: Fields) throws -> String? {
        try container.decodeIfPresent(type, forKey: FieldName(field))
    }
}

extension Decoder {
    /// Returns the fields of an object that has none but those of `Fields`.
    ///
    /// Throws ``RequestError`` that names the first unknown field, in alphabetical order.
    ///
    /// Inlined, so that it is made for `Fields`: looking up generic types takes a quarter of the time to decode.
    @inline(__always)
    func strictContainer<Fields: CodingKey & CaseIterable>(
        keyedBy fields: Fields.Type
    ) throws -> FieldContainer<Fields> {
        let container = try FieldContainer<Fields>(self)
        try container.check()
        return container
    }
}
