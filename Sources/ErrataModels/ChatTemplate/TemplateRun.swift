/// One run of a template.
struct TemplateRun {
    /// What a loop is told by a statement in it.
    private enum Flow {
        case next, breakLoop, continueLoop
    }

    static let functions: Set<String> = ["namespace", "range", "raise_exception", "dict"]

    /// Names, the innermost loop's last.
    private var scopes: [[String: TemplateValue]]
    private var namespaces: [TemplateValue.TemplateObject] = []
    /// The output, and above it what is captured.
    private var outputs = [""]
    private var stepCount = 0

    init(_ values: [String: TemplateValue]) {
        scopes = [values]
    }

    mutating func output(of statements: [TemplateStatement]) throws(ModelError) -> String {
        _ = try run(statements)
        return outputs[0]
    }

    private mutating func step() throws(ModelError) {
        stepCount += 1
        guard stepCount <= ChatTemplate.stepCountMax else {
            throw ModelError(
                .limit, "chat template: more than \(ChatTemplate.stepCountMax) steps")
        }
    }

    private mutating func write(_ text: String) throws(ModelError) {
        outputs[outputs.count - 1] += text
        try Self.check(outputs[outputs.count - 1])
    }

    /// Throws if a text is longer than any may be.
    static func check(_ text: String) throws(ModelError) {
        guard text.utf8.count <= ChatTemplate.outputByteCountMax else {
            throw ModelError(
                .limit,
                "chat template: a text of more than \(ChatTemplate.outputByteCountMax) bytes")
        }
    }

    private mutating func run(_ statements: [TemplateStatement]) throws(ModelError) -> Flow {
        for statement in statements {
            try step()
            switch statement {
            case .text(let text): try write(text)
            case .output(let expression): try write(try value(expression).text)
            case .conditional(let branches):
                let flow = try run(branches)
                if flow != .next { return flow }
            case .loop(let loop): try run(loop)
            case .set(let name, let expression):
                scopes[scopes.count - 1][name] = try value(expression)
            case .setMember(let name, let member, let expression):
                guard case .namespace(let place) = lookup(name) else {
                    throw ChatTemplate.failure("'\(name)' is not a namespace")
                }
                namespaces[place][member] = try value(expression)
            case .capture(let name, let body):
                outputs.append("")
                let flow = try run(body)
                scopes[scopes.count - 1][name] = .string(outputs.removeLast())
                if flow != .next { return flow }
            case .breakLoop: return .breakLoop
            case .continueLoop: return .continueLoop
            }
        }
        return .next
    }

    private mutating func run(
        _ branches: [(condition: TemplateExpression?, body: [TemplateStatement])]
    ) throws(ModelError) -> Flow {
        for branch in branches {
            guard let condition = branch.condition else { return try run(branch.body) }
            if try value(condition).isTrue { return try run(branch.body) }
        }
        return .next
    }

    private mutating func run(_ loop: TemplateStatement.Loop) throws(ModelError) {
        var items = try Self.items(of: try value(loop.items))
        scopes.append([:])
        defer { scopes.removeLast() }
        if let condition = loop.condition {
            var kept: [TemplateValue] = []
            for item in items {
                try bind(item, to: loop.names)
                if try value(condition).isTrue { kept.append(item) }
            }
            items = kept
        }
        if items.isEmpty { _ = try run(loop.otherwise) }
        for (place, item) in items.enumerated() {
            try step()
            scopes[scopes.count - 1] = [
                "loop": Self.loopValue(place, items.count, items)
            ]
            try bind(item, to: loop.names)
            if try run(loop.body) == .breakLoop { break }
        }
    }

    private static func loopValue(
        _ place: Int, _ count: Int, _ items: [TemplateValue]
    ) -> TemplateValue {
        .object(
            .init([
                ("index", .integer(place + 1)), ("index0", .integer(place)),
                ("first", .boolean(place == 0)), ("last", .boolean(place == count - 1)),
                ("length", .integer(count)), ("revindex", .integer(count - place)),
                ("revindex0", .integer(count - place - 1)),
                ("previtem", place > 0 ? items[place - 1] : .undefined),
                ("nextitem", place + 1 < count ? items[place + 1] : .undefined),
            ]))
    }

    private mutating func bind(_ item: TemplateValue, to names: [String]) throws(ModelError) {
        guard names.count > 1 else {
            scopes[scopes.count - 1][names[0]] = item
            return
        }
        guard case .list(let parts) = item, parts.count == names.count else {
            throw ChatTemplate.failure("\(item.kind) is not \(names.count) values")
        }
        for (name, part) in zip(names, parts) { scopes[scopes.count - 1][name] = part }
    }

    /// Returns what a loop over a value visits.
    static func items(of value: TemplateValue) throws(ModelError) -> [TemplateValue] {
        switch value {
        case .undefined: return []
        case .list(let items): return items
        case .object(let object): return object.members.map { .string($0.key) }
        case .string(let text): return text.unicodeScalars.map { .string(String($0)) }
        default: throw ChatTemplate.failure("cannot loop over \(value.kind)")
        }
    }

    private func lookup(_ name: String) -> TemplateValue {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return .undefined
    }

