/// Writes a question the way people type it.
enum QuestionNoise {
    private static let openings = [
        "Please tell me:", "Hi, quick question:", "Hello!", "Quick one:", "I was wondering:",
        "Question:",
        "Can you help me?", "According to the latest information,", "Sorry to bother you, but",
        "Hey,",
        "I need to know this for work.", "Please answer briefly.", "As of today,", "Just checking:",
    ]

    static func apply(to question: String, _ random: inout SeededGenerator) -> String {
        var text = question
        if text.hasSuffix("?"), random.chance(8) { text.removeLast() }
        if random.chance(5) { text = typo(in: text, &random) }
        if random.chance(6) { text = opened(text, random.pick(openings)) }
        if random.chance(10) {
            text = text.lowercased()
        } else if random.chance(1) {
            text = text.uppercased()
        }
        return text
    }

    private static let questionWords = [
        "Who", "What", "Which", "Where", "When", "How", "Whose", "In", "At", "On", "By", "The",
        "Tell", "Do", "Can",
    ]

    /// Puts `opening` before `text`, whose first word then begins small unless it is a name.
    private static func opened(_ text: String, _ opening: String) -> String {
        let word = text.prefix { $0 != " " }
        guard opening.hasSuffix(",") || opening.hasSuffix("but"),
            questionWords.contains(String(word))
        else { return "\(opening) \(text)" }
        return "\(opening) \(text.prefix(1).lowercased())\(text.dropFirst())"
    }

    /// Swaps, drops or doubles one letter inside a word of five letters or more that is no name.
    private static func typo(in text: String, _ random: inout SeededGenerator) -> String {
        var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let places = words.indices.filter { place in
            words[place].count >= 5 && words[place].allSatisfy { $0.isLowercase && $0.isASCII }
        }
        guard !places.isEmpty else { return text }
        let place = random.pick(places)
        var letters = Array(words[place])
        let at = random.within(1...letters.count - 2)
        switch random.below(3) {
        case 0: letters.swapAt(at, at + 1)
        case 1: letters.remove(at: at)
        default: letters.insert(letters[at], at: at)
        }
        words[place] = String(letters)
        return words.joined(separator: " ")
    }
}

/// Questions that rule an answer out: "…, which is not Paris, is".
enum Exclusion {
    /// Returns `question` made to exclude `object`, or nil if its form does not allow it.
    static func of(
        _ question: String, excluding object: String, _ random: inout SeededGenerator
    ) -> String? {
        for verb in [" is", " are", " was", " were"] where question.hasSuffix(verb) {
            let head = question.dropLast(verb.count)
            return
                "\(head), which \(verb == " are" || verb == " were" ? "are" : "is") not \(object),\(verb)"
        }
        guard question.hasSuffix("?"), let first = question.first else { return nil }
        for word in ["Who", "What", "Which", "Where", "When", "In which", "By whom"]
        where question.hasPrefix(word + " ") {
            let rest = first.lowercased() + question.dropFirst()
            return random.pick([
                "Apart from \(object), \(rest)", "If not \(object), \(rest)",
                "Other than \(object), \(rest)",
            ])
        }
        return nil
    }
}
