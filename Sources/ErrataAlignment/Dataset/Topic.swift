/// What a template asks about, as far as its wording tells: enough to keep questions apart that ask for different things.
struct Topic: Sendable, Equatable {
    let name: String
    let subject: EntityKind
    let object: EntityKind
    /// Topics that share an area may have the same answer and are never set against each other.
    let areas: Set<String>

    /// Whether a question about one is surely not answered by a fact about the other.
    func isApart(from other: Topic) -> Bool {
        name != other.name && areas.isDisjoint(with: other.areas)
    }

    /// Returns the topic of a template, whose subject is cut out; nil if no wording is known.
    static func of(_ template: String) -> Topic? {
        let text = " " + template.lowercased() + " "
        for (wording, name) in wordings where text.contains(wording) { return byName[name] }
        return nil
    }

    private static let all: [Topic] = [
        Topic("mother", .person, .person), Topic("father", .person, .person),
        Topic("child", .person, .person), Topic("spouse", .person, .person),
        Topic("siblings", .person, .person), Topic("gender", .person, .gender),
        Topic("birthplace", .person, .city, ["birth", "origin"]),
        Topic("deathplace", .person, .city, ["deathplace", "residence"]),
        Topic("burial", .person, .city, ["burial"]),
        Topic("birthdate", .person, .date), Topic("deathdate", .person, .date),
        Topic("citizenship", .person, .country, ["citizenship", "origin"]),
        Topic("occupation", .person, .occupation, ["job"]),
        Topic("fieldOfWork", .person, .field, ["job", "field"]),
        Topic("office", .person, .position, ["job"]),
        Topic("playingPosition", .person, .position, ["job", "playing"]),
        Topic("playsSport", .person, .sport, ["job", "playing", "sport"]),
        Topic("employer", .person, .company, ["employer", "job"]),
        Topic("workplace", .person, .city, ["workplace", "employer", "residence"]),
        Topic("education", .person, .school), Topic("award", .person, .award),
        Topic("religion", .person, .religion),
        Topic("spokenLanguage", .person, .language, ["speech"]),
        Topic("ethnicity", .person, .region, ["ethnicity", "origin"]),
        Topic("causeOfDeath", .person, .disease), Topic("eyeColor", .person, .color),
        Topic("orientation", .person, .gender, ["orientation"]),
        Topic("childCount", .person, .number),
        Topic("memberOfTeam", .person, .team, ["team", "playing", "league"]),
        Topic("league", .person, .organisation, ["league", "team"]),
        Topic("instrument", .person, .instrument, ["music"]),
        Topic("genre", .person, .genre, ["music", "genre"]),
        Topic("voice", .person, .genre, ["music", "voice"]), Topic("notableWork", .person, .book),
        Topic("label", .person, .company, ["label"]), Topic("conflict", .person, .battle),
        Topic("author", .book, .person, ["maker"]), Topic("creator", .series, .person, ["maker"]),
        Topic("performer", .song, .person, ["maker", "performer"]),
        Topic("director", .film, .person, ["maker", "director"]),
        Topic("composer", .film, .person, ["maker", "composer"]),
        Topic("cast", .film, .person, ["cast", "performer"]),
        Topic("writtenLanguage", .book, .language, ["speech"]),
        Topic("originalLanguage", .film, .language, ["speech"]),
        Topic("broadcaster", .series, .company, ["broadcaster", "company"]),
        Topic("developer", .software, .company, ["maker", "company"]),
        Topic("manufacturer", .product, .company, ["maker", "company"]),
        Topic("publisher", .game, .company, ["company", "publisher"]),
        Topic("programmingLanguage", .software, .language, ["programming"]),
        Topic("owner", .company, .company, ["company", "owner"]),
        Topic("founder", .company, .person, ["founder", "maker"]),
        Topic("chairperson", .company, .person, ["chair"]),
        Topic("ceo", .company, .person, ["ceo", "chair"]),
        Topic("coach", .team, .person, ["coach", "chair"]),
        Topic("headquarters", .company, .city, ["place", "origin"]),
        Topic("foundingPlace", .company, .city, ["place", "origin"]),
        Topic("sport", .team, .sport, ["sport"]),
        Topic("capital", .country, .city, ["capital"]),
        Topic("capitalOf", .city, .country, ["place", "capital"]),
        Topic("officialLanguage", .country, .language, ["speech"]),
        Topic("headOfState", .country, .person, ["head"]),
        Topic("headOfGovernment", .country, .person, ["head"]),
        Topic("currency", .country, .amount, ["currency"]),
        Topic("anthem", .country, .song, ["anthem"]), Topic("twinCity", .city, .city, ["twin"]),
        Topic("continent", .country, .region, ["place"]),
        Topic("country", .city, .country, ["place", "origin"]),
        Topic("countryOfOrigin", .series, .country, ["place", "origin"]),
        Topic("location", .building, .city, ["place", "origin"]),
        Topic("constellation", .star, .region, ["place"]),
        Topic("follows", .event, .event, ["order"]),
        Topic("followedBy", .event, .event, ["orderAfter"]),
    ]

