/// What a `Split` or `Replace` looks for.
enum TextPattern: Sendable {
    case literal([UInt8])
    case words(WordPattern)
    /// A character of which something is true, each a match of its own.
    case character(@Sendable (Unicode.Scalar) -> Bool)
    /// Runs of word characters, and runs of what is neither those nor white space: `\w+|[^\w\s]+`.
    case wordsAndSymbols

    /// A part of a text that matches, or one between matches.
    struct Part {
        let range: Range<Int>
        let isMatch: Bool
    }

    /// Returns the matches and what is between them; together they cover the text.
    func parts(of text: Span<UInt8>) -> [Part] {
        var parts: [Part] = []
        var start = 0
        var position = 0
        while position < text.count {
            let end = matchEnd(text, from: position)
            if end > position {
                if start < position { parts.append(Part(range: start..<position, isMatch: false)) }
                parts.append(Part(range: position..<end, isMatch: true))
                position = end
                start = end
            } else {
                position += utf8Length(text[position])
            }
        }
        if start < text.count { parts.append(Part(range: start..<text.count, isMatch: false)) }
        return parts
    }

    /// Returns the end of the match that starts at `start`, or `start` if there is none.
    private func matchEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        switch self {
        case .literal(let literal):
            guard literal.count <= text.count - start else { return start }
            for i in literal.indices where text[start + i] != literal[i] { return start }
            return start + literal.count
        case .words(let pattern): return pattern.end(of: text, from: start)
        case .character(let belongs):
            let (scalar, length) = decodeScalar(text, at: start)
            return belongs(scalar) ? start + length : start
        case .wordsAndSymbols: return wordOrSymbolsEnd(text, from: start)
        }
    }

    private func wordOrSymbolsEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        let first = decodeScalar(text, at: start)
        guard !first.0.properties.isWhitespace else { return start }
        let isWord = first.0.isWordCharacter
        var end = start + first.length
        while end < text.count {
            let (scalar, length) = decodeScalar(text, at: end)
            guard scalar.isWordCharacter == isWord, !scalar.properties.isWhitespace else { break }
            end += length
        }
        return end
    }
}

extension Unicode.Scalar {
    /// `\w` of Rust's regular expressions.
    var isWordCharacter: Bool {
        guard let age = properties.age, age.major <= 16 else { return false }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
            return true
        default: return properties.isAlphabetic || value == 0x200C || value == 0x200D
        }
    }

    /// Of a category of numbers.
    var isNumber: Bool { CharacterClass(self).contains(.number) }
}

/// What becomes of the matches that a text is split at.
enum SplitBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    /// Returns the pieces that the parts of a text become.
    func pieces(_ parts: [TextPattern.Part]) -> [Range<Int>] {
        switch self {
        case .removed: parts.filter { !$0.isMatch }.map(\.range)
        case .isolated: parts.map(\.range)
        case .mergedWithPrevious: Self.joined(parts) { $0.isMatch && !$1 }
        case .mergedWithNext:
            Self.joined(parts.reversed()) { $0.isMatch && !$1 }.reversed()
        case .contiguous: Self.joined(parts) { $0.isMatch == $1 }
        }
    }

    /// Joins a part to the one before where `joins` says so of it and of whether that one matched.
    private static func joined(
        _ parts: [TextPattern.Part], _ joins: (TextPattern.Part, Bool) -> Bool
    ) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var wasMatch = false
        for part in parts {
            if joins(part, wasMatch), let last = pieces.last {
                pieces[pieces.count - 1] =
                    min(
                        last.lowerBound, part.range.lowerBound)..<max(
                        last.upperBound, part.range.upperBound)
            } else {
                pieces.append(part.range)
            }
            wasMatch = part.isMatch
        }
        return pieces
    }
}
