package import Foundation

/// JSON as the daemon speaks it: keys sorted, slashes plain, nothing on more lines than one.
package enum JSONCoding {
    package static func encode(_ value: some Encodable) throws -> Data {
        try encoder(pretty: false).encode(value)
    }

    /// Returns `value` as JSON for people.
    package static func encodePretty(_ value: some Encodable) throws -> Data {
        try encoder(pretty: true).encode(value)
    }

    /// Reads a request; throws ``RequestError`` that names the field or the place.
    package static func decodeRequest<Value: Decodable>(
        _ type: Value.Type, from data: Data
    ) throws(RequestError) -> Value {
        guard let offset = firstInvalidUTF8(in: data) else { return try decode(type, from: data) }
        throw RequestError(
            code: .invalidJSON, field: nil,
            message: "the body is not valid UTF-8 at byte \(offset)")
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, from data: Data
    ) throws(RequestError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as RequestError {
            throw error
        } catch let error as DecodingError {
            throw RequestError(error)
        } catch {
            throw RequestError(
                code: .invalidJSON, field: nil, message: "the body is not valid JSON")
        }
    }

    /// Returns what the parser says of the place, without any of the body's text.
    static func place(of context: DecodingError.Context) -> String {
        guard let underlying = context.underlyingError as? NSError,
            let text = underlying.userInfo[NSDebugDescriptionErrorKey] as? String
        else { return "it cannot be parsed" }
        return text.lowercasedFirst.withoutFullStop
    }

    private static func encoder(pretty: Bool) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return encoder
    }

    /// Returns the offset of the first byte that no UTF-8 text has there, or nil.
    private static func firstInvalidUTF8(in data: Data) -> Int? {
        let isValid = data.withUnsafeBytes { bytes in
            String(validating: bytes, as: UTF8.self) != nil
        }
        guard !isValid else { return nil }
        var decoder = UTF8()
        var iterator = data.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            offset += UTF8.width(scalar)
        }
        return offset
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
    fileprivate var withoutFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
