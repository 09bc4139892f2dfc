extension TemplateValue {
    /// Returns JSON as Python's `json.dumps` with `ensure_ascii=False` writes it.
    ///
    /// `indent` is the number of spaces a level, nil for one line.
    func json(indent: Int?) throws(ModelError) -> String {
        var result = ""
        try append(to: &result, indent, level: 0)
        return result
    }

    private func append(
        to result: inout String, _ indent: Int?, level: Int
    ) throws(ModelError) {
        switch self {
        case .undefined, .namespace: throw ChatTemplate.failure("\(kind) cannot be JSON")
        case .none: result += "null"
        case .boolean(let value): result += value ? "true" : "false"
        case .integer, .float: result += text
        case .string(let text): Self.appendString(text, to: &result)
        case .list(let items):
            guard !items.isEmpty else {
                result += "[]"
                return
            }
            result += "["
            for (place, item) in items.enumerated() {
                Self.startItem(place, &result, indent, level + 1)
                try item.append(to: &result, indent, level: level + 1)
            }
            Self.endItems("]", &result, indent, level)
        case .object(let object):
            guard !object.members.isEmpty else {
                result += "{}"
                return
            }
            result += "{"
            for (place, member) in object.members.enumerated() {
                Self.startItem(place, &result, indent, level + 1)
                Self.appendString(member.key, to: &result)
                result += ": "
                try member.value.append(to: &result, indent, level: level + 1)
            }
            Self.endItems("}", &result, indent, level)
        }
    }

    private static func startItem(
        _ place: Int, _ result: inout String, _ indent: Int?, _ level: Int
    ) {
        if let indent {
            result += place > 0 ? ",\n" : "\n"
            result += String(repeating: " ", count: indent * level)
        } else if place > 0 {
            result += ", "
        }
    }

    private static func endItems(
        _ bracket: String, _ result: inout String, _ indent: Int?, _ level: Int
    ) {
        if let indent { result += "\n" + String(repeating: " ", count: indent * level) }
        result += bracket
    }

    private static func appendString(_ text: String, to result: inout String) {
        result += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        result += "\""
    }
}
