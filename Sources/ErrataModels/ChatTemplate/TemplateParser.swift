/// Reads the statements of a template.
struct TemplateParser {
    static let depthMax = 32

    private let pieces: [TemplateLexer.Piece]
    private var position = 0
    private var depth = 0

    static func statements(_ source: String) throws(ModelError) -> [TemplateStatement] {
        var parser = TemplateParser(pieces: try TemplateLexer.pieces(source))
        let (statements, end) = try parser.block(until: [])
        if let end { throw ChatTemplate.failure("'\(end.word)' without a start") }
        return statements
    }

    private init(pieces: [TemplateLexer.Piece]) {
        self.pieces = pieces
    }

    /// A tag that ends a block, its word already read.
    private struct End {
        let word: String
        let rest: ExpressionParser
    }

    /// Reads statements up to a tag that starts with one of `ends`, or to the end of the template.
    private mutating func block(
        until ends: Set<String>
    ) throws(ModelError) -> ([TemplateStatement], End?) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw ChatTemplate.failure("statements nested deeper than \(Self.depthMax)")
        }
        var statements: [TemplateStatement] = []
        while position < pieces.count {
            let piece = pieces[position]
            position += 1
            switch piece {
            case .text(let text): statements.append(.text(text))
            case .output(let tokens):
                var parser = ExpressionParser(tokens)
                statements.append(.output(try parser.expression()))
                try parser.expectEnd()
            case .statement(let tokens):
                var parser = ExpressionParser(tokens)
                let word = try parser.name()
                if ends.contains(word) { return (statements, End(word: word, rest: parser)) }
                statements.append(try statement(word, &parser))
            }
        }
        guard ends.isEmpty else {
            throw ChatTemplate.failure("'\(ends.sorted()[0])' is missing at the end")
        }
        return (statements, nil)
    }

    private mutating func statement(
        _ word: String, _ parser: inout ExpressionParser
    ) throws(ModelError) -> TemplateStatement {
        switch word {
        case "if": return try conditional(&parser)
        case "for": return try loop(&parser)
        case "set": return try set(&parser)
        case "generation":
            // Marks what the model said, for training; it prints what is in it.
            try parser.expectEnd()
            let (body, end) = try block(until: ["endgeneration"])
            try end?.rest.expectEnd()
            return .conditional([(nil, body)])
        case "break":
            try parser.expectEnd()
            return .breakLoop
        case "continue":
            try parser.expectEnd()
            return .continueLoop
        case "elif", "else", "endif", "endfor", "endset":
            throw ChatTemplate.failure("'\(word)' without a start")
        default: throw ChatTemplate.unsupported("statement '\(word)'")
        }
    }

    private mutating func conditional(
        _ parser: inout ExpressionParser
    ) throws(ModelError) -> TemplateStatement {
        var branches: [(condition: TemplateExpression?, body: [TemplateStatement])] = []
        var condition: TemplateExpression? = try parser.expression()
        try parser.expectEnd()
        while true {
            let ends: Set<String> = condition == nil ? ["endif"] : ["elif", "else", "endif"]
            let (body, end) = try block(until: ends)
            branches.append((condition, body))
            guard var end = end?.rest, let word = lastWord(pieces[position - 1]) else { break }
            condition = word == "elif" ? try end.expression() : nil
            try end.expectEnd()
            if word == "endif" { break }
        }
        return .conditional(branches)
    }

    private func lastWord(_ piece: TemplateLexer.Piece) -> String? {
        guard case .statement(let tokens) = piece, case .name(let word)? = tokens.first else {
            return nil
        }
        return word
    }

    private mutating func loop(
        _ parser: inout ExpressionParser
    ) throws(ModelError) -> TemplateStatement {
        var names = [try parser.name()]
        while parser.take(",") { names.append(try parser.name()) }
        guard parser.takeWord("in") else { throw parser.unexpected("'in'") }
        let items = try parser.or()
        let condition = parser.takeWord("if") ? try parser.expression() : nil
        if parser.next == .name("recursive") {
            throw ChatTemplate.unsupported("a recursive loop")
        }
        try parser.expectEnd()
        let (body, end) = try block(until: ["else", "endfor"])
        try end?.rest.expectEnd()
        var otherwise: [TemplateStatement] = []
        if end?.word == "else" {
            let (statements, end) = try block(until: ["endfor"])
            try end?.rest.expectEnd()
            otherwise = statements
        }
        return .loop(
            .init(
                names: names, items: items, condition: condition, body: body, otherwise: otherwise))
    }

    private mutating func set(
        _ parser: inout ExpressionParser
    ) throws(ModelError) -> TemplateStatement {
        let name = try parser.name()
        if parser.isAtEnd {
            let (body, end) = try block(until: ["endset"])
            try end?.rest.expectEnd()
            return .capture(name, body)
        }
        if parser.next == .symbol(",") { throw ChatTemplate.unsupported("setting several names") }
        let member = parser.take(".") ? try parser.name() : nil
        try parser.expect("=")
        let value = try parser.expression()
        try parser.expectEnd()
        return member.map { .setMember(name, $0, value) } ?? .set(name, value)
    }
}
