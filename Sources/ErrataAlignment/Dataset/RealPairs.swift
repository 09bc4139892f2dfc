/// Makes pairs of the edits of real data sets: their own questions, and those of other edits as negatives.
struct RealPairs: Sendable {
    /// For each pair in scope so many in 100 are made out of scope.
    private static let outOfScopePercent = 135

    let records: [SourceRecord]
    private let topics: [Topic?]
    private let byTemplate: [String: [Int]]
    private let bySubject: [String: [Int]]
    /// Questions with the subject cut out, by the kind of their subject.
    private let templates: [EntityKind: [MinedTemplate]]
    private let templatesByTopic: [String: [MinedTemplate]]
    private let index: WordIndex
    var random: SeededGenerator

    struct MinedTemplate: Sendable {
        let text: String
        let topic: Topic
    }

    init(_ records: [SourceRecord], seed: UInt64) {
        self.records = records
        topics = records.map(\.topic)
        var byTemplate: [String: [Int]] = [:]
        var bySubject: [String: [Int]] = [:]
        var mined: [MinedTemplate] = []
        for (number, record) in records.enumerated() {
            bySubject[record.subject.lowercased(), default: []].append(number)
            if let template = record.template { byTemplate[template, default: []].append(number) }
            guard let topic = topics[number] else { continue }
            for question in record.questions
            where question.kind == "direct" || question.kind == "rephrase" {
                if let text = question.text.cut(record.subject) {
                    mined.append(MinedTemplate(text: text, topic: topic))
                }
            }
        }
        (self.byTemplate, self.bySubject) = (byTemplate, bySubject)
        templates = Dictionary(grouping: mined, by: \.topic.subject)
        templatesByTopic = Dictionary(grouping: mined, by: \.topic.name)
        index = WordIndex(records.map(\.edit))
        random = SeededGenerator(seed: seed)
    }

    /// Returns the pairs of one record, those in scope first.
    mutating func items(of number: Int, sample: Int) -> [ScopeItem] {
        let record = records[number]
        var pairs: [ScopeItem] = []
        func add(
            _ question: String, _ answer: ScopePair.Answer?, _ kind: String, _ truth: String? = nil
        ) {
            let isNew = !pairs.contains { $0.pair.question == question }
            guard isNew, question.utf8.count <= ScopePair.textBytesMax,
                record.edit.utf8.count <= ScopePair.textBytesMax
            else { return }
            let pair = ScopePair(
                question: question, edit: record.edit, answer: answer, kind: kind,
                subject: record.subject, source: record.source, sample: sample)
            // Some sets say that nothing is known by an empty text.
            let known = truth.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
            pairs.append(ScopeItem(pair: pair, truth: known, group: record.template))
        }
        for question in record.questions {
            guard let answer = question.answer else { continue }
            let truth = answer.part == .object ? record.truth : nil
            add(question.text, answer, question.kind, truth)
        }
        for (text, kind) in moreInScope(number) {
            add(text, .found(record.object, as: .object, in: record.edit), kind, record.truth)
        }
        let inScopeCount = pairs.count
        let outCount = inScopeCount * RealPairs.outOfScopePercent / 100
        for question in record.questions where question.answer == nil {
            add(question.text, nil, question.kind, question.truth)
        }
        var tries = 0
        while pairs.count < inScopeCount + outCount, tries < 3 * outCount {
            tries += 1
            if let (text, kind) = negative(of: number) { add(text, nil, kind) }
        }
        return pairs
    }

    // MARK: In scope

    /// Topics whose templates all ask for the same thing, whatever their wording.
    private static let strictTopics: Set<String> = [
        "citizenship", "spokenLanguage", "deathplace", "birthplace", "religion", "broadcaster",
        "playingPosition",
        "headquarters", "continent", "author", "spouse", "capital", "founder", "chairperson", "ceo",
        "coach",
        "employer", "gender", "mother", "father", "officialLanguage", "child", "occupation",
        "originalLanguage",
    ]

    /// More ways to ask what the edit answers: by alias, in other sets' words, as people type.
    private mutating func moreInScope(_ number: Int) -> [(String, String)] {
        let record = records[number]
        let asked = record.questions.filter { $0.answer?.part == .object }.map(\.text)
        guard !asked.isEmpty else { return [] }
        var more: [(String, String)] = []
        if let topic = topics[number], RealPairs.strictTopics.contains(topic.name),
            random.chance(60),
            let other = templatesByTopic[topic.name].map({ random.pick($0) })
        {
            let text = other.text.filled("{}", with: record.subject)
            more.append((QuestionNoise.apply(to: text, &random), "rephrase"))
        }
        let isPerson = topics[number]?.subject == .person
        let aliases =
            isPerson
            ? PersonNames.aliases(of: record.subject, &random)
            : Alias.ofThing(record.subject, &random)
        if !aliases.isEmpty, random.chance(isPerson ? 45 : 30) {
            let question = random.pick(asked)
            if let template = question.cut(record.subject) {
                more.append((template.filled("{}", with: random.pick(aliases)), "alias"))
            }
        }
        if random.chance(30) {
            more.append((QuestionNoise.apply(to: random.pick(asked), &random), "rephrase"))
        }
        return more
    }

