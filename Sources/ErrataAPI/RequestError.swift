package import ErrataCore

/// A request that cannot be read: its JSON, a field or a parameter breaks a rule.
package struct RequestError: Error, Equatable, Sendable {
    package enum Code: String, CaseIterable, Sendable {
        case invalidJSON = "invalid_json"
        case unknownField = "unknown_field"
        case missingField = "missing_field"
        case invalidField = "invalid_field"
        case invalidFact = "invalid_fact"
    }

    package let code: Code
    /// Where in the body, as `edits[3].fact.subject`; nil for the body as a whole.
    package let field: String?
    package let message: String
    package let hint: String?

    package init(code: Code, field: String?, message: String, hint: String? = nil) {
        self.code = code
        self.field = field
        self.message = message
        self.hint = hint
    }

    /// Returns the error of a field whose value breaks a rule; `message` says which.
    package static func invalidField(
        _ path: [any CodingKey], _ message: String
    ) -> RequestError {
        let field = path.fieldName
        return RequestError(
            code: .invalidField, field: field,
            message: field.map { "'\($0)': \(message)" } ?? message)
    }

    /// Returns the error of a fact that stands at `path` and breaks a rule of ``FactLimits``.
    package static func invalidFact(_ error: FactError, at path: String) -> RequestError {
        let field = path.isEmpty ? error.field : "\(path).\(error.field)"
        return RequestError(
            code: .invalidFact, field: field, message: "'\(field)': \(error.message)")
    }

    /// Says what `error` of a JSON decoder means for the client that sent the bytes.
    package init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            let field = (context.codingPath + [key]).fieldName
            self.init(
                code: .missingField, field: field, message: "'\(field ?? "")' is missing")
        case .typeMismatch(let type, let context):
            self = .wrongType(type, context.codingPath)
        case .valueNotFound(let type, let context):
            self = .wrongType(type, context.codingPath)
        case .dataCorrupted(let context):
            self = .unreadable(context)
        @unknown default:
            self.init(code: .invalidJSON, field: nil, message: "the body is not valid JSON")
        }
    }

    private static func wrongType(_ type: any Any.Type, _ path: [any CodingKey]) -> RequestError {
        let field = path.fieldName
        let expected = jsonName(of: type)
        return RequestError(
            code: .invalidField, field: field,
            message: "\(field.map { "'\($0)'" } ?? "the body") is not \(expected)")
    }

    private static func unreadable(_ context: DecodingError.Context) -> RequestError {
        if let field = context.codingPath.fieldName {
            return RequestError(
                code: .invalidField, field: field,
                message: "'\(field)' is out of range or not of its kind")
        }
        return RequestError(
            code: .invalidJSON, field: nil,
            message: "the body is not valid JSON: \(JSONCoding.place(of: context))")
    }

    private static func jsonName(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Int.Type, is UInt64.Type, is UInt32.Type, is Int64.Type: "an integer"
        case is Double.Type: "a number"
        case is any RangeReplaceableCollection.Type: "an array"
        default: "an object"
        }
    }
}

extension [any CodingKey] {
    /// The path as users write it, `edits[3].fact.subject`; nil if it is empty.
    package var fieldName: String? {
        var name = ""
        for key in self {
            if let index = key.intValue {
                name += "[\(index)]"
            } else {
                name += name.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return name.isEmpty ? nil : name
    }
}
