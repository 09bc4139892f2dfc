import ErrataCore
package import ErrataModels
package import ErrataService

/// A language model that is asked with edits in its prompt, or with none.
package struct PromptMethod: EvaluatedMethod {
    /// Which edits it is shown.
    package enum Showing: Sendable {
        case nothing
        /// What the daemon would show.
        case facts(GenerationMethod)
    }

    /// A model, and what is known of how it answers.
    package struct Model: Sendable {
        package let language: LanguageModel
        /// Its words for having no answer.
        let abstention: String?
        /// Whether it is asked where no edit is shown.
        let answersAlone: Bool

        package init(_ language: LanguageModel) {
            (self.language, abstention, answersAlone) = (language, nil, true)
        }

        /// Returns the small decoder that is part of the program.
        package static func embedded() throws(ModelError) -> Model {
            Model(embedded: try EmbeddedDecoder.load(threads: 1))
        }

        private init(embedded language: LanguageModel) {
            self.language = language
            (abstention, answersAlone) = (EmbeddedDecoder.noAnswer, false)
        }
    }

    package let name: String
    package let identity: String
    package let scoresTokens = true
    package var byteCount: Int? { model.language.decoder.byteCount }
    private let model: Model
    private let showing: Showing
    private let strictness: Strictness
    private let k: Int?
    private let tokenCountMax: Int
    private let store: EvaluationStore

    package init(
        _ name: String, _ model: Model, showing: Showing, strictness: Strictness = .normal,
        k: Int? = nil, tokenCountMax: Int, store: EvaluationStore
    ) throws {
        self.name = strictness == .normal ? name : "\(name):\(strictness.rawValue)"
        self.model = model
        self.showing = showing
        self.strictness = strictness
        self.k = k
        self.tokenCountMax = tokenCountMax
        self.store = store
        identity = try model.language.hexIdentity
    }

    package func respond(
        to question: String, target: String?, at version: EvaluationVersion?
    ) async throws -> MethodResponse {
        var response = MethodResponse()
        var prompt = question
        if let version, case .facts(let method) = showing {
            let shown = try await shown(question, version, method)
            response.candidates = shown.candidates
            response.objects = shown.facts.compactMap(\.object)
            guard let text = shown.text else { return response }
            prompt = text
        }
        guard model.answersAlone || !response.objects.isEmpty else { return response }
        let said = try model.language.methodResponse(
            to: prompt, target: target, tokenCountMax: tokenCountMax)
        response.text = said.text == model.abstention ? nil : said.text
        response.tokens = said.tokens
        response.isTooLong = said.isTooLong
        return response
    }

    /// What the model is asked with.
    private struct Shown {
        /// Nil if there is to be no answer.
        var text: String?
        var candidates: [FactID] = []
        var facts: [Fact] = []
    }

    private func shown(
        _ question: String, _ version: EvaluationVersion, _ method: GenerationMethod
    ) async throws -> Shown {
        var request = AskRequest(
            question: question, at: version.revision, k: k, strictness: strictness)
        guard let order = version.shown else {
            let prompt = try await store.knowledge.prompt(for: request, method)
            return Shown(
                text: prompt.isWithheld ? nil : prompt.text, candidates: prompt.candidates,
                facts: prompt.shown)
        }
        var shown = Shown(facts: order.compactMap { store.values[$0] })
        if case .errata = method {
            // Each is judged, however many there are.
            request.k = max(k ?? AskRequest.candidateCountDefault, order.count)
            let prompt = try await store.knowledge.prompt(for: request, method)
            let inScope = Set(prompt.shown.map(\.key))
            shown.candidates = prompt.candidates
            shown.facts.removeAll { !inScope.contains($0.key) }
        }
        shown.text = ChatMarkers.broken(
            in: EditPrompt.text(question: question, edits: shown.facts.map(\.statement)))
        return shown
    }
}

extension LanguageModel {
    /// Its name and hash.
    var hexIdentity: String {
        get throws { "\(decoder.name) \(Digest(try identity.digest())?.hex ?? "")" }
    }

    /// Returns what it says, and how it holds the target; a prompt longer than its positions has neither.
    func methodResponse(
        to prompt: String, target: String?, tokenCountMax: Int
    ) throws -> MethodResponse {
        var response = MethodResponse()
        do {
            let said = try respond(
                to: prompt, answers: target.map { [$0] } ?? [], tokenCountMax: tokenCountMax,
                isCancelled: { Task.isCancelled })
            response.text = said.text.isEmpty ? nil : said.text
            response.tokens = said.answers.first ?? []
        } catch let error as ModelError where error.code == .limit {
            response.isTooLong = true
        }
        return response
    }
}
