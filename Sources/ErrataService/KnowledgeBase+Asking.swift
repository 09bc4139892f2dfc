package import ErrataCore
import ErrataJournal
package import ErrataModels
import ErrataRetrieval

/// A question to a version.
package struct AskRequest: Sendable {
    package static let questionBytesMax = 4_000
    package static let candidateCountMax = 20
    /// What the scope decision was calibrated with.
    package static let candidateCountDefault = 5

    package var question: String
    package var revision: String
    /// How many facts the answerer is shown; nil takes its own number.
    package var k: Int?
    /// The name of a model that answers, its hash or the beginning of it, or a language model's name; nil
    /// leaves the choice to the daemon.
    package var model: String?
    /// `lookup`, `reader`, `lte` or `errata`; nil leaves the choice to the daemon.
    package var answerer: String?
    package var strictness: Strictness
    /// For a language model.
    package var options: ChatOptions

    package init(
        question: String, at revision: String = RefName.main.text, k: Int? = nil,
        model: String? = nil, answerer: String? = nil, strictness: Strictness = .normal,
        options: ChatOptions = ChatOptions()
    ) {
        self.question = question
        self.revision = revision
        self.k = k
        self.model = model
        self.answerer = answerer
        self.strictness = strictness
        self.options = options
    }
}

/// The steps of an answer, in milliseconds: the one part of a reply that differs between two runs.
package struct StepTimes: Sendable {
    package enum Step: String, CaseIterable, Sendable {
        /// For the version's index, and for a thread.
        case wait
        /// The vectors of the question, and of those that a chain leads to.
        case encode
        /// All searches, with the reading of what they found.
        case search
        /// What lookup and reader make of the candidates.
        case judge
        /// A language model's text.
        case generate
        /// Putting the reply together and keeping the receipt.
        case receipt
    }

    /// The steps in the order of their first turns; one that comes again adds up.
    package private(set) var steps: [(step: Step, milliseconds: Double)] = []
    private var last = ContinuousClock.now

    /// Counts the time since the last step ended for `step`.
    mutating func end(_ step: Step) {
        let now = ContinuousClock.now
        let time = (now - last) / .milliseconds(1)
        last = now
        if let place = steps.firstIndex(where: { $0.step == step }) {
            steps[place].milliseconds += time
        } else {
            steps.append((step, time))
        }
    }
}

/// What a question was answered with.
package struct AskOutcome: Sendable {
    package let id: Digest
    package let receipt: Receipt
    /// What an ask calls the answerer.
    package let modelName: String
    package let explanation: Explanation
    package let times: StepTimes

    /// Nil if no fact at this version answers the question.
    package var answer: String? { explanation.answer }
    /// The facts in scope, the one that gave the answer first.
    package var facts: [FactUse] { explanation.facts }
}

/// What a search found.
package struct SearchOutcome: Sendable {
    package enum Mode: String, Sendable {
        case fused
        case lexical
    }

    package let commit: CommitID
    package let operation: UInt64
    package let hits: [FactUse]
    package let mode: Mode
    package let times: StepTimes
}

/// A receipt as it is kept: with when, and for whom it was made first.
package struct StoredReceipt: Sendable {
    package let id: Digest
    package let receipt: Receipt
    package let time: Timestamp
    package let actor: Actor
    /// What an ask calls the answerer.
    package let modelName: String
    package let explanation: Explanation
}

extension KnowledgeBase {
    /// The most facts that a search returns.
    package static var hitCountMax: Int { RetrievalIndex.searchLimitMax }

    /// Answers a question from the facts of one version and keeps the receipt.
    ///
    /// `onEvent` hears the text of a language model as it comes. A task that is cancelled ends the text
    /// between two tokens and leaves no receipt.
    package func ask(
        _ request: AskRequest, actor: Actor,
        onEvent: @escaping @Sendable (AnswerEvent) -> Void = { _ in }
    ) async throws(ServiceError) -> AskOutcome {
        let question = try checkedText(request.question, "question")
        if let k = request.k, !(1...AskRequest.candidateCountMax).contains(k) {
            throw ServiceError(
                .limitExceeded, "k is \(k), 1 to \(AskRequest.candidateCountMax) is allowed")
        }
        let answered: Answered
        switch try choice(answerer: request.answerer, model: request.model) {
        case .judging(let model): answered = try await judge(question, request, by: model)
        case .generating(let choice):
            answered = try await generate(question, request, by: choice, onEvent: onEvent)
        }
        return try await keep(answered, actor)
    }

