import Foundation

/// Held-back pairs as a store of facts and questions to it.
package struct CalibrationSet {
    /// A fact as far as a pair tells it.
    package struct Fact: Sendable {
        package let subject: String
        package let object: String
        package let statement: String

        /// What the object completes, if the statement ends with it.
        package var prompt: String? {
            guard statement.hasSuffix(" " + object) else { return nil }
            return String(statement.dropLast(object.count + 1))
        }

        /// The fact as a line of Errata's format.
        package func line(key: String) throws -> [UInt8] {
            var fields = ["key": key, "subject": subject, "object": object, "statement": statement]
            if let prompt { fields["prompt"] = prompt }
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return Array(try encoder.encode(fields)) + [UInt8(ascii: "\n")]
        }
    }

    /// A question and what is known of its answers.
    package struct Question: Sendable {
        package let text: String
        fileprivate var subjects: Set<String> = []
        fileprivate var inScope: Set<String> = []
        fileprivate var outOfScope: Set<String> = []

        fileprivate init(_ text: String) { self.text = text }

        /// Whether a fact answers the question; nil if the pairs do not tell.
        ///
        /// Facts about other subjects than the question's pairs are taken not to; another fact about the
        /// same subject may say the same in other words.
        package func isAnswered(by statement: String, about subject: String?) -> Bool? {
            if inScope.contains(statement) { return true }
            if outOfScope.contains(statement) { return false }
            return subject.map(subjects.contains) ?? true ? nil : false
        }
    }

    private static let chainKinds: Set<String> = ["path", "reasoning"]

    package private(set) var facts: [Fact] = []
    package private(set) var chains: [ScopePair] = []
    private var statements: Set<String> = []
    private var questions: [String: Question] = [:]

    package init() {}

    package mutating func add(_ pair: ScopePair) {
        if pair.kind == "path" || pair.kind.hasPrefix("bridgeWrong") {
            return chains.append(pair)
        }
        guard !Self.chainKinds.contains(pair.kind) else { return }
        if let answer = pair.answer, answer.part == .object, answer.span != nil,
            statements.insert(pair.edit).inserted
        {
            facts.append(Fact(subject: pair.subject, object: answer.text, statement: pair.edit))
        }
        var question = questions[pair.question] ?? Question(pair.question)
        question.subjects.insert(pair.subject)
        if pair.isInScope {
            question.inScope.insert(pair.edit)
        } else {
            question.outOfScope.insert(pair.edit)
        }
        questions[pair.question] = question
    }

    /// Returns some of the questions, always the same ones.
    package func questions(limit: Int) -> [Question] {
        var random = SeededGenerator(seed: 1)
        var all = questions.values.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
        random.shuffle(&all)
        return Array(all.prefix(limit))
    }
}
