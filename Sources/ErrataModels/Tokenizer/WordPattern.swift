/// The regular expressions that cut text into words before byte-pair encoding, as scanners.
///
/// Every alternative of theirs starts at the character at hand and every character starts one, so the
/// words cover the text. A general engine for regular expressions is not built: other expressions are
/// refused by name.
struct WordPattern: Sendable, Equatable {
    /// What a run of letters may start with.
    enum Letters: Sendable {
        /// A space: ` ?\p{L}+`.
        case afterSpace
        /// Anything but newlines and numbers: `[^\r\n\p{L}\p{N}]?\p{L}+`.
        case afterAny
        /// The same, where marks are letters too.
        case afterAnyWithMarks
    }

    let letters: Letters
    /// How many digits a word holds; nil means a run of any length that a space may start.
    let digitCountMax: Int?
    /// Whether contractions are found in either case.
    let foldsCase: Bool
    /// Whether newlines belong to the punctuation before them and end runs of white space.
    let endsAtNewlines: Bool

    /// The pattern of an expression, or nil if it is not one of those known.
    init?(expression: String) {
        guard let known = Self.known[expression] else { return nil }
        self = known
    }

    private init(letters: Letters, digits: Int?, foldsCase: Bool, endsAtNewlines: Bool) {
        self.letters = letters
        digitCountMax = digits
        self.foldsCase = foldsCase
        self.endsAtNewlines = endsAtNewlines
    }

    static let gpt2 = WordPattern(
        letters: .afterSpace, digits: nil, foldsCase: false, endsAtNewlines: false)

