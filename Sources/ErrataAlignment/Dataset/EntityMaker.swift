/// Makes things of every kind, with names from grammars and, where given, from pools of real names.
struct EntityMaker: Sendable {
    /// In so many of 100 cases a real name is taken, where its kind has a pool.
    static let realPercent = 50
    static let poolCountMin = 8

    let pools: [EntityKind: [String]]

    /// `pools` are names by kind; pools with few names are left out, for they would be seen too often.
    init(pools: [EntityKind: [String]] = [:]) {
        self.pools = pools.filter { $0.value.count >= EntityMaker.poolCountMin }
    }

    func make(_ kind: EntityKind, _ random: inout SeededGenerator) -> Entity {
        if let pool = pools[kind], random.chance(EntityMaker.realPercent) {
            let name = random.pick(pool)
            return Entity(name: name, aliases: aliases(of: name, kind, &random))
        }
        let made = name(of: kind, &random)
        return Entity(
            name: cased(made, kind, &random), aliases: aliases(of: made, kind, &random))
    }

    /// Makes a thing whose name differs from every one of `others`, case aside.
    func make(
        _ kind: EntityKind, besides others: [String], _ random: inout SeededGenerator
    ) -> Entity {
        let taken = others.map { $0.lowercased() }
        while true {
            let entity = make(kind, &random)
            if !taken.contains(entity.name.lowercased()) { return entity }
        }
    }

    /// Writes a name the way people sometimes type it.
    private func cased(
        _ name: String, _ kind: EntityKind, _ random: inout SeededGenerator
    ) -> String {
        switch kind {
        case .person, .company, .organisation, .city, .country, .book, .film, .software, .service,
            .product, .game, .band:
            let roll = random.below(100)
            return roll < 3 ? name.lowercased() : roll < 6 ? name.uppercased() : name
        default: return name
        }
    }

    private func name(of kind: EntityKind, _ random: inout SeededGenerator) -> String {
        switch kind {
        case .person, .character, .deity: PersonNames.make(kind, &random)
        case .company, .organisation, .school, .team, .newspaper, .band, .party, .award:
            GroupNames.make(kind, &random)
        case .city, .country, .region, .river, .mountain, .island, .building, .road, .airport,
            .planet, .star:
            PlaceNames.make(kind, &random)
        case .book, .film, .song, .album, .game, .series, .artwork, .event, .battle, .law, .treaty:
            TitleNames.make(kind, &random)
        case .software, .service, .product, .vehicle, .ship, .aircraft, .weapon, .species, .genus,
            .gene, .protein, .chromosome, .chemical, .disease, .drug:
            ThingNames.make(kind, &random)
        case .sport, .position, .occupation, .language, .religion, .genre, .instrument, .food,
            .material, .field, .color, .gender:
            CommonNames.make(kind, &random)
        case .year, .date, .number, .amount, .measure, .code, .email, .url, .version, .duration,
            .address, .time:
            Values.make(kind, &random)
        }
    }

    private func aliases(
        of name: String, _ kind: EntityKind, _ random: inout SeededGenerator
    ) -> [String] {
        switch kind {
        case .person, .character: PersonNames.aliases(of: name, &random)
        case .company, .organisation, .school, .team, .newspaper, .band, .party, .award, .software,
            .service, .product, .city, .country, .region, .river, .mountain, .island, .building,
            .airport, .book, .film, .song, .album, .game, .series, .artwork, .event, .battle, .law,
            .treaty, .vehicle, .ship, .aircraft:
            Alias.ofThing(name, &random)
        default: []
        }
    }
}

/// Words built from syllables.
enum Syllables {
    /// Returns a word of `range` syllables, capitalised.
    static func word(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> String {
        var word = ""
        for _ in 0..<random.within(range) {
            if !word.isEmpty || random.chance(80) { word += random.pick(NameWords.onsets) }
            word += random.pick(NameWords.vowels)
            if random.chance(35) { word += random.pick(NameWords.codas) }
        }
        return capitalised(word)
    }

    static func capitalised(_ word: String) -> String {
        word.prefix(1).uppercased() + word.dropFirst()
    }

    static func letters(_ count: Int, _ random: inout SeededGenerator) -> String {
        String((0..<count).map { _ in random.pick(Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) })
    }

    static func roman(_ random: inout SeededGenerator) -> String {
        random.pick(["II", "III", "IV", "V", "VI", "VII", "IX", "X", "XI", "XIV"])
    }
}
