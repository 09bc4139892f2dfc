/// How well, and where, the words of a text name something.
struct NameMatch: Sendable, Equatable {
    /// The share of the name that the text holds, in [0, 1]; words weigh by how telling they are.
    var share: Double
    /// Whether one of the names stands there word for word.
    var isExact: Bool
    /// The words that were matched, as positions in the text; empty without a match.
    var span: Range<Int>

    static let none = NameMatch(share: 0, isExact: false, span: 0..<0)

    /// The share from which a text is taken to name the thing at all.
    static let shareMin = 0.3

    /// Matches any of `names` against the words of a text; the longest exact match wins.
    ///
    /// A name also counts without what it has in parentheses ("Mercury (planet)"), for a little less.
    init(of names: [String], in text: [FoldedToken]) {
        let candidates = Self.spellings(of: names)
        self = Self.exact(candidates, in: text.map(\.text)) ?? Self.fuzzy(candidates, in: text)
    }

    init(share: Double, isExact: Bool, span: Range<Int>) {
        self.share = share
        self.isExact = isExact
        self.span = span
    }

    private struct Spelling {
        let words: [String]
        let share: Double
    }

    private static func spellings(of names: [String]) -> [Spelling] {
        var result: [Spelling] = []
        for name in names {
            result.append(Spelling(words: TextFolding.nameWords(name), share: 1))
            let bare = withoutParentheses(name)
            if bare != name {
                result.append(Spelling(words: TextFolding.nameWords(bare), share: 0.95))
            }
        }
        return result.filter { !$0.words.isEmpty }
    }

    private static func exact(_ spellings: [Spelling], in text: [String]) -> NameMatch? {
        var best: NameMatch?
        for spelling in spellings where spelling.words.count > (best?.span.count ?? 0) {
            guard let start = position(of: spelling.words, in: text) else { continue }
            let span = start..<(start + spelling.words.count)
            best = NameMatch(share: spelling.share, isExact: true, span: span)
        }
        return best
    }

    private static func fuzzy(_ spellings: [Spelling], in text: [FoldedToken]) -> NameMatch {
        var best = none
        for spelling in spellings {
            let match = fuzzy(spelling.words, in: text)
            if match.share > best.share { best = match }
        }
        return best
    }

    /// Pairs every word of the name with the text's best unused word and keeps the longest run.
    private static func fuzzy(_ name: [String], in text: [FoldedToken]) -> NameMatch {
        var total = 0.0
        var found = 0.0
        var used: Set<Int> = []
        var positions: [Int] = []
        for word in name {
            total += weight(of: word)
            var best = (likeness: 0.0, position: -1)
            for (i, token) in text.enumerated() where !used.contains(i) {
                let likeness = WordLikeness.of(word, token.text)
                if likeness > best.likeness { best = (likeness, i) }
            }
            guard best.position >= 0 else { continue }
            used.insert(best.position)
            found += best.likeness * weight(of: word)
            if !WordLists.stop.contains(word) { positions.append(best.position) }
        }
        guard let run = longestRun(positions) else { return none }
        let share = found / total * Double(run.count) / Double(positions.count)
        return NameMatch(share: share, isExact: false, span: run.span)
    }

    /// Returns the largest group of positions with at most two words between neighbours.
    private static func longestRun(_ positions: [Int]) -> (span: Range<Int>, count: Int)? {
        var best: (span: Range<Int>, count: Int)?
        var current: (span: Range<Int>, count: Int)?
        for position in positions.sorted() {
            if let open = current, position - (open.span.upperBound - 1) <= 3 {
                current = (open.span.lowerBound..<(position + 1), open.count + 1)
            } else {
                current = (position..<(position + 1), 1)
            }
            if let run = current, run.count > (best?.count ?? 0) { best = run }
        }
        return best
    }

    /// How telling a word of a name is: function words and initials are little.
    static func weight(of word: String) -> Double {
        if WordLists.stop.contains(word) { return 0.2 }
        switch word.unicodeScalars.count {
        case 1: return 0.5
        case 2: return 0.7
        default: return 1
        }
    }

    static func position(of needle: [String], in words: [String]) -> Int? {
        guard !needle.isEmpty, needle.count <= words.count else { return nil }
        return (0...(words.count - needle.count)).first { start in
            words[start..<(start + needle.count)].elementsEqual(needle)
        }
    }

    /// Returns the name without its first and further parenthesised parts.
    static func withoutParentheses(_ name: String) -> String {
        var rest = Substring(name)
        var result = ""
        while let open = rest.firstIndex(where: { $0 == "(" || $0 == "（" }),
            let close = rest[open...].firstIndex(where: { $0 == ")" || $0 == "）" })
        {
            result += rest[..<open]
            while result.last?.isWhitespace == true { result.removeLast() }
            rest = rest[rest.index(after: close)...]
        }
        let joined = Substring(result + rest)
        let start = joined.firstIndex { !$0.isWhitespace } ?? joined.endIndex
        let end = joined.lastIndex { !$0.isWhitespace }.map(joined.index(after:)) ?? start
        return String(joined[start..<end])
    }
}
