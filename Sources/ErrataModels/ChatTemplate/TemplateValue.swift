/// A value of a template, as Python sees it.
package enum TemplateValue: Sendable {
    case undefined
    case none
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case list([TemplateValue])
    case object(TemplateObject)
    /// One of the namespaces of a run, by its number.
    case namespace(Int)

    /// Members in their order, the keys all different.
    package struct TemplateObject: Sendable {
        package private(set) var members: [(key: String, value: TemplateValue)] = []
        private var places: [[UInt8]: Int] = [:]

        package init(_ members: [(key: String, value: TemplateValue)]) {
            for (key, value) in members { self[key] = value }
        }

        /// The value of a member; keys are compared as bytes.
        package subscript(key: String) -> TemplateValue? {
            get { places[Array(key.utf8)].map { members[$0].value } }
            set {
                guard let newValue else { return }
                if let place = places[Array(key.utf8)] {
                    members[place].value = newValue
                } else {
                    places[Array(key.utf8)] = members.count
                    members.append((key, newValue))
                }
            }
        }
    }

    package init(_ json: JSONValue) {
        switch json {
        case .object(let object):
            self = .object(
                TemplateObject(object.members.map { ($0.key, TemplateValue($0.value)) }))
        case .array(let items): self = .list(items.map { TemplateValue($0) })
        case .string(let text): self = .string(text)
        case .number(let text):
            self = Int(text).map { .integer($0) } ?? .float(Double(text) ?? .nan)
        case .boolean(let value): self = .boolean(value)
        case .null: self = .none
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let items): !items.isEmpty
        case .object(let object): !object.members.isEmpty
        case .namespace: true
        }
    }

    /// What messages call this kind of value.
    var kind: String {
        switch self {
        case .undefined: "an undefined value"
        case .none: "none"
        case .boolean: "a boolean"
        case .integer, .float: "a number"
        case .string: "a string"
        case .list: "a list"
        case .object: "a mapping"
        case .namespace: "a namespace"
        }
    }

    /// A number; booleans count as 0 and 1, as in Python.
    var number: Double? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    var integer: Int? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    /// Python's `==`.
    func equals(_ other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): true
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)): a.elementsEqual(b) { $0.equals($1) }
        case (.object(let a), .object(let b)):
            a.members.count == b.members.count
                && a.members.allSatisfy { member in
                    b[member.key].map { $0.equals(member.value) } ?? false
                }
        case (.integer(let a), .integer(let b)): a == b
        default: number.flatMap { a in other.number.map { a == $0 } } ?? false
        }
    }

    /// Python's `str`.
    var text: String {
        switch self {
        case .undefined: ""
        case .string(let text): text
        default: representation
        }
    }

    /// Python's `repr`, for what templates print.
    private var representation: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .float(let value): "\(value)"
        case .string(let text): Self.quoted(text)
        case .list(let items): "[" + items.map(\.representation).joined(separator: ", ") + "]"
        case .object(let object):
            "{"
                + object.members.map { "\(Self.quoted($0.key)): \($0.value.representation)" }
                .joined(separator: ", ") + "}"
        case .namespace: "<Namespace>"
        }
    }

    private static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        var result = String.UnicodeScalarView([quote])
        for scalar in scalars {
            switch scalar {
            case "\\": result += "\\\\".unicodeScalars
            case "\n": result += "\\n".unicodeScalars
            case "\r": result += "\\r".unicodeScalars
            case "\t": result += "\\t".unicodeScalars
            case quote: result += ["\\", quote]
            default: result.append(scalar)
            }
        }
        result.append(quote)
        return String(result)
    }
}
