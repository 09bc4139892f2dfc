/// Reads an expression from the tokens of a tag, by Jinja's precedence.
struct ExpressionParser {
    static let depthMax = 64

    private let tokens: [TemplateToken]
    private var position = 0
    private var depth = 0

    init(_ tokens: some Sequence<TemplateToken>) {
        self.tokens = Array(tokens)
    }

    /// Whether all tokens were read.
    var isAtEnd: Bool { position == tokens.count }

    var next: TemplateToken? { isAtEnd ? nil : tokens[position] }

    mutating func take(_ symbol: String) -> Bool {
        guard next == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    mutating func takeWord(_ word: String) -> Bool {
        guard next == .name(word) else { return false }
        position += 1
        return true
    }

    mutating func name() throws(ModelError) -> String {
        guard case .name(let name)? = next else { throw unexpected("a name") }
        position += 1
        return name
    }

    mutating func expect(_ symbol: String) throws(ModelError) {
        guard take(symbol) else { throw unexpected("'\(symbol)'") }
    }

    func expectEnd() throws(ModelError) {
        guard isAtEnd else { throw unexpected("the end of the tag") }
    }

    func unexpected(_ expected: String) -> ModelError {
        let found = next.map { "\($0)" } ?? "the end of the tag"
        return ChatTemplate.failure("expected \(expected), found \(found.prefix(80))")
    }

    mutating func expression() throws(ModelError) -> TemplateExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw ChatTemplate.failure("expressions nested deeper than \(Self.depthMax)")
        }
        var result = try or()
        while takeWord("if") {
            let condition = try or()
            let otherwise = takeWord("else") ? try expression() : nil
            result = .conditional(result, when: condition, otherwise: otherwise)
        }
        return result
    }

    /// Reads an expression that a following `if` does not belong to.
    mutating func or() throws(ModelError) -> TemplateExpression {
        var left = try and()
        while takeWord("or") { left = .or(left, try and()) }
        return left
    }

    private mutating func and() throws(ModelError) -> TemplateExpression {
        var left = try not()
        while takeWord("and") { left = .and(left, try not()) }
        return left
    }

    private mutating func not() throws(ModelError) -> TemplateExpression {
        var count = 0
        while takeWord("not") { count += 1 }
        var result = try comparison()
        // Two are one too few to matter, but they make a boolean.
        for _ in 0..<min(count, 2 + count % 2) { result = .not(result) }
        return result
    }

    private mutating func comparison() throws(ModelError) -> TemplateExpression {
        let left = try sum()
        var rest: [(symbol: String, value: TemplateExpression)] = []
        while let symbol = comparisonOperator() { rest.append((symbol, try sum())) }
        return rest.isEmpty ? left : .comparison(left, rest)
    }

    private mutating func comparisonOperator() -> String? {
        for symbol in ["==", "!=", "<", ">", "<=", ">="] where take(symbol) { return symbol }
        if takeWord("in") { return "in" }
        if next == .name("not"), position + 1 < tokens.count, tokens[position + 1] == .name("in") {
            position += 2
            return "not in"
        }
        return nil
    }

    private mutating func sum() throws(ModelError) -> TemplateExpression {
        var left = try concatenation()
        while true {
            guard let symbol = ["+", "-"].first(where: { next == .symbol($0) }) else { return left }
            position += 1
            left = .arithmetic(symbol, left, try concatenation())
        }
    }

    private mutating func concatenation() throws(ModelError) -> TemplateExpression {
        var left = try product()
        while take("~") { left = .arithmetic("~", left, try product()) }
        return left
    }

    private mutating func product() throws(ModelError) -> TemplateExpression {
        var left = try unary(filters: true)
        while true {
            if next == .symbol("**") { throw ChatTemplate.unsupported("operator '**'") }
            guard let symbol = ["*", "/", "//", "%"].first(where: { next == .symbol($0) }) else {
                return left
            }
            position += 1
            left = .arithmetic(symbol, left, try unary(filters: true))
        }
    }

    private mutating func unary(filters: Bool) throws(ModelError) -> TemplateExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw ChatTemplate.failure("expressions nested deeper than \(Self.depthMax)")
        }
        var result: TemplateExpression
        if take("-") {
            result = .negative(try unary(filters: false))
        } else if take("+") {
            result = try unary(filters: false)
        } else {
            result = try postfix(try primary())
        }
        return filters ? try filtered(result) : result
    }

    private mutating func primary() throws(ModelError) -> TemplateExpression {
        switch next {
        case .name(let name)?:
            position += 1
            return try named(name)
        case .string(var text)?:
            position += 1
            while case .string(let more)? = next {
                text += more
                position += 1
            }
            return .literal(.string(text))
        case .integer(let value)?:
            position += 1
            return .literal(.integer(value))
        case .float(let value)?:
            position += 1
            return .literal(.float(value))
        case .symbol("(")?:
            position += 1
            let result = try expression()
            if next == .symbol(",") { throw ChatTemplate.unsupported("a tuple") }
            try expect(")")
            return result
        case .symbol("[")?:
            position += 1
            return .list(try items(until: "]"))
        case .symbol("{")?:
            position += 1
            return try object()
        default: throw unexpected("an expression")
        }
    }

    private mutating func named(_ name: String) throws(ModelError) -> TemplateExpression {
        switch name {
        case "true", "True": return .literal(.boolean(true))
        case "false", "False": return .literal(.boolean(false))
        case "none", "None": return .literal(.none)
        default: break
        }
        guard take("(") else { return .name(name) }
        guard TemplateRun.functions.contains(name) else {
            throw ChatTemplate.unsupported("function '\(name)'")
        }
        return .call(name, try arguments())
    }

    private mutating func items(until end: String) throws(ModelError) -> [TemplateExpression] {
        var items: [TemplateExpression] = []
        while !take(end) {
            items.append(try expression())
            guard take(",") else {
                try expect(end)
                break
            }
        }
        return items
    }

    private mutating func object() throws(ModelError) -> TemplateExpression {
        var members: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !take("}") {
            let key = try expression()
            try expect(":")
            members.append((key, try expression()))
            guard take(",") else {
                try expect("}")
                break
            }
        }
        return .object(members)
    }

    private mutating func arguments() throws(ModelError) -> TemplateExpression.Arguments {
        var result = TemplateExpression.Arguments()
        while !take(")") {
            if case .name(let name)? = next, position + 1 < tokens.count,
                tokens[position + 1] == .symbol("=")
            {
                position += 2
                result.named.append((name, try expression()))
            } else {
                result.plain.append(try expression())
            }
            guard take(",") else {
                try expect(")")
                break
            }
        }
        return result
    }

    private mutating func postfix(
        _ start: TemplateExpression
    ) throws(ModelError) -> TemplateExpression {
        var result = start
        while true {
            if take(".") {
                if case .integer(let place)? = next {
                    position += 1
                    result = .item(result, .literal(.integer(place)))
                    continue
                }
                let name = try name()
                if take("(") {
                    guard TemplateRun.methods.contains(name) else {
                        throw ChatTemplate.unsupported("method '\(name)'")
                    }
                    result = .method(result, name, try arguments())
                } else {
                    result = .member(result, name)
                }
            } else if take("[") {
                result = try subscripted(result)
            } else {
                return result
            }
        }
    }

    private mutating func subscripted(
        _ value: TemplateExpression
    ) throws(ModelError) -> TemplateExpression {
        var parts: [TemplateExpression?] = [nil]
        var isSlice = false
        while !take("]") {
            if take(":") {
                isSlice = true
                parts.append(nil)
            } else {
                guard parts[parts.count - 1] == nil else { throw unexpected("']'") }
                parts[parts.count - 1] = try expression()
            }
        }
        guard parts.count <= 3 else { throw unexpected("']'") }
        if isSlice { return .slice(value, parts) }
        guard let index = parts[0] else { throw unexpected("an expression") }
        return .item(value, index)
    }

    private mutating func filtered(
        _ start: TemplateExpression
    ) throws(ModelError) -> TemplateExpression {
        var result = start
        while true {
            if take("|") {
                let name = try name()
                guard TemplateRun.filters.contains(name) else {
                    throw ChatTemplate.unsupported("filter '\(name)'")
                }
                let arguments = take("(") ? try arguments() : .init()
                result = try postfix(.filter(result, name, arguments))
            } else if takeWord("is") {
                result = try test(result)
            } else {
                return result
            }
        }
    }

    private mutating func test(
        _ value: TemplateExpression
    ) throws(ModelError) -> TemplateExpression {
        let isNegated = takeWord("not")
        let name = try name()
        guard TemplateRun.tests.contains(name) else {
            throw ChatTemplate.unsupported("test '\(name)'")
        }
        var arguments = TemplateExpression.Arguments()
        if take("(") {
            arguments = try self.arguments()
        } else if startsArgument {
            arguments.plain = [try postfix(try primary())]
        }
        let result = TemplateExpression.test(value, name, arguments)
        return isNegated ? .not(result) : result
    }

    /// Whether what follows a test is its argument, not the rest of the expression.
    private var startsArgument: Bool {
        switch next {
        case .name(let name)?: !["else", "or", "and", "is", "if", "in", "not"].contains(name)
        case .string?, .integer?, .float?, .symbol("[")?, .symbol("{")?: true
        default: false
        }
    }
}
