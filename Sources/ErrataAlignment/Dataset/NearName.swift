/// Names that are almost another name and stand for something else.
enum NearName {
    /// Returns a name near to `name` that differs in more than case.
    static func of(_ name: String, isPerson: Bool, _ random: inout SeededGenerator) -> String {
        for _ in 0..<8 {
            let near = isPerson ? person(name, &random) : thing(name, &random)
            if near.lowercased() != name.lowercased() { return near }
        }
        return name + " II"
    }

    private static func person(_ name: String, _ random: inout SeededGenerator) -> String {
        let words = name.split(separator: " ").map(String.init)
        guard words.count >= 2, let first = words.first, let last = words.last else {
            return random.chance(50)
                ? changedLetter(name, &random) : "\(name) \(Syllables.roman(&random))"
        }
        // A middle name where there was none is the same person more often than not.
        let hasMiddle = words.count >= 3
        switch random.below(10) {
        case 0, 1, 2, 3:
            return ([PersonNames.given(&random)] + words.dropFirst()).joined(separator: " ")
        case 4, 5: return (words.dropLast() + [PersonNames.family(&random)]).joined(separator: " ")
        case 6: return "\(name) \(random.pick(["Jr.", "Sr.", Syllables.roman(&random)]))"
        case 7 where hasMiddle: return "\(first) \(Syllables.letters(1, &random)). \(last)"
        case 8 where hasMiddle: return "\(first) \(random.pick(NameWords.given)) \(last)"
        case 9: return changedLetter(name, &random)
        default:
            let letter = Syllables.letters(1, &random)
            guard !first.hasPrefix(letter) else { return "\(name) \(Syllables.roman(&random))" }
            return "\(letter). \(words.dropFirst().joined(separator: " "))"
        }
    }

    private static func thing(_ name: String, _ random: inout SeededGenerator) -> String {
        if name.contains(where: \.isNumber), random.chance(75) {
            return changedDigit(name, &random)
        }
        let words = name.split(separator: " ").map(String.init)
        switch random.below(10) {
        case 0, 1, 2, 7:
            guard words.count >= 2 else { return changedLetter(name, &random) }
            return changedWord(words, &random)
        case 3: return "\(random.pick(NameWords.surfaces)) \(name)"
        case 4:
            return "\(name) \(random.pick([Syllables.roman(&random), "\(random.within(2...9))"]))"
        case 5:
            return
                "\(name) \(random.pick(["International", "Group", "Holdings", "Lite", "Services", "East"]))"
        case 6: return "\(random.pick(NameWords.adjectives)) \(name)"
        case 8: return changedLetter(name, &random)
        default:
            guard words.count >= 2, let first = words.first, first.count > 3 else {
                return changedLetter(name, &random)
            }
            return "\(first) \(random.pick(NameWords.nouns))"
        }
    }

    /// Replaces one word that begins with a capital.
    private static func changedWord(_ words: [String], _ random: inout SeededGenerator) -> String {
        let places = words.indices.filter { words[$0].first?.isUppercase == true }
        guard !places.isEmpty else { return changedLetter(words.joined(separator: " "), &random) }
        var changed = words
        let other = [
            random.pick(NameWords.nouns), Syllables.word(1...3, &random),
            random.pick(NameWords.adjectives),
            random.pick(NameWords.family),
        ]
        changed[random.pick(places)] = random.pick(other)
        return changed.joined(separator: " ")
    }

    private static func changedDigit(_ name: String, _ random: inout SeededGenerator) -> String {
        var characters = Array(name)
        let places = characters.indices.filter { characters[$0].isASCII && characters[$0].isNumber }
        guard !places.isEmpty else { return name + " 2" }
        characters[random.pick(places)] = random.pick(Array("123456789"))
        return String(characters)
    }

    /// Replaces letters past the first by a syllable: one wrong letter alone is a typing error, and names
    /// the same thing.
    private static func changedLetter(_ name: String, _ random: inout SeededGenerator) -> String {
        let characters = Array(name)
        let places = characters.indices.dropFirst().filter { characters[$0].isLetter }
        guard !places.isEmpty else { return name + Syllables.word(1...1, &random).lowercased() }
        let place = random.pick(places)
        let end = min(place + 2, characters.count)
        let syllable = Syllables.word(1...1, &random).lowercased()
        return String(characters[..<place]) + syllable + String(characters[end...])
    }
}
