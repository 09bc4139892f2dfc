/// Questions that the edit answers.
extension SyntheticGenerator {
    private enum Kind: Sendable {
        case direct, rephrase, alias, inverse, telegraphic, path, exclusionOther
    }

    private static let weights: [(Kind, Int)] = [
        (.direct, 16), (.rephrase, 36), (.alias, 23), (.inverse, 13), (.telegraphic, 4), (.path, 9),
        (.exclusionOther, 1),
    ]

    mutating func inScopePair(of fact: SyntheticFact, edit: SyntheticEdit) -> ScopePair {
        switch random.pick(weighted: SyntheticGenerator.weights) {
        case .direct: return answered(edit.prompt, edit, fact, "direct")
        case .alias:
            guard !fact.subject.aliases.isEmpty else { break }
            let asked = question(fact.relation, about: random.pick(fact.subject.aliases))
            return answered(asked, edit, fact, "alias")
        case .inverse:
            guard !fact.relation.inverse.isEmpty else { break }
            return inverse(of: fact, edit: edit)
        case .telegraphic: return answered(telegram(of: fact), edit, fact, "telegraphic")
        case .path: if let pair = path() { return pair }
        case .exclusionOther:
            let asked = random.pick(fact.relation.clozes).filled("{s}", with: fact.subject.name)
            let other = maker.make(
                fact.relation.object, besides: [fact.object.name], &random)
            if let excluded = Exclusion.of(asked, excluding: other.name, &random) {
                return answered(excluded, edit, fact, "exclusionOther")
            }
        case .rephrase: break
        }
        return answered(
            question(fact.relation, about: fact.subject.name), edit, fact, "rephrase")
    }

    private func answered(
        _ question: String, _ edit: SyntheticEdit, _ fact: SyntheticFact, _ kind: String
    ) -> ScopePair {
        ScopePair(
            question: question, edit: edit.text,
            answer: .found(fact.object.name, as: .object, in: edit.text), kind: kind,
            subject: fact.subject.name, source: SyntheticGenerator.source, sample: 0)
    }

    private mutating func inverse(of fact: SyntheticFact, edit: SyntheticEdit) -> ScopePair {
        let hasAlias = !fact.object.aliases.isEmpty && random.chance(10)
        let name = hasAlias ? random.pick(fact.object.aliases) : fact.object.name
        let asked = random.pick(fact.relation.inverse).filled("{o}", with: name)
        return ScopePair(
            question: QuestionNoise.apply(to: asked, &random), edit: edit.text,
            answer: .found(fact.subject.name, as: .subject, in: edit.text), kind: "inverse",
            subject: fact.subject.name, source: SyntheticGenerator.source, sample: 0)
    }

    /// Writes the name and the relation as one types them into a search box.
    private mutating func telegram(of fact: SyntheticFact) -> String {
        let (name, relation) = (fact.subject.name, fact.relation.name)
        return random.pick([
            "\(name) \(relation)", "\(relation) \(name)", "\(name.lowercased()) \(relation)",
            "\(relation) of \(name)?", "\(name): \(relation)?", "\(name) \(relation)?",
        ])
    }

    private mutating func path() -> ScopePair? {
        guard let path = makePath() else { return nil }
        let edit = path.edit
        return ScopePair(
            question: question(path.second.relation, about: path.bridge), edit: edit,
            answer: .found(path.second.object.name, as: .object, in: edit), kind: "path",
            subject: path.first.subject.name, source: SyntheticGenerator.source, sample: 0)
    }

    /// Makes two facts, the second about the first's object.
    mutating func makePath() -> SyntheticPath? {
        guard let relation = firstOfPath() else { return nil }
        let first = fact(of: relation)
        guard let next = self.relation(about: relation.object) else { return nil }
        let end = maker.make(
            next.object, besides: [first.subject.name, first.object.name], &random)
        let second = SyntheticFact(relation: next, subject: first.object, object: end)
        return SyntheticPath(
            first: first, second: second, firstEdit: edit(saying: first).text,
            secondEdit: edit(saying: second).text)
    }
}

/// Two facts of a chain, each said in one form.
struct SyntheticPath: Sendable {
    let first: SyntheticFact
    let second: SyntheticFact
    let firstEdit: String
    let secondEdit: String

    /// Names the first fact's object without its name.
    var bridge: String { first.relation.phrase.filled("{s}", with: first.subject.name) }

    /// The path reading: both statements in one line.
    var edit: String { SyntheticPath.joined(firstEdit, secondEdit) }

    static func joined(_ first: String, _ second: String) -> String {
        first.hasSuffix(".") ? "\(first) \(second)" : "\(first). \(second)"
    }
}
