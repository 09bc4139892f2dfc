/// Questions that the edit seems to answer and does not.
extension SyntheticGenerator {
    private enum Kind: Sendable {
        case otherRelation, sibling, nearName, otherSubject, inverseMismatch, swapped, bridge
        case exclusion, open
    }

    private static let weights: [(Kind, Int)] = [
        (.otherRelation, 21), (.sibling, 18), (.nearName, 20), (.otherSubject, 13),
        (.inverseMismatch, 7), (.swapped, 4), (.bridge, 11), (.exclusion, 5), (.open, 1),
    ]

    mutating func outOfScopePair(of fact: SyntheticFact, edit: SyntheticEdit) -> ScopePair {
        let pair: ScopePair? =
            switch random.pick(weighted: SyntheticGenerator.weights) {
            case .otherRelation: otherRelation(fact, edit)
            case .sibling: sibling(fact, edit)
            case .nearName: nearName(fact, edit)
            case .otherSubject: nil
            case .inverseMismatch: inverseMismatch(fact, edit)
            case .swapped: swapped()
            case .bridge: bridge()
            case .exclusion: exclusion(fact, edit)
            case .open: open(fact, edit)
            }
        if let pair { return pair }
        let near = random.chance(40) ? nearName(fact, edit) : nil
        return near ?? otherSubject(fact, edit)
    }

    private func refused(
        _ question: String, _ edit: String, _ kind: String, subject: String
    ) -> ScopePair {
        ScopePair(
            question: question, edit: edit, answer: nil, kind: kind, subject: subject,
            source: SyntheticGenerator.source, sample: 0)
    }

    /// The same template or another, about another subject.
    private mutating func otherSubject(
        _ fact: SyntheticFact, _ edit: SyntheticEdit
    ) -> ScopePair {
        let other = maker.make(
            fact.relation.subject, besides: [fact.subject.name, fact.object.name], &random)
        let asked =
            random.chance(50)
            ? edit.template.filled("{s}", with: other.name)
            : question(fact.relation, about: other.name)
        return refused(asked, edit.text, "otherSubject", subject: fact.subject.name)
    }

    private mutating func nearName(_ fact: SyntheticFact, _ edit: SyntheticEdit) -> ScopePair? {
        let isPerson = fact.relation.subject == .person || fact.relation.subject == .character
        let near = NearName.of(fact.subject.name, isPerson: isPerson, &random)
        // Another name of the same thing would be asked about rightly.
        guard !fact.subject.aliases.contains(where: { $0.lowercased() == near.lowercased() }) else {
            return nil
        }
        let asked =
            random.chance(50)
            ? edit.template.filled("{s}", with: near) : question(fact.relation, about: near)
        return refused(asked, edit.text, "nearName", subject: fact.subject.name)
    }

    private mutating func otherRelation(
        _ fact: SyntheticFact, _ edit: SyntheticEdit
    ) -> ScopePair? {
        guard let other = otherRelation(than: fact.relation) else { return nil }
        return refused(
            question(other, about: askedName(of: fact.subject)), edit.text, "otherRelation",
            subject: fact.subject.name)
    }

    private mutating func sibling(_ fact: SyntheticFact, _ edit: SyntheticEdit) -> ScopePair? {
        guard let other = sibling(of: fact.relation) else { return otherRelation(fact, edit) }
        return refused(
            question(other, about: askedName(of: fact.subject)), edit.text, "sibling",
            subject: fact.subject.name)
    }

    /// Returns the name, now and then an alias, so that an alias alone does not say "in scope".
    private mutating func askedName(of subject: Entity) -> String {
        guard !subject.aliases.isEmpty, random.chance(15) else { return subject.name }
        return random.pick(subject.aliases)
    }

