import Foundation

/// Names of people, characters and gods.
enum PersonNames {
    static func make(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
        if kind == .deity { return Syllables.word(2...3, &random) }
        if kind == .character, random.chance(40) {
            return random.pick([
                random.pick(NameWords.given), Syllables.word(2...2, &random),
                "The \(random.pick(NameWords.adjectives)) \(random.pick(NameWords.nouns))",
                "Captain \(random.pick(NameWords.family))",
            ])
        }
        return person(&random)
    }

    private static func person(_ random: inout SeededGenerator) -> String {
        let given = given(&random)
        let family = family(&random)
        switch random.below(100) {
        case 0..<55: return "\(given) \(family)"
        case 55..<65: return "\(given) \(random.pick(NameWords.given)) \(family)"
        case 65..<74: return "\(given) \(Syllables.letters(1, &random)). \(family)"
        case 74..<78: return "\(initials(&random)) \(family)"
        case 78..<83:
            return "\(given) \(random.pick(NameWords.particles)) \(family)"
                .replacing("al- ", with: "al-")
        case 83..<86: return "\(given) \(family)-\(random.pick(NameWords.family))"
        case 86..<89: return "\(random.pick(NameWords.titles)) \(given) \(family)"
        case 89..<91: return "\(given) \(family) Jr."
        case 91..<93:
            return "\(given) \(Syllables.roman(&random)) of \(Syllables.word(2...3, &random))"
        case 93..<95: return "\(given), \(random.within(2...19))th Baron \(family)"
        case 95..<97: return given
        case 97..<98: return "\(family), \(given)"
        default: return "\(Syllables.word(1...2, &random)) \(Syllables.word(1...3, &random))"
        }
    }

    static func given(_ random: inout SeededGenerator) -> String {
        random.chance(82) ? random.pick(NameWords.given) : Syllables.word(2...3, &random)
    }

    static func family(_ random: inout SeededGenerator) -> String {
        random.chance(75) ? random.pick(NameWords.family) : Syllables.word(2...3, &random)
    }

    private static func initials(_ random: inout SeededGenerator) -> String {
        (0..<random.within(1...3)).map { _ in "\(Syllables.letters(1, &random))." }
            .joined(separator: " ")
    }

    /// Other names of a person: without title or middle name, with initials, turned round, shortened.
    private static let titles = [
        "Mr", "Mrs", "Miss", "Dr", "Prof.", "Professor", "Rev.", "Reverend", "Sir", "Lady", "Lord",
        "Captain", "Major", "Colonel", "General", "Judge", "Senator", "President", "Hon.", "Saint",
        "King", "Queen", "Don", "Sister",
    ]

    static func aliases(of name: String, _ random: inout SeededGenerator) -> [String] {
        var words = name.split(separator: " ").map(String.init)
        if let first = words.first, NameWords.titles.contains(first) { words.removeFirst() }
        let end = words.firstIndex { $0 == "Jr." || $0 == "of" || $0.hasSuffix(",") } ?? words.count
        let core = Array(words.prefix(max(end, 1)))
        guard core.count >= 2, let first = core.first, let last = core.last,
            first.count > 1, last.count > 1
        else { return [] }
        let rest = core.dropFirst().joined(separator: " ")
        var aliases = [
            "\(first.prefix(1)). \(rest)", "\(rest), \(first)", last, last, "\(first) \(last)",
            "\(random.pick(["Mr.", "Ms.", "Dr.", "Prof."])) \(last)",
            "\(first) \(Syllables.letters(1, &random)). \(last)",
            "\(first) \(random.pick(NameWords.given)) \(last)",
            "\(last) \(first)", "\(random.pick(titles)) \(name)", "\(random.pick(titles)) \(name)",
            "\(name) \(family(&random))", "\(first.prefix(1)) \(last)",
            "\(first.prefix(1)).\(last)", "\(last) \(first.prefix(1))",
        ]
        aliases += Alias.spellings(of: name, &random)
        if core.count >= 3 {
            let initials = core.dropLast().map { "\($0.prefix(1))." }.joined(separator: " ")
            aliases += [
                "\(initials) \(last)", "\(first) \(last)", "\(first) \(core[1].prefix(1)). \(last)",
            ]
        }
        if first.count >= 5, !first.contains(".") {
            let short = String(first.prefix(random.within(3...4)))
            aliases += ["\(short) \(last)", "\(short)y \(last)"]
        }
        return aliases.filter { $0 != name && !$0.contains("..") }
    }
}

