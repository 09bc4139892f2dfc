extension TemplateRun {
    static let filters: Set<String> = [
        "trim", "tojson", "length", "count", "default", "d", "upper", "lower", "first", "last",
        "join", "replace", "list", "string", "int", "items", "reverse", "selectattr", "rejectattr",
        "map", "safe", "abs", "capitalize",
    ]

    func filter(
        _ name: String, _ input: TemplateValue, _ plain: [TemplateValue],
        _ named: [String: TemplateValue]
    ) throws(ModelError) -> TemplateValue {
        try Self.refuseNamed(name, named)
        switch name {
        case "trim":
            let characters = try plain.first.map { value throws(ModelError) in
                try Self.string(value, "what is trimmed")
            }
            return .string(Self.stripped(input.text, characters))
        case "tojson":
            let indent = plain.first ?? named["indent"] ?? .none
            return .string(try input.json(indent: indent.integer))
        case "length", "count": return .integer(try Self.count(input))
        case "default", "d":
            let isFlagged = (plain.count > 1 ? plain[1] : named["boolean"] ?? .boolean(false))
                .isTrue
            let fallback = plain.first ?? named["default_value"] ?? .string("")
            if case .undefined = input { return fallback }
            return isFlagged && !input.isTrue ? fallback : input
        case "upper": return .string(input.text.uppercased())
        case "lower": return .string(input.text.lowercased())
        case "capitalize":
            let first = String(input.text.unicodeScalars.prefix(1)).uppercased()
            let rest = String(String.UnicodeScalarView(input.text.unicodeScalars.dropFirst()))
            return .string(first + rest.lowercased())
        case "string", "safe": return .string(input.text)
        case "join":
            let separator = plain.first ?? named["d"] ?? .string("")
            return .string(try Self.join(try Self.items(of: input), separator.text))
        case "replace":
            guard plain.count == 2 else {
                throw ChatTemplate.failure("'replace' has \(plain.count) arguments")
            }
            return .string(try Self.replaced(input.text, plain[0].text, plain[1].text))
        case "int": return .integer(Self.whole(input) ?? plain.first?.integer ?? 0)
        case "abs":
            return input.number.map { $0 < 0 } == true
                ? try Self.arithmetic("-", .integer(0), input) : input
        default: return try listFilter(name, input, plain, named)
        }
    }

    private static func refuseNamed(
        _ name: String, _ named: [String: TemplateValue]
    ) throws(ModelError) {
        let known = [
            "tojson": ["indent"], "default": ["boolean", "default_value"],
            "d": ["boolean", "default_value"], "join": ["d"], "map": ["attribute"],
        ]
        for key in named.keys.sorted() where known[name]?.contains(key) != true {
            throw ChatTemplate.unsupported("filter '\(name)' with '\(key)'")
        }
    }

    private func listFilter(
        _ name: String, _ input: TemplateValue, _ plain: [TemplateValue],
        _ named: [String: TemplateValue]
    ) throws(ModelError) -> TemplateValue {
        if name == "items" {
            guard case .object(let object) = input else {
                throw ChatTemplate.failure("\(input.kind) has no items")
            }
            return .list(object.members.map { .list([.string($0.key), $0.value]) })
        }
        if name == "reverse", case .string(let text) = input {
            return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
        }
        let items = try Self.items(of: input)
        switch name {
        case "first": return items.first ?? .undefined
        case "last": return items.last ?? .undefined
        case "list": return .list(items)
        case "reverse": return .list(items.reversed())
        case "map":
            guard let key = named["attribute"] else {
                throw ChatTemplate.unsupported("filter 'map' without 'attribute'")
            }
            var result: [TemplateValue] = []
            for item in items { result.append(try Self.item(key, of: item, [])) }
            return .list(result)
        default: return try selected(items, plain, keeps: name == "selectattr")
        }
    }

    private func selected(
        _ items: [TemplateValue], _ arguments: [TemplateValue], keeps: Bool
    ) throws(ModelError) -> TemplateValue {
        guard let key = arguments.first else {
            throw ChatTemplate.failure("'selectattr' needs a name")
        }
        var result: [TemplateValue] = []
        for item in items {
            let value = try Self.item(key, of: item, [])
            var isTrue = value.isTrue
            if arguments.count > 1 {
                let test = try Self.string(arguments[1], "a test")
                guard Self.tests.contains(test) else {
                    throw ChatTemplate.unsupported("test '\(test)'")
                }
                isTrue = try Self.test(test, value, Array(arguments[2...]))
            }
            if isTrue == keeps { result.append(item) }
        }
        return .list(result)
    }

    private static func count(_ value: TemplateValue) throws(ModelError) -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text): return text.unicodeScalars.count
        case .list(let items): return items.count
        case .object(let object): return object.members.count
        default: throw ChatTemplate.failure("\(value.kind) has no length")
        }
    }

    private static func whole(_ value: TemplateValue) -> Int? {
        switch value {
        case .string(let text): Int(stripped(text, nil))
        case .float(let number): Int(exactly: number.rounded(.towardZero))
        default: value.integer
        }
    }
}
