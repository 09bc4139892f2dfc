/// Returns `text` with its subject replaced by "X", or nil where the text does not name it.
///
/// The masked form holds the relation alone, so it can be compared across subjects. A text that is
/// nothing but the subject has no relation to show: nil.
package func maskedForm(of text: String, subject: String, aliases: [String] = []) -> String? {
    let words = TextFolding.tokens(text)
    let match = NameMatch(of: [subject] + aliases, in: words)
    guard match.isExact || match.share >= Masking.factShareMin else { return nil }
    guard match.span.count < words.count else { return nil }
    return Masking.replace(match.span, of: words, in: text)
}

/// Finds the words of a text that name something, and replaces them.
enum Masking {
    /// The share of a name that a fact's own text must hold to be masked.
    static let factShareMin = 0.6

    /// Returns `text` with the words of `span` replaced by `mask`; a possessive "'s" stays.
    static func replace(
        _ span: Range<Int>, of words: [FoldedToken], in text: String, by mask: String = "X"
    ) -> String {
        guard let first = words[span].first, let last = words[span].last else { return text }
        return text[..<first.range.lowerBound] + mask + text[last.range.upperBound...]
    }

    /// Returns the words of a question that stand for the matched name, as good as they can be told.
    ///
    /// A partial match grows over the name-like words beside it; without any match it is the longest
    /// run of name-like words; without those it is empty.
    static func span(of match: NameMatch, in words: [FoldedToken]) -> Range<Int> {
        if match.isExact { return match.span }
        if match.share >= NameMatch.shareMin { return grown(match.span, in: words) }
        return longestName(in: words)
    }

    /// Grows a span over the name-like words beside it, never over the first word of the text.
    static func grown(_ span: Range<Int>, in words: [FoldedToken]) -> Range<Int> {
        var (start, end) = (span.lowerBound, span.upperBound)
        while end < words.count, belongs(words[end]), !words[end - 1].isPossessive { end += 1 }
        while start > 1, belongs(words[start - 1]), !words[start - 1].isPossessive { start -= 1 }
        return start..<end
    }

    static func belongs(_ word: FoldedToken) -> Bool {
        word.isNameLike && !WordLists.stop.contains(word.text)
    }

    /// Returns the longest run of name-like words after the first word; one function word may join two.
    static func longestName(in words: [FoldedToken]) -> Range<Int> {
        var best = 0..<0
        var i = 1
        while i < words.count {
            guard belongs(words[i]) else {
                i += 1
                continue
            }
            var last = i
            while last + 1 < words.count, continuesName(at: last + 1, in: words) { last += 1 }
            if last + 1 - i > best.count { best = i..<(last + 1) }
            i = last + 1
        }
        return best
    }

    private static func continuesName(at i: Int, in words: [FoldedToken]) -> Bool {
        if words[i].isNameLike { return true }
        return WordLists.stop.contains(words[i].text) && i + 1 < words.count
            && words[i + 1].isNameLike
    }

    /// A run of words that a question and a statement share.
    struct SharedRun: Sendable, Equatable {
        let question: Range<Int>
        let statement: Range<Int>
        /// How telling the run is: content words count by weight, a quarter if not name-like.
        let weight: Double
    }

    /// Returns the most telling run of words in both texts, for a fact that names no subject.
    static func sharedRun(_ question: [FoldedToken], _ statement: [FoldedToken]) -> SharedRun? {
        var best: SharedRun?
        for i in question.indices where !WordLists.stop.contains(question[i].text) {
            for j in statement.indices where question[i].text == statement[j].text {
                guard !continuesRun(question, i, statement, j) else { continue }
                let run = run(question, from: i, statement, from: j)
                if run.weight > (best?.weight ?? 0) { best = run }
            }
        }
        return best
    }

    /// Whether the words before `i` and `j` already belong to the same run.
    private static func continuesRun(
        _ question: [FoldedToken], _ i: Int, _ statement: [FoldedToken], _ j: Int
    ) -> Bool {
        guard i > 0, j > 0, question[i - 1].text == statement[j - 1].text else { return false }
        return !WordLists.stop.contains(question[i - 1].text)
    }

    private static func run(
        _ question: [FoldedToken], from i: Int, _ statement: [FoldedToken], from j: Int
    ) -> SharedRun {
        var count = 0
        while i + count < question.count, j + count < statement.count,
            question[i + count].text == statement[j + count].text
        {
            count += 1
        }
        while count > 0, WordLists.stop.contains(question[i + count - 1].text) { count -= 1 }
        var weight = 0.0
        for k in 0..<count where !WordLists.stop.contains(question[i + k].text) {
            let isName = statement[j + k].isNameLike && (j + k > 0 || question[i + k].isNameLike)
            weight += NameMatch.weight(of: question[i + k].text) * (isName ? 1 : 0.25)
        }
        return SharedRun(
            question: i..<(i + count), statement: j..<(j + count), weight: weight)
    }
}
