/// What the reader is shown of a fact for one question: the statement, in the question's own names.
///
/// If the question names an alias of the subject and not the subject, the alias stands in the
/// subject's place; if it is one of the fact's questions, the text is that question and the object.
package struct ReadingText: Sendable, Equatable {
    package let text: String
    /// Whether the question is the fact's own prompt or one of its questions, word for word.
    package let isOwnPhrasing: Bool
    /// How the text's bytes map to the statement's; nil for a text that is not the statement's.
    private let origin: Origin?

    private struct Origin: Equatable {
        /// The bytes of the statement that were replaced; empty if none were.
        let replaced: Range<Int>
        /// How many bytes stand in their place.
        let byteCount: Int
    }

    package init(of fact: ScopeFact, for question: [FoldedToken]) {
        let words = question.map(\.text)
        isOwnPhrasing =
            fact.object != nil && !words.isEmpty
            && ([fact.prompt].compactMap(\.self) + fact.questions)
                .contains { TextFolding.words($0) == words }
        if let object = fact.object,
            let asked = fact.questions.first(where: { TextFolding.words($0) == words })
        {
            (text, origin) = (asked + " " + object, nil)
        } else if let alias = Self.alias(of: fact, namedBy: question),
            let span = Self.subjectSpan(in: fact)
        {
            let statement = fact.statement
            text = statement[..<span.lowerBound] + alias + statement[span.upperBound...]
            origin = Origin(
                replaced: statement.utf8Offset(
                    span.lowerBound)..<statement.utf8Offset(
                        span.upperBound), byteCount: alias.utf8.count)
        } else {
            (text, origin) = (fact.statement, Origin(replaced: 0..<0, byteCount: 0))
        }
    }

    /// Returns where the statement says what bytes of this text say; nil if it does not.
    package func placeInStatement(_ bytes: Range<Int>) -> Range<Int>? {
        guard let origin else { return nil }
        if bytes.upperBound <= origin.replaced.lowerBound { return bytes }
        let shift = origin.replaced.count - origin.byteCount
        guard bytes.lowerBound >= origin.replaced.lowerBound + origin.byteCount else { return nil }
        return bytes.lowerBound + shift..<bytes.upperBound + shift
    }

    /// Returns the longest alias that the question names word for word, nil if it names the subject so.
    private static func alias(of fact: ScopeFact, namedBy question: [FoldedToken]) -> String? {
        guard let subject = fact.subject, !NameMatch(of: [subject], in: question).isExact else {
            return nil
        }
        var best: (alias: String, length: Int)?
        for alias in fact.aliases {
            let match = NameMatch(of: [alias], in: question)
            guard match.isExact, match.span.count > (best?.length ?? 0) else { continue }
            best = (alias, match.span.count)
        }
        return best?.alias
    }

    /// Returns where the statement names the subject, its article included if the subject has one.
    private static func subjectSpan(in fact: ScopeFact) -> Range<String.Index>? {
        guard let subject = fact.subject else { return nil }
        let words = TextFolding.tokens(fact.statement)
        let texts = words.map(\.text)
        for name in [TextFolding.words(subject), TextFolding.nameWords(subject)] {
            guard let start = NameMatch.position(of: name, in: texts) else { continue }
            let last = words[start + name.count - 1]
            return words[start].range.lowerBound..<last.range.upperBound
        }
        return nil
    }
}

extension ScopeQuestion {
    /// How a question names what a fact is about.
    package enum Mention: Sendable {
        case exact
        case partial
        case none
    }

    /// Returns how the question names the subject of fact `i`, or one of its aliases.
    package func mention(ofFact i: Int) -> Mention {
        let match = readings[i].subject
        if match.isExact { return .exact }
        return match.share >= Masking.factShareMin ? .partial : .none
    }

    /// Returns the question with `name` for the words that stand for the subject of fact `i`; nil if it
    /// does not name it.
    package func renamingSubject(ofFact i: Int, to name: String) -> String? {
        guard mention(ofFact: i) != .none, !readings[i].subjectSpan.isEmpty else { return nil }
        return Masking.replace(readings[i].subjectSpan, of: words, in: text, by: name)
    }

    /// What `ReadingText` reads of the question.
    package var foldedWords: [FoldedToken] { words }
}

extension ScopeFact {
    /// Whether `name` is the subject or an alias, spelling variants and articles aside.
    package func isAbout(_ name: String) -> Bool {
        let wanted = TextFolding.nameWords(name)
        return !wanted.isEmpty && names.contains { TextFolding.nameWords($0) == wanted }
    }
}

extension String {
    fileprivate func utf8Offset(_ index: Index) -> Int {
        utf8.distance(from: startIndex, to: index)
    }
}