    private static let known: [String: WordPattern] = {
        let contractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#
        let letters = #"[^\r\n\p{L}\p{N}]?\p{L}+"#
        let rest = #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        let possessive = #" ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        let three = WordPattern(
            letters: .afterAny, digits: 3, foldsCase: true, endsAtNewlines: true)
        let one = WordPattern(letters: .afterAny, digits: 1, foldsCase: true, endsAtNewlines: true)
        let marks = WordPattern(
            letters: .afterAnyWithMarks, digits: 1, foldsCase: true, endsAtNewlines: true)
        return [
            #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: gpt2,
            "\(contractions)|\(letters)|\\p{N}{1,3}|\(rest)": three,
            "\(contractions)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}|\(possessive)": three,
            "\(contractions)|\(letters)|\\p{N}|\(rest)": one,
            contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|"#
                + #" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#: marks,
        ]
    }()

    /// Returns the end of the word that starts at `start`; `bytes` is UTF-8.
    func end(of bytes: Span<UInt8>, from start: Int) -> Int {
        let first = Character(bytes, start)
        if bytes[start] == UInt8(ascii: "'"), let end = contraction(bytes, after: first.end) {
            return end
        }
        let isLetter = CharacterClass.letter.union(letters == .afterAnyWithMarks ? .mark : [])
        if let end = letterRun(bytes, first, isLetter) { return end }
        if let end = numberRun(bytes, first) { return end }
        if let end = otherRun(bytes, first, isLetter) { return end }
        return spaceRun(bytes, first)
    }

    /// One character of a text.
    struct Character {
        let kind: CharacterClass
        let end: Int

        @inline(__always)
        init(_ bytes: Span<UInt8>, _ start: Int) {
            let lead = bytes[start]
            guard lead >= 0x80 else {
                kind = CharacterClass(Unicode.Scalar(lead))
                end = start + 1
                return
            }
            let (scalar, length) = decodeScalar(bytes, at: start)
            kind = CharacterClass(scalar)
            end = start + length
        }
    }

    private func run(
        _ bytes: Span<UInt8>, from start: Int, _ belongs: (CharacterClass) -> Bool
    ) -> Int {
        var end = start
        while end < bytes.count {
            let character = Character(bytes, end)
            guard belongs(character.kind) else { break }
            end = character.end
        }
        return end
    }

    private func letterRun(
        _ bytes: Span<UInt8>, _ first: Character, _ isLetter: CharacterClass
    ) -> Int? {
        let mayLead =
            letters == .afterSpace
            ? first.end > 0 && bytes[first.end - 1] == UInt8(ascii: " ")
            : first.kind.isDisjoint(with: [.letter, .number, .newline])
        var start = first.end
        if first.kind.isDisjoint(with: isLetter) {
            guard mayLead, start < bytes.count else { return nil }
            let second = Character(bytes, start)
            guard !second.kind.isDisjoint(with: isLetter) else { return nil }
            start = second.end
        }
        return run(bytes, from: start) { !$0.isDisjoint(with: isLetter) }
    }

    private func numberRun(_ bytes: Span<UInt8>, _ first: Character) -> Int? {
        guard let digitCountMax else {
            var start = first.end
            if !first.kind.contains(.number) {
                guard bytes[first.end - 1] == UInt8(ascii: " "), start < bytes.count else {
                    return nil
                }
                let second = Character(bytes, start)
                guard second.kind.contains(.number) else { return nil }
                start = second.end
            }
            return run(bytes, from: start) { $0.contains(.number) }
        }
        guard first.kind.contains(.number) else { return nil }
        var left = digitCountMax - 1
        return run(bytes, from: first.end) {
            guard $0.contains(.number), left > 0 else { return false }
            left -= 1
            return true
        }
    }

    private func otherRun(
        _ bytes: Span<UInt8>, _ first: Character, _ isLetter: CharacterClass
    ) -> Int? {
        let named = isLetter.union([.number, .space])
        var start = first.end
        if !first.kind.isDisjoint(with: named) {
            guard bytes[first.end - 1] == UInt8(ascii: " "), start < bytes.count else { return nil }
            let second = Character(bytes, start)
            guard second.kind.isDisjoint(with: named) else { return nil }
            start = second.end
        }
        let end = run(bytes, from: start) { $0.isDisjoint(with: named) }
        return endsAtNewlines ? run(bytes, from: end) { $0.contains(.newline) } : end
    }

    /// A run of white space: to its last newline, else without its last character if more text follows.
    private func spaceRun(_ bytes: Span<UInt8>, _ first: Character) -> Int {
        var end = first.end
        var lastStart = -1
        var newlineEnd = first.kind.contains(.newline) ? first.end : -1
        while end < bytes.count {
            let character = Character(bytes, end)
            guard character.kind.contains(.space) else { break }
            lastStart = end
            end = character.end
            if character.kind.contains(.newline) { newlineEnd = end }
        }
        if endsAtNewlines, newlineEnd > 0 { return newlineEnd }
        return end < bytes.count && lastStart > 0 ? lastStart : end
    }

    /// Returns the end of 's, 't, 're, 've, 'm, 'll or 'd, whose apostrophe ends at `start`.
    private func contraction(_ bytes: Span<UInt8>, after start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        switch letter(bytes, start) {
        case "s", "t", "m", "d": return start + 1
        case "r", "v":
            return start + 1 < bytes.count && letter(bytes, start + 1) == "e" ? start + 2 : nil
        case "l":
            return start + 1 < bytes.count && letter(bytes, start + 1) == "l" ? start + 2 : nil
        // The long s, U+017F, is an s when case does not matter.
        case "\u{C5}":
            return foldsCase && start + 1 < bytes.count && bytes[start + 1] == 0xBF
                ? start + 2 : nil
        default: return nil
        }
    }

    private func letter(_ bytes: Span<UInt8>, _ place: Int) -> Unicode.Scalar {
        let byte = bytes[place]
        return Unicode.Scalar(foldsCase && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
    }
}

/// Returns the character of valid UTF-8 that starts at `start`, and how many bytes it has.
func decodeScalar(_ bytes: Span<UInt8>, at start: Int) -> (Unicode.Scalar, length: Int) {
    let lead = UInt32(bytes[start])
    let length = min(utf8Length(bytes[start]), bytes.count - start)
    var value = length == 1 ? lead : length == 2 ? lead & 0x1F : length == 3 ? lead & 0xF : lead & 7
    for i in 1..<max(1, length) { value = value << 6 | UInt32(bytes[start + i] & 0x3F) }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
}
