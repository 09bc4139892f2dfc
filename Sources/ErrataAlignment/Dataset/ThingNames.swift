/// Names of companies, schools, teams and other groups.
enum GroupNames {
    private static let ends: [EntityKind: [String]] = [
        .company: [
            "Inc.", "Ltd.", "GmbH", "Corporation", "Group", "AG", "Technologies", "Systems",
            "Holdings", "& Co.", "LLC", "Foods", "Motors", "Energy", "Logistics", "",
        ],
        .organisation: [
            "Foundation", "Institute", "Society", "Council", "Agency", "Association", "Commission",
            "Trust", "Initiative", "Authority",
        ],
        .school: [
            "University", "College", "Academy", "High School", "School of Design",
            "Technical University", "Grammar School",
        ],
        .team: [
            "F.C.", "United", "Rovers", "Hawks", "Athletic", "Wolves", "SC", "City", "Bears",
            "Stars", "Rugby Club", "B national team",
        ],
        .newspaper: [
            "Times", "Herald", "Gazette", "Chronicle", "Tribune", "Observer", "Post", "Daily News",
            "Zeitung",
        ],
        .party: ["Party", "Alliance", "Movement", "Front", "Union", "Coalition"],
        .award: ["Prize", "Award", "Medal", "Order", "Fellowship", "Cup", "Trophy"],
    ]

    static func make(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
        if kind == .band { return band(&random) }
        let end = random.pick(ends[kind] ?? [""])
        let head = head(&random)
        switch kind {
        case .school where random.chance(35):
            return
                "\(random.pick(["University", "Institute", "College"])) of \(Syllables.word(2...3, &random))"
        case .organisation where random.chance(40):
            return
                "\(random.pick(["National", "Royal", "European", "Federal", "International"])) \(random.pick(["Institute", "Council", "Office", "Society"])) for \(Syllables.capitalised(random.pick(NameWords.sciences)))"
        case .party where random.chance(50):
            return
                "\(random.pick(["Democratic", "National", "Liberal", "Green", "Social", "People's", "Workers'"])) \(end)"
        case .newspaper where random.chance(60):
            return "The \(PlaceNames.make(.city, &random)) \(end)"
        default: return end.isEmpty ? head : "\(head) \(end)"
        }
    }

    private static func head(_ random: inout SeededGenerator) -> String {
        switch random.below(6) {
        case 0: return brand(&random)
        case 1: return random.pick(NameWords.family)
        case 2: return "\(random.pick(NameWords.family)) & \(random.pick(NameWords.family))"
        case 3: return "\(random.pick(NameWords.adjectives)) \(random.pick(NameWords.nouns))"
        case 4:
            return random.chance(25)
                ? Syllables.letters(random.within(2...4), &random) : brand(&random)
        default: return Syllables.word(2...3, &random)
        }
    }

    static func brand(_ random: inout SeededGenerator) -> String {
        random.pick(NameWords.brandParts) + random.pick(NameWords.brandEnds)
    }

    private static func band(_ random: inout SeededGenerator) -> String {
        let noun = random.pick(NameWords.nouns)
        switch random.below(5) {
        case 0: return "The \(noun)s"
        case 1: return "\(random.pick(NameWords.adjectives)) \(noun)"
        case 2: return "\(noun) \(random.pick(NameWords.nouns))"
        case 3: return "\(random.pick(NameWords.given)) and the \(noun)s"
        default: return Syllables.word(1...3, &random)
        }
    }
}

/// Names of places on earth and in the sky.
enum PlaceNames {
    private static let ends: [EntityKind: [String]] = [
        .river: ["River", "Creek", "River", "Brook"],
        .mountain: ["Peak", "Mountain", "Ridge", "Hill", "Massif"],
        .island: ["Island", "Atoll", "Isle", "Islands"],
        .building: [
            "Tower", "Hall", "Palace", "Library", "Museum", "Cathedral", "House", "Stadium",
            "Bridge", "Station", "Barracks",
        ],
        .road: ["Street", "Avenue", "Highway", "Lane", "Boulevard", "Road"],
        .airport: ["Airport", "International Airport", "Airfield"],
        .region: ["Province", "County", "Valley", "District", "Oblast", "Highlands", ""],
    ]

    static func make(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
        switch kind {
        case .city: return city(&random)
        case .country: return country(&random)
        case .planet:
            return random.chance(50)
                ? Syllables.word(2...3, &random)
                : "\(Syllables.word(2...2, &random))-\(random.within(2...900))\(random.pick(["b", "c", "d"]))"
        case .star:
            return random.pick([
                "HD \(random.within(1000...230_000))",
                "\(random.pick(["Alpha", "Beta", "Gamma", "Delta", "Zeta"])) \(Syllables.word(2...3, &random))",
                "\(random.pick(["NGC", "Gliese", "HR", "Kepler"])) \(random.within(10...9000))",
            ])
        case .road where random.chance(25): return "Route \(random.within(2...990))"
        default:
            let base = random.chance(70) ? city(&random) : random.pick(NameWords.family)
            if kind == .mountain, random.chance(30) { return "Mount \(base)" }
            let end = random.pick(ends[kind] ?? [""])
            return end.isEmpty ? base : "\(base) \(end)"
        }
    }

