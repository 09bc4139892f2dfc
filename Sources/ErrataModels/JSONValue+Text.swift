extension JSONValue {
    /// The value as JSON, objects and arrays over several lines; numbers as they were written.
    func text(indent: String = "") -> String {
        switch self {
        case .object(let object):
            list(
                object.members.map {
                    "\($0.key.jsonText): \($0.value.text(indent: indent + "  "))"
                }, "{", "}", indent)
        case .array(let items):
            list(items.map { $0.text(indent: indent + "  ") }, "[", "]", indent)
        case .string(let text): text.jsonText
        case .number(let text): text
        case .boolean(let value): value ? "true" : "false"
        case .null: "null"
        }
    }

    private func list(
        _ items: [String], _ open: String, _ close: String, _ indent: String
    ) -> String {
        guard !items.isEmpty else { return open + close }
        let lines = items.map { indent + "  " + $0 }.joined(separator: ",\n")
        return "\(open)\n\(lines)\n\(indent)\(close)"
    }
}

extension String {
    /// The text as a JSON string.
    var jsonText: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case let scalar where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            case let scalar: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
