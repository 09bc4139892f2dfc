/// Facts and questions for measuring, made like the pairs to train on.
extension SyntheticGenerator {
    /// A made-up fact with its parts.
    package struct Statement: Sendable {
        package let subject: String
        package let object: String
        package let prompt: String
        package let statement: String

        init(_ fact: SyntheticFact, _ edit: SyntheticEdit) {
            subject = fact.subject.name
            object = fact.object.name
            prompt = edit.prompt
            statement = edit.text
        }
    }

    /// Two facts, the second about the first's object, and a question that takes both.
    package struct Chain: Sendable {
        package let first: Statement
        package let second: Statement
        /// Asks for the second's object by way of the first.
        package let question: String
        /// Asks for the first's object.
        package let firstQuestion: String
        /// Other facts about the first's subject and its object.
        package let others: [Statement]
    }

    /// Returns a chain, nil if none comes of this try.
    package mutating func chain() -> Chain? {
        guard let path = makePath() else { return nil }
        let others = [path.first, path.second].compactMap { fact -> Statement? in
            guard let relation = otherRelation(than: fact.relation) else { return nil }
            let object = self.fact(of: relation).object
            let other = SyntheticFact(relation: relation, subject: fact.subject, object: object)
            return Statement(other, edit(saying: other))
        }
        return Chain(
            first: Statement(path.first, edit(saying: path.first)),
            second: Statement(path.second, edit(saying: path.second)),
            question: question(path.second.relation, about: path.bridge),
            firstQuestion: question(path.first.relation, about: path.first.subject.name),
            others: others)
    }

    /// Returns a fact, and a question in words of its own that it answers.
    package mutating func asked() -> (fact: Statement, question: String) {
        let fact = fact(of: random.pick(relations))
        let statement = Statement(fact, edit(saying: fact))
        return (statement, question(fact.relation, about: fact.subject.name))
    }

    /// Returns a fact whose object others are about.
    package mutating func statement() -> Statement? {
        guard let relation = firstOfPath() else { return nil }
        let fact = fact(of: relation)
        return Statement(fact, edit(saying: fact))
    }
}