    /// Answers with what the best fact says.
    private func judge(
        _ question: String, _ request: AskRequest, by model: ModelRegistration
    ) async throws(ServiceError) -> Answered {
        let operation = try await operation(of: model)
        let started = StepTimes()
        let (snapshot, derived) = try await readySnapshot(request.revision)
        return try await computing {
            let judged = try self.judge(
                question, request, k: request.k ?? AskRequest.candidateCountDefault, by: model,
                in: snapshot, with: derived, since: started)
            return try self.complete(
                judged, question: question, request: request,
                answererName: derived.answerers[model].displayName, model: model,
                operation: operation, at: snapshot)
        }
    }

    private func keep(
        _ answered: Answered, _ actor: Actor
    ) async throws(ServiceError) -> AskOutcome {
        var times = answered.times
        let bytes = answered.receipt.encoded
        let id = Digest.sha256(bytes)
        do {
            _ = try await journal.putReceipt(id, body: bytes, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
        times.end(.receipt)
        return AskOutcome(
            id: id, receipt: answered.receipt, modelName: answered.modelName,
            explanation: answered.explanation, times: times)
    }

    /// Finds the facts of one version nearest to a query.
    package func search(
        _ query: String, at revision: String, k: Int
    ) async throws(ServiceError) -> SearchOutcome {
        let query = try checkedText(query, "query")
        guard (1...KnowledgeBase.hitCountMax).contains(k) else {
            throw ServiceError(
                .limitExceeded, "k is \(k), 1 to \(KnowledgeBase.hitCountMax) is allowed")
        }
        let started = StepTimes()
        let (snapshot, derived) = try await readySnapshot(revision)
        let retriever = derived.retriever
        let (hits, times) = try await computing {
            var times = started
            times.end(.wait)
            let vector = try retriever.vector(of: query)
            times.end(.encode)
            let hits = try retriever.retrieve(query, vector: vector, in: snapshot, limit: k)
                .map { try self.use($0.version, $0.fact, $0.hit.score, at: snapshot) }
            times.end(.search)
            return (hits, times)
        }
        return SearchOutcome(
            commit: snapshot.commit, operation: snapshot.operation, hits: hits,
            mode: models.encoder == nil ? .lexical : .fused, times: times)
    }

    /// Returns a receipt; the answer is read again from the fact that it names.
    package func receipt(_ id: String) throws(ServiceError) -> StoredReceipt {
        guard let bytes = Hex.decode(id), let digest = Digest(bytes) else {
            throw ServiceError(.unknownReceipt, "'\(id)' is not the id of a receipt")
        }
        return try wrapping {
            guard let event = try journal.receipt(digest) else {
                throw ServiceError(.unknownReceipt, "no receipt has the id \(id)")
            }
            let receipt = try Receipt(decoding: event.body)
            let snapshot = try journal.snapshot(at: receipt.commit)
            let explanation = try explain(receipt, at: snapshot) { candidate in
                try self.journal.fact(candidate.fact, leaf: candidate.leaf)
            }
            return StoredReceipt(
                id: digest, receipt: receipt, time: event.time, actor: event.actor,
                modelName: try modelName(of: receipt), explanation: explanation)
        }
    }

    private func modelName(of receipt: Receipt) throws -> String {
        guard let operation = receipt.model,
            case .model(let model) = try journal.operation(operation).body
        else { return receipt.answerer }
        return model.name
    }

    // MARK: Steps

    /// Retrieves candidates and has them judged.
    func judge(
        _ question: String, _ request: AskRequest, k: Int, by model: ModelRegistration,
        in snapshot: Snapshot, with derived: DerivedState, since started: StepTimes
    ) throws -> Judged {
        var times = started
        times.end(.wait)
        let retriever = derived.retriever
        let vector = try retriever.vector(of: question)
        times.end(.encode)
        let candidates = try retriever.retrieve(question, vector: vector, in: snapshot, limit: k)
        times.end(.search)
        let verdict = try derived.answerers[model].judge(
            AskedQuestion(text: question, strictness: request.strictness) { queries, limit in
                times.end(.judge)
                let vectors = try retriever.vectors(of: queries)
                times.end(.encode)
                defer { times.end(.search) }
                return try retriever.retrieve(queries, vectors, in: snapshot, limit: limit)
            }, candidates)
        times.end(.judge)
        return Judged(k: k, candidates: candidates, verdict: verdict, times: times)
    }

    /// Writes down what came out; `generation` and `text` are a language model's part in it.
    func complete(
        _ judged: Judged, question: String, request: AskRequest, answererName: String,
        model: ModelRegistration, operation: UInt64, at snapshot: Snapshot,
        generation: Receipt.Generation? = nil, text: String? = nil
    ) throws -> Answered {
        let receipt = Receipt(
            question: question, commit: snapshot.commit, operation: snapshot.operation,
            k: judged.k, answerer: answererName, answererHash: model.hash,
            strictness: request.strictness, model: operation,
            candidates: judged.receiptCandidates(shown: generation?.shown ?? []),
            answers: judged.verdict.answers, generation: generation)
        let facts = Dictionary(
            judged.facts.map { ($0.version, $0.fact) }, uniquingKeysWith: { first, _ in first })
        let explanation = try explain(receipt, generated: text, at: snapshot) { candidate in
            facts[FactVersion(candidate.fact, candidate.leaf)]
        }
        var times = judged.times
        times.end(.receipt)
        return Answered(
            receipt: receipt, explanation: explanation, modelName: model.name, times: times)
    }

    /// Says what a receipt says, with the text of its facts.
    private func explain(
        _ receipt: Receipt, generated text: String? = nil, at snapshot: Snapshot,
        fact: @escaping (Receipt.Candidate) throws -> Fact?
    ) throws -> Explanation {
        try ExplanationBuilder(
            receipt: receipt, generated: text, fact: fact,
            value: { try self.journal.fact($0, leaf: $1) },
            source: { try self.journal.blame($0, side: $1, at: snapshot.commit) },
            conflict: { id in
                try snapshot.leaf(of: id).flatMap { try self.journal.conflict(of: id, leaf: $0) }
            }
        ).build()
    }

    /// Returns the snapshot that `revision` names, and the derived state that covers it.
    ///
    /// All steps of one answer use that state: a rebuild may put another in its place meanwhile.
    func readySnapshot(
        _ revision: String
    ) async throws(ServiceError) -> (Snapshot, DerivedState) {
        let commit = try resolve(revision)
        let snapshot = try wrapping { try journal.snapshot(at: commit) }
        var state = try derived
        while true {
            do {
                try await state.indexer.wait(
                    for: snapshot.operation, atMost: configuration.indexWait)
                return (snapshot, state)
            } catch {
                let newest = try derived
                guard state !== newest else { throw error }
                state = newest
            }
        }
    }

    /// Waits until the index covers what `revision` names, however long that takes.
    package func waitForIndex(at revision: String) async throws(ServiceError) {
        let commit = try resolve(revision)
        let operation = try wrapping { try journal.snapshot(at: commit).operation }
        try await derived.indexer.wait(for: operation, atMost: .seconds(86_400))
    }

    /// Runs `body` on a thread for computations.
    func computing<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws(ServiceError) -> Result {
        do {
            return try await Task(executorPreference: workers) { try body() }.value
        } catch { throw ServiceError(wrapping: error) }
    }

    private func checkedText(_ text: String, _ name: String) throws(ServiceError) -> String {
        guard text.utf8.count <= AskRequest.questionBytesMax else {
            throw ServiceError(
                .limitExceeded,
                "the \(name) has \(text.utf8.count) bytes, at most \(AskRequest.questionBytesMax) are allowed"
            )
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw ServiceError(.invalidRequest, "the \(name) is empty")
        }
        return text
    }

    func use(
        _ version: FactVersion, _ fact: Fact, _ score: Double, at snapshot: Snapshot
    ) throws -> FactUse {
        FactUse(
            id: version.fact, fact: fact, score: (score * 1e6).rounded() / 1e6,
            source: try journal.blame(version.fact, side: version.leaf, at: snapshot.commit),
            answer: nil)
    }
}
