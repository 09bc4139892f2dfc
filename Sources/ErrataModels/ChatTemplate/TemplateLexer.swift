/// A template as text and tags, white space between them already taken away.
///
/// Follows Jinja 3 with `trim_blocks` and `lstrip_blocks`, as transformers sets it: a newline after a tag
/// goes, spaces before a tag that starts its line go, and `-` takes all white space on its side.
struct TemplateLexer {
    enum Piece {
        case text(String)
        /// The tokens between `{{` and `}}`.
        case output([TemplateToken])
        /// The tokens between `{%` and `%}`.
        case statement([TemplateToken])
    }

    private let source: [Unicode.Scalar]
    private var position = 0
    /// Whether what was read last ended a line.
    private var isLineStart = true

    /// Cuts a template into pieces.
    static func pieces(_ template: String) throws(ModelError) -> [Piece] {
        var lexer = TemplateLexer(template)
        return try lexer.pieces()
    }

    private init(_ template: String) {
        var source: [Unicode.Scalar] = []
        for scalar in template.unicodeScalars {
            if scalar == "\n", source.last == "\r" { source.removeLast() }
            if let last = source.last, last == "\r" { source[source.count - 1] = "\n" }
            source.append(scalar)
        }
        if source.last == "\r" { source[source.count - 1] = "\n" }
        // Jinja drops one newline at the end.
        if source.last == "\n" { source.removeLast() }
        self.source = source
    }

    private mutating func pieces() throws(ModelError) -> [Piece] {
        var pieces: [Piece] = []
        while position < source.count {
            let start = position
            while position < source.count, !isTagStart { position += 1 }
            var text = source[start..<position]
            guard position < source.count else {
                pieces.append(.text(Self.string(text)))
                break
            }
            let kind = source[position + 1]
            position += 2
            trim(&text, before: kind)
            if !text.isEmpty { pieces.append(.text(Self.string(text))) }
            switch kind {
            case "#": try skipComment()
            case "{": pieces.append(.output(try tokens(until: "}")))
            default: pieces.append(.statement(try tokens(until: "%")))
            }
        }
        return pieces
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private var isTagStart: Bool {
        guard source[position] == "{", position + 1 < source.count else { return false }
        return ["{", "%", "#"].contains(source[position + 1])
    }

    /// Takes white space from the end of a text before a tag whose two characters were read.
    private mutating func trim(
        _ text: inout ArraySlice<Unicode.Scalar>, before kind: Unicode.Scalar
    ) {
        let sign = position < source.count ? source[position] : " "
        if sign == "-" {
            position += 1
            while let last = text.last, last.properties.isWhitespace { text.removeLast() }
        } else if sign == "+" {
            position += 1
        } else if kind != "{" {
            let line = text.lastIndex(of: "\n").map { $0 + 1 }
            guard let start = line ?? (isLineStart ? text.startIndex : nil) else { return }
            if text[start...].allSatisfy({ $0.properties.isWhitespace }) { text = text[..<start] }
        }
    }

    private mutating func skipComment() throws(ModelError) {
        while position + 1 < source.count {
            if source[position] == "#", source[position + 1] == "}" {
                let sign = source[position - 1]
                position += 2
                endTag(sign: sign, dropsNewline: true)
                return
            }
            position += 1
        }
        throw ChatTemplate.failure("a comment does not end")
    }

    /// Reads what follows a tag: white space after `-`, else a newline after statements and comments.
    private mutating func endTag(sign: Unicode.Scalar, dropsNewline: Bool) {
        let start = position
        if sign == "-" {
            while position < source.count, source[position].properties.isWhitespace {
                position += 1
            }
        } else if dropsNewline, sign != "+", position < source.count, source[position] == "\n" {
            position += 1
        }
        isLineStart = position > start && source[position - 1] == "\n"
    }

    private mutating func tokens(until end: Unicode.Scalar) throws(ModelError) -> [TemplateToken] {
        var tokens: [TemplateToken] = []
        var depth = 0
        while position < source.count {
            let scalar = source[position]
            let next = position + 1 < source.count ? source[position + 1] : " "
            let afterNext = position + 2 < source.count ? source[position + 2] : " "
            if depth == 0, scalar == end, next == "}" {
                position += 2
                endTag(sign: " ", dropsNewline: end == "%")
                return tokens
            }
            if depth == 0, scalar == "-" || scalar == "+", next == end, afterNext == "}" {
                position += 3
                endTag(sign: scalar, dropsNewline: end == "%")
                return tokens
            }
            if scalar.properties.isWhitespace {
                position += 1
                continue
            }
            let token = try TemplateToken.read(source, &position)
            if case .symbol(let symbol) = token {
                if ["(", "[", "{"].contains(symbol) { depth += 1 }
                if [")", "]", "}"].contains(symbol) { depth -= 1 }
            }
            tokens.append(token)
        }
        throw ChatTemplate.failure("a tag does not end")
    }
}
