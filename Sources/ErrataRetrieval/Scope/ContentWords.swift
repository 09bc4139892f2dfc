/// The words of a text that carry its relation.
enum ContentWords {
    /// Returns the stems of both texts' words that are neither names nor function words, in order.
    ///
    /// An acronym of consecutive words of the other text is spelled out ("CEO").
    static func ofBoth(
        _ a: [FoldedToken], outside namedA: Range<Int>, _ b: [FoldedToken],
        outside namedB: Range<Int>
    ) -> (a: [String], b: [String]) {
        let wordsA = a.indices.filter { !namedA.contains($0) }.map { a[$0].text }
        let wordsB = b.indices.filter { !namedB.contains($0) }.map { b[$0].text }
        return (
            stems(spelledOut(wordsA, by: wordsB)), stems(spelledOut(wordsB, by: wordsA))
        )
    }

    private static func stems(_ words: [String]) -> [String] {
        words.filter { !WordLists.stop.contains($0) }.map(stem)
    }

    private static func spelledOut(_ words: [String], by others: [String]) -> [String] {
        words.flatMap { word in
            others.contains(word) || WordLists.stop.contains(word)
                ? [word] : longForm(of: word, in: others) ?? [word]
        }
    }

    /// Returns the first run of `others` whose initials spell `word`, two to five letters.
    private static func longForm(of word: String, in others: [String]) -> [String]? {
        let letters = Array(word.unicodeScalars)
        guard (2...5).contains(letters.count), others.count >= letters.count else { return nil }
        for start in 0...(others.count - letters.count) {
            let run = others[start..<(start + letters.count)]
            if zip(run, letters).allSatisfy({ $0.unicodeScalars.first == $1 }) { return Array(run) }
        }
        return nil
    }

    /// Cuts one common English ending off, never below three letters.
    static func stem(_ word: String) -> String {
        for ending in ["ing", "ed", "es", "er", "or", "s", "e"] where word.hasSuffix(ending) {
            if word.unicodeScalars.count - ending.count >= 3 {
                return String(word.dropLast(ending.count))
            }
        }
        return word
    }

    /// Returns the share of `words` that `others` has too; words with one beginning count 0.7.
    static func overlap(_ words: [String], with others: [String]) -> Double {
        guard !words.isEmpty else { return 0 }
        var found = 0.0
        for word in words {
            if others.contains(word) {
                found += 1
            } else if others.contains(where: { haveOneBeginning(word, $0) }) {
                found += 0.7
            }
        }
        return found / Double(words.count)
    }

    private static func haveOneBeginning(_ a: String, _ b: String) -> Bool {
        let (a, b) = (a.unicodeScalars.prefix(4), b.unicodeScalars.prefix(4))
        return a.count == 4 && b.count == 4 && a.elementsEqual(b)
    }

    /// Whether the question says that the answer is not `object` ("which is not Lyon, …").
    static func negates(_ question: [FoldedToken], object: String) -> Bool {
        let words = question.map(\.text)
        let name = TextFolding.nameWords(object)
        guard let start = NameMatch.position(of: name, in: words) else { return false }
        let before = Array(words[max(0, start - 4)..<start])
        if before.contains(where: negations.contains) { return true }
        return before.suffix(2) == ["other", "than"]
            || before.suffix(3) == ["other", "than", "the"]
    }

    /// Whether the question says "not" right before a word of `statement`.
    static func negates(_ question: [FoldedToken], statement: [FoldedToken]) -> Bool {
        guard let i = question.firstIndex(where: { $0.text == "not" }) else { return false }
        let said = Set(statement.map(\.text)).subtracting(WordLists.stop)
        return question[(i + 1)...].prefix(3).contains { said.contains($0.text) }
    }

    private static let negations: Set<String> = [
        "not", "besides", "except", "excluding", "isnt", "wasnt",
    ]
}