    private static func city(_ random: inout SeededGenerator) -> String {
        let core = Syllables.word(1...2, &random) + random.pick(NameWords.placeEnds)
        switch random.below(12) {
        case 0: return "\(random.pick(NameWords.surfaces)) \(core)"
        case 1: return Syllables.word(1...3, &random)
        case 2: return "\(core)-sur-\(Syllables.word(1...2, &random))"
        case 3:
            return
                "\(random.pick(NameWords.adjectives))\(random.pick(["field", "ford", "bridge", "haven"]))"
        default: return core
        }
    }

    private static func country(_ random: inout SeededGenerator) -> String {
        let core =
            Syllables.word(2...2, &random)
            + random.pick(["ia", "land", "stan", "ania", "istan", "ora"])
        switch random.below(8) {
        case 0: return "Republic of \(core)"
        case 1: return "Kingdom of \(core)"
        case 2: return "\(random.pick(NameWords.surfaces)) \(core)"
        default: return core
        }
    }
}

/// Titles of works, events and laws.
enum TitleNames {
    static func make(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
        switch kind {
        case .battle:
            return
                "\(random.pick(["Battle", "Siege", "Capture"])) of \(PlaceNames.make(.city, &random))"
        case .treaty:
            return
                "\(random.pick(["Treaty", "Peace", "Convention", "Accord"])) of \(PlaceNames.make(.city, &random))"
        case .law:
            return
                "\(random.pick(NameWords.nouns)) \(random.pick(["Protection", "Trade", "Safety", "Reform", "Licensing"])) Act\(random.chance(50) ? " \(random.within(1850...2024))" : "")"
        case .event: return event(&random)
        case .series where random.chance(15):
            return "\(work(&random)): Season \(random.within(2...9))"
        case .game where random.chance(30): return "\(work(&random)) \(random.within(2...7))"
        default: return work(&random)
        }
    }

    private static func event(_ random: inout SeededGenerator) -> String {
        let place = PlaceNames.make(.city, &random)
        let year = random.within(1890...2025)
        let what = random.pick([
            "Open", "Film Festival", "Conference", "Marathon", "Earthquake", "Uprising", "Summit",
            "Expo",
            "Grand Prix", "Championships", "general election", "Regatta – men's doubles",
            "Congress",
        ])
        return random.pick([
            "\(year) \(place) \(what)", "\(place) \(what)", "\(place) \(what) \(year)",
        ])
    }

    private static func work(_ random: inout SeededGenerator) -> String {
        let adjective = random.pick(NameWords.adjectives)
        let noun = random.pick(NameWords.nouns)
        let other = random.pick(NameWords.nouns)
        switch random.below(10) {
        case 0, 1: return "The \(adjective) \(noun)"
        case 2: return "\(noun) \(random.pick(NameWords.genitives)) \(other)"
        case 3: return "\(adjective) \(noun)"
        case 4: return "A \(noun) for \(random.pick(NameWords.given))"
        case 5: return "\(random.pick(NameWords.given)) \(random.pick(NameWords.family))"
        case 6: return "The \(noun)'s \(other)"
        case 7: return noun
        case 8: return "\(noun): The \(adjective) \(other)"
        default: return Syllables.word(2...3, &random)
        }
    }
}

/// Names of products, machines, living things and substances.
enum ThingNames {
    static func make(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
        let brand = GroupNames.brand(&random)
        let number = random.within(1...99)
        let code = Syllables.letters(random.within(1...3), &random)
        switch kind {
        case .software:
            return random.pick([
                brand, "\(brand) \(random.pick(["Studio", "Suite", "OS", "Player", "Editor"]))",
                "lib\(brand.lowercased())",
            ])
        case .service:
            return random.pick([
                brand, "\(brand) \(random.pick(["Cloud", "Pay", "Prime", "Connect", "Mail"]))",
                "\(brand.lowercased())-\(random.pick(["api", "gateway", "worker", "auth", "billing", "search"]))",
            ])
        case .product:
            return
                "\(brand) \(random.pick(["\(number)", "\(code)-\(number)", "Pro", "Mini", "Max \(number)", "X"]))"
        case .vehicle:
            return
                "\(random.pick(NameWords.family)) \(random.pick([code + "\(number)", random.pick(NameWords.nouns), "Series \(number)"]))"
        case .ship:
            return
                "\(random.pick(["HMS", "USS", "SS", "MV", "RV"])) \(random.pick(NameWords.nouns))"
        case .aircraft, .weapon: return "\(random.pick(NameWords.family)) \(code)-\(number)"
        case .species:
            return
                "\(Syllables.word(2...3, &random)) \(Syllables.word(2...3, &random).lowercased())us"
        case .genus:
            return Syllables.word(2...3, &random) + random.pick(["us", "a", "ia", "is", "odon"])
        case .gene: return "\(Syllables.letters(random.within(2...4), &random))\(number)"
        case .protein:
            return random.chance(50)
                ? "\(Syllables.word(2...2, &random))in-\(number)"
                : Syllables.word(2...3, &random) + "ase"
        case .chromosome:
            return random.pick([
                "chromosome \(random.within(1...22))", "X chromosome", "Y chromosome",
            ])
        case .chemical:
            return Syllables.word(2...3, &random).lowercased()
                + random.pick(["ine", "ol", "ate", "ium", "ide", "ene"])
        case .disease:
            return
                "\(random.pick(NameWords.family))\(random.pick(["'s disease", " syndrome", "'s palsy"]))"
        default:
            return Syllables.word(2...3, &random).lowercased()
                + random.pick(["mab", "pril", "olol", "azine", "statin", "ix"])
        }
    }
}

