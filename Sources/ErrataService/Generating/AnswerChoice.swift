import ErrataCore
import ErrataJournal
import ErrataModels

/// What a language model is shown.
package enum GenerationMethod: String, CaseIterable, Sendable {
    /// The facts nearest to the question, whatever they are about ("Learning to Edit", section 3.3).
    case lte
    /// The facts in scope, and no prompt around the question where there is none.
    case errata

    /// Which rules put the prompt together; part of the hash.
    var version: String { "\(rawValue) 1" }

    var kind: ModelRegistration.Kind {
        switch self {
        case .lte: .lte
        case .errata: .errata
        }
    }

    /// How many facts are considered where the question does not say it: for `lte` the paper's number.
    var candidateCountDefault: Int {
        switch self {
        case .lte: 3
        case .errata: AskRequest.candidateCountDefault
        }
    }
}

/// What is to answer a question.
enum AnswerChoice: Sendable {
    case judging(ModelRegistration)
    case generating(GenerationChoice)
}

/// A language model, and what it is shown.
struct GenerationChoice: Hashable, Sendable {
    let method: GenerationMethod
    /// The language model's name.
    let model: String
    /// What the hash must be, for an ask that names one.
    var expected: Digest?

    /// What the registration is called: `tiny.errata`.
    var name: String { "\(model).\(method.rawValue)" }

    init(method: GenerationMethod, model: String, expected: Digest? = nil) {
        self.method = method
        self.model = model
        self.expected = expected
    }

    /// Nil unless `name` is a language model's with an answerer's behind it.
    init?(registered name: String) {
        guard let dot = name.lastIndex(of: "."),
            let method = GenerationMethod(rawValue: String(name[name.index(after: dot)...]))
        else { return nil }
        self.init(method: method, model: String(name[..<dot]))
    }
}

extension KnowledgeBase {
    /// Returns what is to answer: `answerer` is lookup, reader, lte or errata, `model` a language model or
    /// what 'errata models answerers' lists; nil leaves the choice to the daemon.
    func choice(answerer: String?, model name: String?) throws(ServiceError) -> AnswerChoice {
        guard let answerer else { return try choice(model: name) }
        guard let method = GenerationMethod(rawValue: answerer) else {
            let judge = try model(named: answerer)
            guard name == nil else {
                throw ServiceError(
                    .invalidRequest, "the answerer '\(answerer)' needs no language model",
                    hint: "Those that do are lte and errata.")
            }
            return .judging(judge)
        }
        return .generating(GenerationChoice(method: method, model: try languageModel(name)))
    }

    private func choice(model name: String?) throws(ServiceError) -> AnswerChoice {
        guard let name else { return try defaultChoice() }
        let names = languageModels.names
        if names.contains(name) {
            return .generating(GenerationChoice(method: .errata, model: name))
        }
        if let choice = GenerationChoice(registered: name), names.contains(choice.model) {
            return .generating(choice)
        }
        if let choice = try generationChoice(hash: name) { return .generating(choice) }
        return .judging(try model(named: name))
    }

    /// Returns the language model that was registered under a hash which begins so.
    private func generationChoice(hash: String) throws(ServiceError) -> GenerationChoice? {
        guard hash.utf8.count >= KnowledgeBase.hashDigitsMin else { return nil }
        let names = languageModels.names
        let matches = Set(
            try wrapping { try journal.models() }.map(\.model).filter {
                $0.hash.hex.hasPrefix(hash)
            })
        guard matches.count == 1, let model = matches.first,
            var choice = GenerationChoice(registered: model.name), names.contains(choice.model)
        else { return nil }
        choice.expected = model.hash
        return choice
    }

    /// What answers where a question does not say it.
    func defaultChoice() throws(ServiceError) -> AnswerChoice {
        let (answerer, model) = (configuration.answerer, configuration.languageModel)
        guard answerer != nil || model != nil else { return .judging(models.registrations[0]) }
        return try choice(answerer: answerer ?? GenerationMethod.errata.rawValue, model: model)
    }

    /// Returns the language model that is meant: the one that is named, the daemon's, the only one that was added,
    /// the small one in the program.
    private func languageModel(_ name: String?) throws(ServiceError) -> String {
        let names = languageModels.names
        if let name = name ?? configuration.languageModel {
            return try languageModels.source(named: name).name
        }
        let added = names.filter { $0 != LanguageModelSource.embedded.name }
        guard added.count <= 1 else {
            throw ServiceError(
                .invalidRequest, "it is not said which language model is to answer",
                hint: "Name one with --model: \(names.joined(separator: ", ")).")
        }
        return added.first ?? LanguageModelSource.embedded.name
    }

    /// Returns what the journal knows a language model by, with what it is shown.
    ///
    /// The hash covers what judges the facts: it decides which of them the model sees.
    func registration(
        of choice: GenerationChoice, _ turn: LanguageModels.Turn
    ) throws(ServiceError) -> ModelRegistration {
        let judge = models.registrations[0]
        let hash = Digest.sha256(
            Array(choice.method.version.utf8) + judge.hash.bytes + turn.backend.identity)
        guard choice.expected == nil || choice.expected == hash else {
            throw ServiceError(
                .unknownModel, "'\(choice.model)' is not what it was under that hash",
                hint: "Now it is \(hash.hex.prefix(12)): its files are others, or what judges is.")
        }
        return try wrapping {
            try ModelRegistration(
                name: choice.name, kind: choice.method.kind, hash: hash, encoder: judge.encoder,
                precision: turn.source.precision)
        }
    }
}
