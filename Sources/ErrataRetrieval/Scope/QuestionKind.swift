/// What kind of thing a text asks for, as far as its words show it.
enum QuestionKind: Sendable, Equatable {
    case time
    case number
    case place
    case person

    /// Returns the kind that the words outside `named` ask for; nil if they do not show it.
    init?(_ words: [FoldedToken], outside named: Range<Int>) {
        let asked = Set(words.indices.filter { !named.contains($0) }.map { words[$0].text })
        if asked.contains("when") {
            self = .time
        } else if !asked.isDisjoint(with: WordLists.time), !asked.isSuperset(of: ["first", "time"])
        {
            self = .time
        } else if asked.contains("how"), asked.contains("many") || asked.contains("much") {
            self = .number
        } else if !asked.isDisjoint(with: WordLists.place) {
            self = .place
        } else if !asked.isDisjoint(with: WordLists.person) {
            self = .person
        } else {
            return nil
        }
    }

    /// Whether an object looks like a date: a year from 1000 to 2199, or a month in front.
    static func isDate(_ object: String) -> Bool {
        let words = TextFolding.words(object)
        return words.contains(where: isYear)
            || words.prefix(2).contains(where: WordLists.months.contains)
    }

    private static func isYear(_ word: String) -> Bool {
        guard word.utf8.count == 4, word.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return false
        }
        return word.hasPrefix("1") || word.hasPrefix("20") || word.hasPrefix("21")
    }
}