/// Words that name kinds of things rather than things.
enum CommonNames {
    static func make(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
        switch kind {
        case .sport: random.pick(NameWords.sports)
        case .position: random.pick(NameWords.positions)
        case .occupation: random.pick(NameWords.occupations)
        case .language:
            random.chance(80)
                ? random.pick(NameWords.languages) : Syllables.word(2...2, &random) + "ish"
        case .religion:
            random.chance(80)
                ? random.pick(NameWords.religions) : Syllables.word(2...3, &random) + "ism"
        case .genre: random.pick(NameWords.genres)
        case .instrument: random.pick(NameWords.instruments)
        case .food: random.pick(NameWords.foods)
        case .material: random.pick(NameWords.materials)
        case .field: random.pick(NameWords.sciences)
        case .color: random.pick(NameWords.colors)
        default: random.pick(NameWords.genders)
        }
    }
}

/// Dates, numbers, codes and addresses.
enum Values {
    static func make(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
        switch kind {
        case .year: return "\(random.within(1500...2025))"
        case .date: return date(&random)
        case .number:
            return random.pick([
                "\(random.within(2...40))", "\(random.within(41...9999))",
                "\(random.within(1...99)),\(100 + random.below(900))",
            ])
        case .amount: return amount(&random)
        case .measure:
            let number = random.pick([
                "\(random.within(2...999))", "\(random.within(0...99)).\(random.within(1...9))",
                "\(random.within(1...99)),\(100 + random.below(900))",
            ])
            return "\(number) \(random.pick(NameWords.units))"
        case .code: return code(&random)
        case .email:
            return
                "\(random.pick(NameWords.given).lowercased()).\(random.pick(NameWords.family).lowercased())@\(GroupNames.brand(&random).lowercased()).\(random.pick(["com", "org", "net", "io"]))"
        case .url:
            return
                "https://\(random.pick(["www.", "docs.", "", "wiki."]))\(GroupNames.brand(&random).lowercased()).\(random.pick(["com", "org", "dev", "net"]))\(random.pick(["", "/help", "/v\(random.within(1...4))"]))"
        case .version:
            return
                "\(random.pick(["", "v", ""]))\(random.within(0...24)).\(random.within(0...30))\(random.pick(["", ".\(random.within(0...20))", "-beta"]))"
        case .duration:
            return
                "\(random.within(2...90)) \(random.pick(["minutes", "hours", "days", "weeks", "months", "years", "seconds"]))"
        case .address:
            return
                "\(random.within(1...299)) \(PlaceNames.make(.road, &random)), \(PlaceNames.make(.city, &random))"
        default:
            return "\(random.within(0...23)):\(random.pick(["00", "15", "30", "45", "05", "10"]))"
        }
    }

    private static func date(_ random: inout SeededGenerator) -> String {
        let day = random.within(1...28)
        let month = random.below(12)
        let name = NameWords.months[month]
        let year = random.within(1700...2025)
        let pad = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return random.pick([
            "\(name) \(day), \(year)", "\(day) \(name) \(year)",
            "\(year)-\(pad(month + 1))-\(pad(day))",
            "\(name) \(year)", "\(day)/\(month + 1)/\(year)",
        ])
    }

    private static func amount(_ random: inout SeededGenerator) -> String {
        let number = random.within(2...999)
        return random.pick([
            "\(random.pick(NameWords.currencies))\(number)",
            "\(random.pick(NameWords.currencies))\(number) \(random.pick(["million", "billion"]))",
            "\(number) \(random.pick(["euros", "dollars", "kroner", "rupees", "yen"]))",
            "\(random.pick(NameWords.currencies))\(number).\(10 + random.below(90))",
        ])
    }

    private static func code(_ random: inout SeededGenerator) -> String {
        let number = random.within(10...9999)
        return random.pick([
            "\(Syllables.letters(2, &random))-\(number)", "\(Syllables.letters(3, &random))",
            "\(Syllables.letters(1, &random))\(number)\(Syllables.letters(2, &random))",
            "#\(number)",
            "\(random.pick(["ERR", "PRJ", "SKU", "REQ"]))-\(number)",
        ])
    }
}
