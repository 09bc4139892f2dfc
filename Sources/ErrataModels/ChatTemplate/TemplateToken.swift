/// A word, literal or symbol inside a tag.
enum TemplateToken: Equatable {
    case name(String)
    case string(String)
    case integer(Int)
    case float(Double)
    case symbol(String)

    private static let symbols = [
        "==", "!=", "<=", ">=", "//", "**", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|", "~",
        "+", "-", "*", "/", "%", "<", ">", "=",
    ].map { (text: $0, scalars: Array($0.unicodeScalars)) }

    /// Reads the token at `position`, which is not white space.
    static func read(
        _ source: [Unicode.Scalar], _ position: inout Int
    ) throws(ModelError) -> TemplateToken {
        let first = source[position]
        if first == "'" || first == "\"" { return try string(source, &position) }
        if isDigit(first) { return try number(source, &position) }
        if isNameStart(first) {
            let start = position
            while position < source.count,
                isNameStart(source[position]) || isDigit(source[position])
            {
                position += 1
            }
            return .name(text(source[start..<position]))
        }
        for symbol in symbols where source[position...].starts(with: symbol.scalars) {
            position += symbol.scalars.count
            return .symbol(symbol.text)
        }
        throw ChatTemplate.failure("unexpected character '\(first)'")
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private static func number(
        _ source: [Unicode.Scalar], _ position: inout Int
    ) throws(ModelError) -> TemplateToken {
        let start = position
        while position < source.count, isDigit(source[position]) { position += 1 }
        var isFloat = false
        if position + 1 < source.count, source[position] == ".", isDigit(source[position + 1]) {
            isFloat = true
            position += 1
            while position < source.count, isDigit(source[position]) { position += 1 }
        }
        let digits = text(source[start..<position])
        if isFloat, let value = Double(digits) { return .float(value) }
        guard let value = Int(digits) else {
            throw ChatTemplate.failure("the number \(digits.prefix(40)) is too large")
        }
        return .integer(value)
    }

    private static func string(
        _ source: [Unicode.Scalar], _ position: inout Int
    ) throws(ModelError) -> TemplateToken {
        let quote = source[position]
        position += 1
        var content: [Unicode.Scalar] = []
        while position < source.count {
            let scalar = source[position]
            position += 1
            if scalar == quote { return .string(text(content)) }
            if scalar == "\\", position < source.count {
                try appendEscape(source, &position, to: &content)
            } else {
                content.append(scalar)
            }
        }
        throw ChatTemplate.failure("a string does not end")
    }

    private static func appendEscape(
        _ source: [Unicode.Scalar], _ position: inout Int, to content: inout [Unicode.Scalar]
    ) throws(ModelError) {
        let scalar = source[position]
        position += 1
        switch scalar {
        case "n": content.append("\n")
        case "t": content.append("\t")
        case "r": content.append("\r")
        case "\\", "'", "\"": content.append(scalar)
        case "x", "u", "U":
            let count = scalar == "x" ? 2 : scalar == "u" ? 4 : 8
            let digits = text(source[position...].prefix(count))
            guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: 16),
                let character = Unicode.Scalar(value)
            else { throw ChatTemplate.failure("bad escape '\\\(scalar)'") }
            position += count
            content.append(character)
        case "a", "b", "f", "v", "N", "0"..."7", "\n":
            throw ModelError(
                .unsupported, "chat template: escape '\\\(scalar)' is not supported")
        default: content += ["\\", scalar]
        }
    }
}
