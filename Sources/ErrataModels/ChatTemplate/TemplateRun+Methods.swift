extension TemplateRun {
    static let methods: Set<String> = [
        "strip", "lstrip", "rstrip", "split", "startswith", "endswith", "replace", "upper", "lower",
        "items", "keys", "values", "get", "join", "find", "removeprefix", "removesuffix",
    ]

    static func method(
        _ name: String, of base: TemplateValue, _ arguments: [TemplateValue]
    ) throws(ModelError) -> TemplateValue {
        switch base {
        case .string(let text): return try method(name, of: text, arguments)
        case .object(let object): return try method(name, of: object, arguments)
        default: throw ChatTemplate.failure("\(base.kind) has no method '\(name)'")
        }
    }

    private static func method(
        _ name: String, of object: TemplateValue.TemplateObject, _ arguments: [TemplateValue]
    ) throws(ModelError) -> TemplateValue {
        switch name {
        case "items":
            return .list(object.members.map { .list([.string($0.key), $0.value]) })
        case "keys": return .list(object.members.map { .string($0.key) })
        case "values": return .list(object.members.map(\.value))
        case "get":
            guard let key = arguments.first else {
                throw ChatTemplate.failure("'get' needs a key")
            }
            return object[try string(key, "a key")] ?? (arguments.count > 1 ? arguments[1] : .none)
        default: throw ChatTemplate.failure("a mapping has no method '\(name)'")
        }
    }

    private static func method(
        _ name: String, of text: String, _ arguments: [TemplateValue]
    ) throws(ModelError) -> TemplateValue {
        switch name {
        case "strip", "lstrip", "rstrip":
            let characters = try arguments.first.flatMap { argument throws(ModelError) in
                if case .none = argument { return String?.none }
                return try string(argument, "what is stripped")
            }
            return .string(
                stripped(text, characters, left: name != "rstrip", right: name != "lstrip"))
        case "upper": return .string(text.uppercased())
        case "lower": return .string(text.lowercased())
        case "split": return .list(try split(text, arguments).map { .string($0) })
        case "join":
            guard let list = arguments.first else {
                throw ChatTemplate.failure("'join' needs a list")
            }
            return .string(try join(try items(of: list), text))
        case "items", "keys", "values", "get":
            throw ChatTemplate.failure("a string has no method '\(name)'")
        default: break
        }
        var texts: [String] = []
        for argument in arguments { texts.append(try string(argument, "an argument of '\(name)'")) }
        guard texts.count == (name == "replace" ? 2 : 1) else {
            throw ChatTemplate.failure("'\(name)' has \(texts.count) arguments")
        }
        return try search(name, in: text, texts)
    }

    private static func search(
        _ name: String, in text: String, _ arguments: [String]
    ) throws(ModelError) -> TemplateValue {
        let part = arguments[0].utf8
        let starts = text.utf8.starts(with: part)
        let ends = text.utf8.reversed().starts(with: part.reversed())
        switch name {
        case "startswith": return .boolean(starts)
        case "endswith": return .boolean(ends)
        case "removeprefix":
            return .string(
                starts
                    ? String(text.unicodeScalars.dropFirst(arguments[0].unicodeScalars.count))
                    : text)
        case "removesuffix":
            return .string(
                ends
                    ? String(text.unicodeScalars.dropLast(arguments[0].unicodeScalars.count)) : text
            )
        case "find":
            guard let place = find(arguments[0], in: text[...].utf8) else { return .integer(-1) }
            return .integer(text.unicodeScalars[..<place.lowerBound].count)
        default: return .string(try replaced(text, arguments[0], arguments[1]))
        }
    }

    static func replaced(_ text: String, _ old: String, _ new: String) throws(ModelError) -> String
    {
        guard !old.isEmpty else { throw ChatTemplate.unsupported("replacing an empty text") }
        return try join(pieces(of: text, separator: old, countMax: .max).map { .string($0) }, new)
    }

    static func join(_ items: [TemplateValue], _ separator: String) throws(ModelError) -> String {
        var result = ""
        for (place, item) in items.enumerated() {
            if place > 0 { result += separator }
            result += item.text
            try check(result)
        }
        return result
    }

    /// White space that Python's `strip` and `split` know.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }

    static func stripped(
        _ text: String, _ characters: String?, left: Bool = true, right: Bool = true
    ) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        var scalars = text.unicodeScalars[...]
        func goes(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
        if left { scalars = scalars.drop(while: goes) }
        while right, let last = scalars.last, goes(last) { scalars.removeLast() }
        return String(scalars)
    }

    private static func split(
        _ text: String, _ arguments: [TemplateValue]
    ) throws(ModelError) -> [String] {
        var separator: String?
        if let first = arguments.first {
            if case .none = first {
            } else {
                separator = try string(first, "a separator")
            }
        }
        let countMax = arguments.count > 1 ? arguments[1].integer ?? -1 : -1
        guard let separator else {
            guard countMax < 0 else {
                throw ChatTemplate.unsupported("'split' at white space with a limit")
            }
            return text.unicodeScalars.split(whereSeparator: isSpace).map { String($0) }
        }
        guard !separator.isEmpty else { throw ChatTemplate.failure("an empty separator") }
        return pieces(of: text, separator: separator, countMax: countMax < 0 ? .max : countMax)
    }

    private static func pieces(of text: String, separator: String, countMax: Int) -> [String] {
        var pieces: [String] = []
        var rest = text[...].utf8
        while pieces.count < countMax, let place = find(separator, in: rest) {
            pieces.append(String(decoding: rest[..<place.lowerBound], as: UTF8.self))
            rest = rest[place.upperBound...]
        }
        pieces.append(String(decoding: rest, as: UTF8.self))
        return pieces
    }
}