    mutating func value(_ expression: TemplateExpression) throws(ModelError) -> TemplateValue {
        try step()
        switch expression {
        case .literal(let value): return value
        case .name(let name): return lookup(name)
        case .list(let items): return .list(try values(items))
        case .object(let members):
            var object = TemplateValue.TemplateObject([])
            for member in members {
                object[try Self.string(try value(member.key), "a key")] = try value(member.value)
            }
            return .object(object)
        case .member(let base, let name): return try member(name, of: try value(base))
        case .item(let base, let index):
            return try Self.item(try value(index), of: try value(base), namespaces)
        case .slice(let base, let bounds): return try slice(base, bounds)
        case .call(let name, let arguments): return try call(name, arguments)
        case .method(let base, let name, let arguments):
            let plain = try values(arguments.plain)
            guard arguments.named.isEmpty else {
                throw ChatTemplate.unsupported("method '\(name)' with named arguments")
            }
            return try Self.method(name, of: try value(base), plain)
        case .filter(let base, let name, let arguments):
            let input = try value(base)
            return try filter(name, input, try values(arguments.plain), try named(arguments))
        case .test(let base, let name, let arguments):
            return .boolean(
                try Self.test(name, try value(base), try values(arguments.plain)))
        case .not(let value): return .boolean(try !self.value(value).isTrue)
        case .negative(let value):
            return try Self.arithmetic("-", .integer(0), try self.value(value))
        case .and(let left, let right):
            let left = try value(left)
            return left.isTrue ? try value(right) : left
        case .or(let left, let right):
            let left = try value(left)
            return left.isTrue ? left : try value(right)
        case .arithmetic(let symbol, let left, let right):
            return try Self.arithmetic(symbol, try value(left), try value(right))
        case .comparison(let left, let rest): return try comparison(left, rest)
        case .conditional(let value, let condition, let otherwise):
            if try self.value(condition).isTrue { return try self.value(value) }
            return try otherwise.map { expression throws(ModelError) in
                try self.value(expression)
            } ?? .undefined
        }
    }

    private mutating func values(
        _ expressions: [TemplateExpression]
    ) throws(ModelError) -> [TemplateValue] {
        var values: [TemplateValue] = []
        for expression in expressions { values.append(try value(expression)) }
        return values
    }

    private mutating func named(
        _ arguments: TemplateExpression.Arguments
    ) throws(ModelError) -> [String: TemplateValue] {
        var values: [String: TemplateValue] = [:]
        for argument in arguments.named { values[argument.name] = try value(argument.value) }
        return values
    }

    private func member(_ name: String, of value: TemplateValue) throws(ModelError) -> TemplateValue
    {
        switch value {
        case .object(let object): return object[name] ?? .undefined
        case .namespace(let place): return namespaces[place][name] ?? .undefined
        case .undefined: throw ChatTemplate.failure("'\(name)' of an undefined value")
        default: return .undefined
        }
    }

    private mutating func slice(
        _ base: TemplateExpression, _ bounds: [TemplateExpression?]
    ) throws(ModelError) -> TemplateValue {
        let base = try value(base)
        var numbers: [Int?] = [nil, nil, nil]
        for (place, bound) in bounds.enumerated() {
            guard let bound else { continue }
            let value = try value(bound)
            if case .none = value { continue }
            guard let number = value.integer else {
                throw ChatTemplate.failure("a slice bound is \(value.kind)")
            }
            numbers[place] = number
        }
        return try Self.slice(base, numbers)
    }

    private mutating func comparison(
        _ left: TemplateExpression, _ rest: [(symbol: String, value: TemplateExpression)]
    ) throws(ModelError) -> TemplateValue {
        var left = try value(left)
        for part in rest {
            let right = try value(part.value)
            guard try Self.compares(left, part.symbol, right) else { return .boolean(false) }
            left = right
        }
        return .boolean(true)
    }

    private mutating func call(
        _ name: String, _ arguments: TemplateExpression.Arguments
    ) throws(ModelError) -> TemplateValue {
        let plain = try values(arguments.plain)
        var object = TemplateValue.TemplateObject([])
        for argument in arguments.named { object[argument.name] = try value(argument.value) }
        switch name {
        case "raise_exception":
            throw ModelError(
                .malformed, "chat template: \(plain.first?.text ?? "raise_exception was called")")
        case "namespace":
            namespaces.append(object)
            return .namespace(namespaces.count - 1)
        case "dict": return .object(object)
        default: return try Self.range(plain)
        }
    }

    private static func range(_ arguments: [TemplateValue]) throws(ModelError) -> TemplateValue {
        let numbers = arguments.compactMap(\.integer)
        guard (1...3).contains(numbers.count), numbers.count == arguments.count,
            numbers.count < 3 || numbers[2] != 0
        else { throw ChatTemplate.failure("'range' needs one to three whole numbers") }
        let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        var items: [TemplateValue] = []
        for number in stride(from: start, to: end, by: numbers.count == 3 ? numbers[2] : 1) {
            guard items.count < ChatTemplate.rangeCountMax else {
                throw ModelError(
                    .limit,
                    "chat template: a range of more than \(ChatTemplate.rangeCountMax) numbers")
            }
            items.append(.integer(number))
        }
        return .list(items)
    }
}
