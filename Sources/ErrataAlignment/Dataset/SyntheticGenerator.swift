/// Makes training pairs out of relations and made-up things; the same seed gives the same pairs.
///
/// One call of ``sample(_:)`` makes a fact, says it in one of its forms, and asks questions that it answers and
/// questions that it only seems to answer. About 58 of 100 pairs are out of scope.
package struct SyntheticGenerator: Sendable {
    static let source = "synthetic"
    private static let inScopeCount = 2
    private static let outOfScopeCount = 3

    let relations: [Relation]
    let maker: EntityMaker
    let openQuestions: [String]
    var random: SeededGenerator
    private let bySubject: [EntityKind: [Int]]
    private let byName: [String: Int]
    private let common: [Relation]
    private static let commonPercent = 40

    /// `pools` are real names by kind, mixed with made-up ones; `openQuestions` have nothing to do with any fact.
    package init(
        relations: [Relation], pools: [EntityKind: [String]] = [:], openQuestions: [String] = [],
        seed: UInt64
    ) {
        precondition(!relations.isEmpty)
        self.relations = relations
        maker = EntityMaker(pools: pools)
        self.openQuestions = openQuestions
        random = SeededGenerator(seed: seed)
        common = relations.filter(\.isCommon)
        bySubject = Dictionary(grouping: relations.indices) { relations[$0].subject }
        byName = Dictionary(relations.indices.map { (relations[$0].name, $0) }) { first, _ in first
        }
    }

    /// Returns the pairs of one made-up fact, about five.
    package mutating func sample(_ number: Int) -> [ScopePair] { items(number).map(\.pair) }

    mutating func items(_ number: Int) -> [ScopeItem] {
        let isCommon = !common.isEmpty && random.chance(SyntheticGenerator.commonPercent)
        let fact = fact(of: random.pick(isCommon ? common : relations))
        let edit = edit(saying: fact)
        var pairs: [ScopePair] = []
        for _ in 0..<SyntheticGenerator.inScopeCount {
            append(inScopePair(of: fact, edit: edit), to: &pairs)
        }
        for _ in 0..<SyntheticGenerator.outOfScopeCount {
            append(outOfScopePair(of: fact, edit: edit), to: &pairs)
        }
        return pairs.map { pair in
            // A chain has an edit of its own, which says something else than the fact.
            let group = pair.edit == edit.text ? fact.relation.name : nil
            return ScopeItem(pair: pair.numbered(number), truth: nil, group: group)
        }
    }

    private func append(_ pair: ScopePair, to pairs: inout [ScopePair]) {
        let isNew = !pairs.contains { $0.question == pair.question && $0.edit == pair.edit }
        let isShort = max(pair.question.utf8.count, pair.edit.utf8.count) <= ScopePair.textBytesMax
        if isNew, isShort { pairs.append(pair) }
    }

    // MARK: Facts and edits

    mutating func fact(of relation: Relation) -> SyntheticFact {
        let subject = maker.make(relation.subject, &random)
        let object = maker.make(relation.object, besides: [subject.name], &random)
        return SyntheticFact(relation: relation, subject: subject, object: object)
    }

    /// Says `fact` as a cloze and its object, or in the form of zsRE as a question and its answer.
    mutating func edit(saying fact: SyntheticFact) -> SyntheticEdit {
        let template =
            random.chance(75)
            ? random.pick(fact.relation.clozes) : random.pick(fact.relation.questions)
        let prompt = template.filled("{s}", with: fact.subject.name)
        var text = "\(prompt) \(fact.object.name)"
        if !prompt.hasSuffix("?"), random.chance(15), !text.hasSuffix(".") { text += "." }
        return SyntheticEdit(text: text, template: template, prompt: prompt)
    }

    /// Asks `relation` about `name`: a question in two of three cases, else a cloze.
    mutating func question(_ relation: Relation, about name: String) -> String {
        let isQuestion = random.chance(65)
        let template = isQuestion ? random.pick(relation.questions) : random.pick(relation.clozes)
        return QuestionNoise.apply(to: template.filled("{s}", with: name), &random)
    }

    /// Returns a relation of the same subject kind that is neither `relation` nor one of its siblings.
    mutating func otherRelation(than relation: Relation) -> Relation? {
        let candidates = bySubject[relation.subject] ?? []
        let taken = relation.siblings + [relation.name]
        guard
            let index = random.pick(
                candidates,
                where: { other in
                    !taken.contains(relations[other].name)
                        && !relations[other].siblings.contains(relation.name)
                })
        else { return nil }
        return relations[index]
    }

    mutating func sibling(of relation: Relation) -> Relation? {
        guard !relation.siblings.isEmpty, let index = byName[random.pick(relation.siblings)] else {
            return nil
        }
        return relations[index]
    }

    /// Returns a relation whose subjects are of `kind`.
    mutating func relation(about kind: EntityKind) -> Relation? {
        guard let candidates = bySubject[kind] else { return nil }
        return relations[random.pick(candidates)]
    }

    /// Returns the first relation of a two-hop question: its objects are subjects of others.
    mutating func firstOfPath() -> Relation? {
        random.pick(relations, tryCountMax: 60) { bySubject[$0.object] != nil }
    }
}

/// A made-up fact.
struct SyntheticFact: Sendable {
    let relation: Relation
    let subject: Entity
    let object: Entity
}

/// A made-up fact said in one form.
struct SyntheticEdit: Sendable {
    let text: String
    let template: String
    /// What the object completes.
    let prompt: String
}

extension String {
    /// Returns the text with `hole` replaced; of two articles that meet, one is left.
    func filled(_ hole: String, with name: String) -> String {
        guard let place = firstRange(of: hole) else { return self }
        let before = self[..<place.lowerBound]
        let hasTwo = before.lowercased().hasSuffix("the ") && name.lowercased().hasPrefix("the ")
        return before + (hasTwo ? String(name.dropFirst(4)) : name) + self[place.upperBound...]
    }
}