    /// Asks for the subject: of another object, of a near name, or by another relation.
    private mutating func inverseMismatch(
        _ fact: SyntheticFact, _ edit: SyntheticEdit
    ) -> ScopePair? {
        guard !fact.relation.inverse.isEmpty else { return nil }
        var (relation, name) = (fact.relation, fact.object.name)
        switch random.below(3) {
        case 0:
            name = maker.make(relation.object, besides: [name, fact.subject.name], &random).name
        case 1: name = NearName.of(name, isPerson: relation.object == .person, &random)
        default:
            guard
                let other = random.chance(60)
                    ? sibling(of: relation) : otherRelation(than: relation),
                other.object == relation.object, !other.inverse.isEmpty
            else { return nil }
            relation = other
        }
        let template = random.pick(relation.inverse)
        // Father and mother both have a child: the other relation's words may ask for this one too.
        guard name != fact.object.name || !fact.relation.inverse.contains(template) else {
            return nil
        }
        let asked = template.filled("{o}", with: name)
        return refused(
            QuestionNoise.apply(to: asked, &random), edit.text, "inverseMismatch",
            subject: fact.subject.name)
    }

    /// Asks the relation the wrong way round, as for the mother of the mother.
    private mutating func swapped() -> ScopePair? {
        // A relation that holds both ways, like marriage, would be answered rightly.
        guard
            let relation = random.pick(
                relations, tryCountMax: 60,
                where: { $0.subject == $0.object && !$0.isSymmetric })
        else { return nil }
        let fact = fact(of: relation)
        let edit = edit(saying: fact)
        return refused(
            question(relation, about: fact.object.name), edit.text, "swapped",
            subject: fact.subject.name)
    }

    private mutating func exclusion(_ fact: SyntheticFact, _ edit: SyntheticEdit) -> ScopePair? {
        let template =
            random.chance(70)
            ? random.pick(fact.relation.clozes) : random.pick(fact.relation.questions)
        let asked = template.filled("{s}", with: fact.subject.name)
        guard let excluded = Exclusion.of(asked, excluding: fact.object.name, &random) else {
            return nil
        }
        return refused(excluded, edit.text, "exclusion", subject: fact.subject.name)
    }

    private mutating func open(_ fact: SyntheticFact, _ edit: SyntheticEdit) -> ScopePair? {
        guard !openQuestions.isEmpty else { return nil }
        return refused(
            random.pick(openQuestions), edit.text, "open", subject: fact.subject.name)
    }

    /// Two-hop questions against half of a path or a wrong one, and a path against a single question.
    private mutating func bridge() -> ScopePair? {
        guard let path = makePath() else { return nil }
        let asked = question(path.second.relation, about: path.bridge)
        let subject = path.first.subject.name
        switch random.below(10) {
        case 0, 1, 2: return refused(asked, path.firstEdit, "bridge", subject: subject)
        case 3, 4:
            return refused(asked, path.secondEdit, "bridge", subject: path.second.subject.name)
        case 5, 6:
            guard let other = otherRelation(than: path.second.relation) else { return nil }
            return refused(
                question(other, about: path.bridge), path.edit, "bridgeWrongEnd", subject: subject)
        case 7:
            guard let other = relationLike(path.first.relation) else { return nil }
            let wrong = other.phrase.filled("{s}", with: subject)
            return refused(
                question(path.second.relation, about: wrong), path.edit, "bridgeWrongStart",
                subject: subject)
        case 8:
            let near = NearName.of(
                subject, isPerson: path.first.relation.subject == .person, &random)
            let wrong = path.first.relation.phrase.filled("{s}", with: near)
            return refused(
                question(path.second.relation, about: wrong), path.edit, "bridgeWrongName",
                subject: subject)
        default:
            return refused(
                question(path.first.relation, about: subject), path.edit, "bridgeSingle",
                subject: subject)
        }
    }

    /// Returns another relation between the same kinds.
    private mutating func relationLike(_ relation: Relation) -> Relation? {
        random.pick(relations, tryCountMax: 100) {
            $0.subject == relation.subject && $0.object == relation.object
                && $0.name != relation.name
        }
    }
}

extension Relation {
    private static let symmetric = [
        "spouse", "sibling", "partner", "twin", "sister city", "neighbour", "neighbor", "border",
        "friend", "cousin",
        "brother", "sister", "rival", "co-", "relative", "colleague", "adjacent", "opponent",
        "married", "homonym",
        "classmate", "ally", "enemy", "collaborator", "interact",
    ]

    /// Whether the relation holds the other way round too.
    var isSymmetric: Bool {
        let name = name.lowercased()
        if Relation.symmetric.contains(where: { name.contains($0) }) { return true }
        let asked = Set(questions.map { $0.replacing("{s}", with: "{o}") })
        return inverse.contains { asked.contains($0) }
    }
}
