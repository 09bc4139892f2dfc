package import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataRetrieval

/// What is heard of an answer before it is complete.
package enum AnswerEvent: Equatable, Sendable {
    /// What it waits for.
    case phase(String)
    /// The next piece of the text.
    case piece(String)
}

/// An answer under way.
private struct Draft: Sendable {
    let question: String
    let request: AskRequest
    let method: GenerationMethod
    let snapshot: Snapshot
    var judged: Judged
    /// Places in `judged.facts` of what the model is shown.
    let shown: [Int]
    /// Whether the best fact in scope is in conflict: then there is no answer until somebody settles it.
    let isWithheld: Bool

    /// What the model is told: no message ends within a fact.
    var prompt: String {
        let edits = shown.map { judged.facts[$0].fact.statement }
        return ChatMarkers.broken(in: EditPrompt.text(question: question, edits: edits))
    }
}

/// What a language model is told when it is asked a question at one version.
package struct ModelPrompt: Sendable {
    /// The user's message: the question alone where no fact is shown.
    package let text: String
    /// The facts that retrieval found, nearest first.
    package let candidates: [FactID]
    /// Those that are shown, in the order of the prompt.
    package let shown: [Fact]
    /// Whether there is no answer, since the best fact in scope is in conflict.
    package let isWithheld: Bool
}

extension KnowledgeBase {
    /// The most facts that a language model is shown, unless more were asked for.
    private static var shownCountMax: Int { 8 }

    /// Has a language model answer from the facts of one version.
    ///
    /// Everything is read before it is the model's turn: no transaction is open while text is generated.
    func generate(
        _ question: String, _ request: AskRequest, by choice: GenerationChoice,
        onEvent: @escaping @Sendable (AnswerEvent) -> Void
    ) async throws(ServiceError) -> Answered {
        do {
            try request.options.check()
            let draft = try await draft(question, request, choice.method)
            let say = { (phase: String) in onEvent(.phase(phase)) }
            return try await languageModels.withTurn(choice.model, onPhase: say) { turn in
                let model = try registration(of: choice, turn)
                let operation = try await operation(of: model)
                return try await answered(draft, model, operation, turn, onEvent)
            }
        } catch { throw ServiceError(wrapping: error) }
    }

    /// Returns what a language model would be told: ``ask(_:actor:onEvent:)`` has it say the rest.
    package func prompt(
        for request: AskRequest, _ method: GenerationMethod
    ) async throws(ServiceError) -> ModelPrompt {
        do {
            let draft = try await draft(request.question, request, method)
            return ModelPrompt(
                text: draft.prompt, candidates: draft.judged.candidates.map(\.version.fact),
                shown: draft.shown.map { draft.judged.facts[$0].fact },
                isWithheld: draft.isWithheld)
        } catch { throw ServiceError(wrapping: error) }
    }

    private func draft(
        _ question: String, _ request: AskRequest, _ method: GenerationMethod
    ) async throws -> Draft {
        let started = StepTimes()
        let (snapshot, derived) = try await readySnapshot(request.revision)
        return try await computing {
            let judged = try self.judge(
                question, request, k: request.k ?? method.candidateCountDefault,
                by: self.models.registrations[0], in: snapshot, with: derived, since: started)
            let best = judged.verdict.answers.first?.path ?? []
            return Draft(
                question: question, request: request, method: method, snapshot: snapshot,
                judged: judged, shown: try self.shown(judged, method, at: snapshot),
                isWithheld: try best.contains {
                    try self.isContested(judged.facts[$0], at: snapshot)
                })
        }
    }

    private func answered(
        _ draft: Draft, _ model: ModelRegistration, _ operation: UInt64,
        _ turn: LanguageModels.Turn, _ onEvent: @escaping @Sendable (AnswerEvent) -> Void
    ) async throws -> Answered {
        var judged = draft.judged
        judged.times.end(.wait)
        var text: String?
        var generation: Receipt.Generation?
        if !draft.isWithheld, turn.backend.answersAlone || !draft.shown.isEmpty {
            (text, generation) = try await generated(draft, turn, onEvent)
        }
        judged.times.end(.generate)
        let isAlone = generation?.shown.isEmpty ?? false
        return try complete(
            judged, question: draft.question, request: draft.request,
            answererName: isAlone ? "model" : draft.method.rawValue, model: model,
            operation: operation, at: draft.snapshot, generation: generation, text: text)
    }

    // MARK: What is shown

    /// Returns the places of the facts that go into the prompt, best first.
    ///
    /// None is in conflict: nobody has chosen yet what it says.
    private func shown(
        _ judged: Judged, _ method: GenerationMethod, at snapshot: Snapshot
    ) throws -> [Int] {
        let places: [Int]
        switch method {
        case .lte: places = Array(judged.candidates.indices)
        case .errata:
            var seen: Set<Int> = []
            places = judged.verdict.answers.flatMap(\.path).filter { seen.insert($0).inserted }
        }
        let settled = try places.filter { try !isContested(judged.facts[$0], at: snapshot) }
        return Array(settled.prefix(max(Self.shownCountMax, judged.k)))
    }

    private func isContested(_ fact: RetrievedFact, at snapshot: Snapshot) throws -> Bool {
        let id = fact.version.fact
        guard let leaf = try snapshot.leaf(of: id) else { return false }
        return try journal.conflict(of: id, leaf: leaf) != nil
    }

    // MARK: Text

    /// Returns what the model says, nil where it says that it has no answer, and how that came about.
    private func generated(
        _ draft: Draft, _ turn: LanguageModels.Turn,
        _ onEvent: @escaping @Sendable (AnswerEvent) -> Void
    ) async throws -> (String?, Receipt.Generation) {
        let prompt = draft.prompt
        let options = draft.request.options
        let text = AnswerText(abstention: turn.backend.abstention) { onEvent(.piece($0)) }
        let start = ContinuousClock.now
        let end = try await withTaskExecutorPreference(turn.threads) {
            try await turn.backend.reply(
                to: [ChatMessage(.user, prompt)], options,
                onPiece: text.append)
        }
        text.finish()
        languageModels.count(
            tokens: end.tokenCount, seconds: (ContinuousClock.now - start) / .seconds(1))
        let answer = text.answer
        guard let backend = Digest(turn.backend.identity) else {
            fatalError("unreachable: an identity is a SHA-256")
        }
        return (
            text.isAbstention ? nil : answer,
            Receipt.Generation(
                backend: backend, prompt: journal.textDigest(of: prompt),
                answer: journal.textDigest(of: answer), tokenCountMax: options.tokenCountMax,
                temperature: options.temperature.map { Receipt.millionths($0) },
                seed: options.temperature.map { _ in options.seed }, end: end.reason,
                shown: draft.shown)
        )
    }
}

extension ChatOptions {
    /// Throws unless every number is in its range.
    fileprivate func check() throws(ServiceError) {
        guard (1...Self.tokenCountMax).contains(tokenCountMax) else {
            throw ServiceError(
                .limitExceeded,
                "the number of tokens is \(tokenCountMax), 1 to \(Self.tokenCountMax) is allowed")
        }
        guard temperature.map({ (0...Self.temperatureMax).contains($0) }) ?? true else {
            throw ServiceError(
                .limitExceeded, "the temperature is not in 0 to \(Int(Self.temperatureMax))")
        }
    }
}