    private static let byName = Dictionary(
        all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    private init(
        _ name: String, _ subject: EntityKind, _ object: EntityKind, _ areas: Set<String>? = nil
    ) {
        self.name = name
        self.subject = subject
        self.object = object
        self.areas = areas ?? [name]
    }

    /// A topic of its own for a relation that is named; subjects of unknown kind are taken for organisations.
    ///
    /// Relations that share a word ("author", "original author") may mean the same.
    init(relation: String, subject: EntityKind?) {
        let words = WordIndex.words(of: relation).filter { $0.count > 2 }
        self.init(relation.lowercased(), subject ?? .organisation, .number, Set(words))
    }

    /// Wordings, the more special before the more general.
    private static let wordings: [(String, String)] = [
        ("mother tongue", "spokenLanguage"), ("number of children", "childCount"),
        ("twin city", "twinCity"),
        ("twin cities", "twinCity"), (" mother", "mother"), (" father", "father"),
        (" child is", "child"), (" child of", "child"),
        ("'s child", "child"), ("spouse", "spouse"), ("married to", "spouse"),
        ("siblings", "siblings"),
        ("gender", "gender"), (" sex ", "gender"), ("date of birth", "birthdate"),
        ("birth date", "birthdate"),
        ("place of birth", "birthplace"), ("birthplace", "birthplace"),
        ("birth place", "birthplace"),
        ("city of birth", "birthplace"), ("born in", "birthplace"),
        ("place of death", "deathplace"), ("cause of death", "causeOfDeath"),
        ("died in", "deathplace"),
        ("died at", "deathplace"), ("passed away", "deathplace"), ("life ended", "deathplace"),
        ("succumbed at", "deathplace"), ("expired at", "deathplace"),
        ("lost their life", "deathplace"),
        ("live when he died", "deathplace"), (" did {} die", "deathplace"), ("burial", "burial"),
        ("date of {}'s death", "deathdate"), ("date of death", "deathdate"),
        ("citizen", "citizenship"),
        ("nationality", "citizenship"), ("eye color", "eyeColor"),
        ("sexual orientation", "orientation"),
        ("ethnic", "ethnicity"), ("plays the position", "playingPosition"),
        ("plays in the position", "playingPosition"),
        ("which position does {} play", "playingPosition"), ("playing position", "playingPosition"),
        ("{} plays as ", "playingPosition"), ("position held", "office"),
        ("holds the position", "office"),
        ("has the position", "office"), ("holds the title", "office"),
        ("position is that of", "office"),
        ("{}'s position is", "office"), ("field of work", "fieldOfWork"),
        ("works in the field", "fieldOfWork"),
        ("works in the area", "fieldOfWork"), ("domain of ", "fieldOfWork"),
        ("specializes in", "fieldOfWork"),
        ("expertise is", "fieldOfWork"), ("occupation", "occupation"),
        ("profession of", "occupation"),
        ("'s profession", "occupation"), ("works as", "occupation"), ("career", "occupation"),
        ("plays the sport", "playsSport"), ("is a professional", "playsSport"),
        ("what sport does", "playsSport"),
        ("associated with the sport", "sport"), ("employer", "employer"),
        ("employed by", "employer"),
        ("works for", "employer"), ("used to work in", "workplace"), ("worked in", "workplace"),
        ("employed in", "workplace"), ("found employment", "workplace"),
        ("took up work", "workplace"),
        ("alma mater", "education"), ("educated", "education"), ("university", "education"),
        ("college", "education"),
        ("award", "award"), ("religion", "religion"), ("follower of", "religion"),
        ("programming language", "programmingLanguage"), ("original language", "originalLanguage"),
        ("official language", "officialLanguage"), ("law in {} declares", "officialLanguage"),
        ("written in the language", "writtenLanguage"), ("{} was written in", "writtenLanguage"),
        ("language of {}", "originalLanguage"), ("in {}, the language", "officialLanguage"),
        ("in {}, they understand", "officialLanguage"), ("language used by", "spokenLanguage"),
        ("native language", "spokenLanguage"), ("speaks", "spokenLanguage"),
        ("spoke the", "spokenLanguage"),
        ("native speaker", "spokenLanguage"), ("speaker of", "spokenLanguage"),
        ("writes in", "spokenLanguage"),
        ("voice", "voice"), ("plays the instrument", "instrument"), ("{} plays the ", "instrument"),
        ("playing the", "instrument"), ("performing on the", "instrument"),
        ("performs on the", "instrument"),
        ("genre", "genre"), ("type of music", "genre"), ("{} performs ", "genre"),
        ("{} plays ", "genre"),
        ("known for performing", "genre"), ("who plays ", "genre"), ("they play ", "genre"),
        ("famous for", "notableWork"), ("sports team", "memberOfTeam"),
        ("which team", "memberOfTeam"),
        ("league", "league"), ("record label", "label"), ("conflict", "conflict"),
        ("what war", "conflict"),
        ("author", "author"), ("performed by", "performer"), ("director of {} is", "director"),
        ("name of the director", "director"), ("composer", "composer"), ("cast members", "cast"),
        ("origianl broadcaster", "broadcaster"), ("debut", "broadcaster"),
        ("premiere", "broadcaster"),
        ("originally aired", "broadcaster"), ("network broadcast", "broadcaster"),
        ("published", "publisher"),
        ("publisher", "publisher"), ("developed by", "developer"), ("who developed", "developer"),
        ("company that produced", "manufacturer"), ("produced by", "manufacturer"),
        ("product of", "manufacturer"),
        ("manufactured", "manufacturer"), ("manufacturer", "manufacturer"),
        ("created by", "creator"),
        ("owned by", "owner"), ("owner", "owner"), ("founded by", "founder"),
        ("chairperson", "chairperson"),
        ("chief executive", "ceo"), ("head coach", "coach"), ("headquarter", "headquarters"),
        ("is based in", "headquarters"), ("founded in", "foundingPlace"),
        ("formed in", "foundingPlace"),
        ("{} is the capital of", "capitalOf"), ("capital", "capital"),
        ("head of state", "headOfState"),
        ("head of the", "headOfGovernment"), ("currency", "currency"), ("anthem", "anthem"),
        ("continent", "continent"), ("constellation", "constellation"),
        ("country of", "countryOfOrigin"),
        ("the country which", "country"), ("which country", "country"), ("what country", "country"),
        ("located", "location"), ("location", "location"), ("can be found in", "location"),
        ("{} is in ", "location"),
        ("{}, in ", "location"), ("is within", "location"), ("is followed by", "followedBy"),
        ("{} follows", "follows"),
    ]
}