/// Other names by rule.
enum Alias {
    private static let suffixes = [
        " Inc.", " Ltd.", " GmbH", " Corporation", " Corp.", " AG", " Company", " & Co.", " LLC",
        " F.C.", " S.A.",
        " plc", " Technologies", " Systems", " University", " River", " Island", " Airport",
        " International Airport",
    ]

    static func ofThing(_ name: String, _ random: inout SeededGenerator) -> [String] {
        var aliases: [String] = []
        for suffix in suffixes where name.hasSuffix(suffix) && name.count > suffix.count + 2 {
            aliases.append(String(name.dropLast(suffix.count)))
        }
        let words = name.split(separator: " ").map(String.init)
        let capitals = words.filter { $0.first?.isUppercase == true }
        if capitals.count >= 3, capitals.count <= 6 {
            aliases.append(String(capitals.compactMap(\.first)))
        }
        if name.hasPrefix("The ") {
            aliases.append(String(name.dropFirst(4)))
        } else if words.count >= 2, random.chance(40) {
            aliases.append("the \(name)")
        }
        if words.count >= 3, words.prefix(2).allSatisfy({ $0.isCapitalised && $0.count > 3 }),
            words[0] != "The"
        {
            aliases.append(words.prefix(2).joined(separator: " "))
        }
        for mark in [": ", ", ", " ("] {
            if let place = name.firstRange(of: mark) {
                aliases.append(String(name[..<place.lowerBound]))
            }
        }
        for (short, long) in abbreviations where name.hasSuffix(short) {
            aliases.append(name.dropLast(short.count) + long)
        }
        if random.chance(40) { aliases += spellings(of: name, &random) }
        return aliases.filter { $0 != name && $0.count > 1 }
    }

    private static let abbreviations = [
        (" Inc.", " Incorporated"), (" Ltd.", " Limited"), (" Corp.", " Corporation"),
        (" Corporation", " Corp."), (" Limited", " Ltd"), (" & Co.", " and Company"),
        (" University", " Univ."), (" Institute", " Inst."),
    ]

    /// Letters that are written one for the other.
    private static let variants = [
        ("c", "k"), ("k", "c"), ("y", "i"), ("i", "y"), ("ph", "f"), ("f", "ph"), ("s", "z"),
        ("z", "s"), ("v", "w"), ("w", "v"), ("th", "t"), ("ou", "u"), ("u", "ou"), ("ee", "i"),
        ("ll", "l"), ("l", "ll"), ("nn", "n"), ("n", "nn"), ("tt", "t"), ("t", "tt"), ("e", "a"),
        ("o", "u"), ("ck", "k"), ("ie", "y"), ("j", "y"), ("-", " "), ("'", ""), ("’", ""),
    ]

    /// Returns the name as others spell or mistype it: without accents, with a letter for another one,
    /// with one that is missing or twice.
    static func spellings(of name: String, _ random: inout SeededGenerator) -> [String] {
        var spellings: [String] = []
        let plain = String(
            name.decomposedStringWithCanonicalMapping.unicodeScalars
                .filter { $0.properties.generalCategory != .nonspacingMark }.map(Character.init))
        if plain != name { spellings.append(plain) }
        let (letters, other) = random.pick(variants)
        let body = name.dropFirst()
        if let place = body.range(of: letters) {
            spellings.append(
                name.prefix(1) + body.replacingCharacters(in: place, with: other))
        }
        let characters = Array(name)
        let places = characters.indices.dropFirst().filter {
            characters[$0].isLetter && characters[$0 - 1].isLetter
        }
        // A short name is another one with a letter less, and so is a code.
        guard places.count >= 5, !name.contains(where: \.isNumber) else { return spellings }
        let place = random.pick(places)
        var typed = characters
        switch random.below(3) {
        case 0: typed.swapAt(place, place - 1)
        case 1: typed.remove(at: place)
        default: typed.insert(typed[place], at: place)
        }
        return spellings + [String(typed)]
    }
}

extension String {
    fileprivate var isCapitalised: Bool { first?.isUppercase == true && last?.isLetter == true }
}
