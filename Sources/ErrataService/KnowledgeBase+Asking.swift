package import ErrataCore
package import ErrataJournal
import ErrataRetrieval

/// A question to a version.
package struct AskRequest: Sendable {
    package static let questionBytesMax = 4_000
    package static let candidateCountMax = 20
    /// What the scope decision was calibrated with.
    package static let candidateCountDefault = 5

    package var question: String
    package var revision: String
    /// How many facts the answerer is shown.
    package var k: Int

    package init(
        question: String, at revision: String = RefName.main.text,
        k: Int = AskRequest.candidateCountDefault
    ) {
        self.question = question
        self.revision = revision
        self.k = k
    }
}

/// A fact that bears on a question, and who is behind it.
package struct FactUse: Sendable {
    package let id: FactID
    package let fact: Fact
    /// The answerer's probability, or the search's score.
    package let score: Double
    /// The commit that introduced the value.
    package let source: CommitRecord
}

/// The steps of an answer, in milliseconds: the one part of a reply that differs between two runs.
package struct StepTimes: Sendable {
    package private(set) var steps: [(name: String, milliseconds: Double)] = []
    private var last = ContinuousClock.now

    mutating func end(_ name: String) {
        let now = ContinuousClock.now
        steps.append((name, (now - last) / .milliseconds(1)))
        last = now
    }
}

/// What a question was answered with.
package struct AskOutcome: Sendable {
    /// Nil if no fact at this version answers the question.
    package let answer: String?
    package let commit: CommitID
    package let operation: UInt64
    /// The facts in scope, the one that gave the answer first.
    package let facts: [FactUse]
    package let receipt: Digest
    package let answerer: String
    package let times: StepTimes
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
    /// Nil if no fact answered, or its text was redacted since.
    package let answer: String?
    package let facts: [FactUse]
}

extension KnowledgeBase {
    /// What answers, and what it computes with: `lookup`, with an encoder or lexical.
    package var answererName: String { LookupAnswerer.name(hasEncoder: encoder != nil) }

    /// The most facts that a search returns.
    package static var hitCountMax: Int { RetrievalIndex.searchLimitMax }

    /// Answers a question from the facts of one version and keeps the receipt.
    package func ask(
        _ request: AskRequest, actor: Actor
    ) async throws(ServiceError) -> AskOutcome {
        let question = try checkedText(request.question, "question")
        guard (1...AskRequest.candidateCountMax).contains(request.k) else {
            throw ServiceError(
                .limitExceeded, "k is \(request.k), 1 to \(AskRequest.candidateCountMax) is allowed"
            )
        }
        var times = StepTimes()
        let (snapshot, derived) = try await readySnapshot(request.revision)
        times.end("wait")
        let (receipt, uses) = try await computing {
            try self.answer(question, in: snapshot, with: derived, k: request.k)
        }
        times.end("answer")
        do {
            _ = try await journal.putReceipt(receipt.id, body: receipt.encoded, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
        times.end("receipt")
        return AskOutcome(
            answer: uses.first.flatMap { receipt.part?.text(of: $0.fact) },
            commit: snapshot.commit, operation: snapshot.operation, facts: uses,
            receipt: receipt.id, answerer: receipt.answerer, times: times)
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
        var times = StepTimes()
        let (snapshot, derived) = try await readySnapshot(revision)
        times.end("wait")
        let retriever = derived.retriever
        let hits = try await computing {
            try retriever.retrieve(
                query, vector: retriever.vector(of: query), in: snapshot, limit: k
            ).map { try self.use($0.version.fact, $0.fact, $0.hit.score, at: snapshot) }
        }
        times.end("search")
        return SearchOutcome(
            commit: snapshot.commit, operation: snapshot.operation, hits: hits,
            mode: encoder == nil ? .lexical : .fused, times: times)
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
            var uses: [FactUse] = []
            var answer: String?
            for (rank, place) in receipt.used.enumerated() {
                let candidate = receipt.candidates[place]
                guard let fact = try journal.fact(candidate.fact, leaf: candidate.leaf) else {
                    continue
                }
                if rank == 0 { answer = receipt.part?.text(of: fact) }
                uses.append(
                    try use(
                        candidate.fact, fact, Double(candidate.probability) / 1e6, at: snapshot))
            }
            return StoredReceipt(
                id: digest, receipt: receipt, time: event.time, actor: event.actor,
                answer: answer, facts: uses)
        }
    }

    // MARK: Steps

    /// Retrieves candidates, has them judged and writes down what came out.
    private func answer(
        _ question: String, in snapshot: Snapshot, with derived: DerivedState, k: Int
    ) throws -> (receipt: Receipt, uses: [FactUse]) {
        let (retriever, answerer) = (derived.retriever, derived.answerer)
        let vector = try retriever.vector(of: question)
        let candidates = try retriever.retrieve(
            question, vector: vector, in: snapshot, limit: k)
        let verdict = try answerer.judge(question, candidates)
        let receipt = Receipt(
            question: question, commit: snapshot.commit, operation: snapshot.operation, k: k,
            answerer: answerer.name, answererHash: answerer.hash,
            candidates: zip(candidates, verdict.probabilities).map(Receipt.Candidate.init),
            used: verdict.inScope, part: verdict.part)
        let uses = try verdict.inScope.map { place in
            let candidate = candidates[place]
            return try use(
                candidate.version.fact, candidate.fact, verdict.probabilities[place], at: snapshot)
        }
        return (receipt, uses)
    }

    /// Returns the snapshot that `revision` names, and the derived state that covers it.
    ///
    /// All steps of one answer use that state: a rebuild may put another in its place meanwhile.
    private func readySnapshot(
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
        let operation = try wrapping { try journal.commitRecord(commit).operation }
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
        _ id: FactID, _ fact: Fact, _ score: Double, at snapshot: Snapshot
    ) throws -> FactUse {
        FactUse(
            id: id, fact: fact, score: (score * 1e6).rounded() / 1e6,
            source: try journal.blame(id, at: snapshot.commit))
    }
}

extension Receipt.Candidate {
    fileprivate init(_ retrieved: RetrievedFact, _ probability: Double) {
        self.init(
            fact: retrieved.version.fact, leaf: retrieved.version.leaf,
            cosine: retrieved.hit.dense.map { Int64(($0.score * 1e6).rounded()) },
            lexical: retrieved.hit.lexical.map { Int64(($0.score * 1e6).rounded()) },
            probability: Int64((probability * 1e6).rounded()))
    }
}

extension Receipt.Part {
    func text(of fact: Fact) -> String? {
        switch self {
        case .object: fact.object
        case .subject: fact.subject
        case .statement: fact.statement
        }
    }
}