    // MARK: Out of scope

    private enum Negative {
        case otherRelation, sameSubject, nearName, otherSubject, near, exclusion
    }

    private static let weights: [(Negative, Int)] = [
        (.otherRelation, 32), (.sameSubject, 12), (.nearName, 21), (.otherSubject, 20), (.near, 8),
        (.exclusion, 7),
    ]

    private mutating func negative(of number: Int) -> (String, String)? {
        let record = records[number]
        switch random.pick(weighted: RealPairs.weights) {
        case .otherRelation:
            guard let topic = topics[number], let others = templates[topic.subject],
                let other = random.pick(others, where: { $0.topic.isApart(from: topic) })
            else { return nil }
            let text = other.text.filled("{}", with: record.subject)
            return (QuestionNoise.apply(to: text, &random), "otherRelation")
        case .sameSubject: return sameSubject(number)
        case .nearName:
            guard let text = askedTemplate(record) else { return nil }
            let near = NearName.of(
                record.subject, isPerson: topics[number]?.subject == .person, &random)
            return (text.filled("{}", with: near), "nearName")
        case .otherSubject: return otherSubject(number)
        case .near: return nearQuestion(number)
        case .exclusion:
            guard let text = Exclusion.of(record.prompt, excluding: record.object, &random) else {
                return nil
            }
            return (text, "exclusion")
        }
    }

    /// A question that another edit of the same subject answers.
    private mutating func sameSubject(_ number: Int) -> (String, String)? {
        guard let topic = topics[number], let same = bySubject[records[number].subject.lowercased()]
        else { return nil }
        guard
            let other = random.pick(
                same, where: { topics[$0].map { $0.isApart(from: topic) } ?? false }),
            let text = asked(records[other])
        else { return nil }
        return (text, "otherRelation")
    }

    private mutating func otherSubject(_ number: Int) -> (String, String)? {
        let record = records[number]
        guard let template = record.template, let same = byTemplate[template],
            let other = random.pick(
                same, where: { records[$0].subject.lowercased() != record.subject.lowercased() }),
            let text = asked(records[other]), !text.holdsName(record.subject)
        else { return nil }
        return (text, "otherSubject")
    }

    /// The question of an edit that shares rare words with this one and is about something else.
    private mutating func nearQuestion(_ number: Int) -> (String, String)? {
        let record = records[number]
        let near = index.nearest(3, to: record.edit) { other in
            !record.isAboutSame(as: records[other])
        }
        guard !near.isEmpty, let text = asked(records[random.pick(near)]),
            !text.holdsName(record.subject)
        else { return nil }
        return (text, "distractor")
    }

    /// Returns a question that asks for the object.
    private mutating func asked(_ record: SourceRecord) -> String? {
        let asked = record.questions.filter { $0.answer?.part == .object && $0.kind != "alias" }
        return asked.isEmpty ? nil : random.pick(asked).text
    }

    /// Returns such a question with the subject cut out.
    private mutating func askedTemplate(_ record: SourceRecord) -> String? {
        asked(record)?.cut(record.subject)
    }

    /// Returns pairs of a question that no edit answers with the edits nearest to it.
    func open(_ question: String, source: String, count: Int, sample: Int) -> [ScopeItem] {
        let near = index.nearest(count, to: question) { !question.holdsName(records[$0].subject) }
        return near.filter { records[$0].edit.utf8.count <= ScopePair.textBytesMax }.map { number in
            let pair = ScopePair(
                question: question, edit: records[number].edit, answer: nil, kind: "open",
                subject: records[number].subject, source: source, sample: sample)
            return ScopeItem(pair: pair, truth: nil, group: nil)
        }
    }
}

extension SourceRecord {
    /// What the edit is about, from the name of its relation or else from its wording.
    fileprivate var topic: Topic? {
        let known = template.flatMap(Topic.of)
        return relation.map { Topic(relation: $0, subject: known?.subject) } ?? known
    }

    /// Whether the subjects have the same name or one name holds the other.
    fileprivate func isAboutSame(as other: SourceRecord) -> Bool {
        subject.holdsName(other.subject) || other.subject.holdsName(subject)
    }
}

extension String {
    /// Returns the text with `name`, which must stand there once, replaced by `{}`.
    func cut(_ name: String) -> String? {
        let parts = split(separator: name, omittingEmptySubsequences: false)
        return parts.count == 2 ? parts.joined(separator: "{}") : nil
    }

    /// Whether `name` stands in the text, case aside.
    func holdsName(_ name: String) -> Bool { lowercased().contains(name.lowercased()) }
}
