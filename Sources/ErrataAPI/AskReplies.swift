package import ErrataCore

/// A fact that was found for a question or query, and where it comes from.
package struct FactUse: Codable, Equatable, Sendable {
    package let id: FactID
    package let key: String
    package let statement: String
    package let score: Double
    /// The commit that introduced the value.
    package let commit: CommitID
    package let time: Timestamp
    /// Who the committing client said wrote it.
    package let author: String?
    /// The kernel's word.
    package let uid: UInt32
    package let user: String?
    /// What the fact answers; nil for a step on the way to an answer, and for a hit of a search.
    package let answer: String?

    package init(
        id: FactID, key: String, statement: String, score: Double, commit: CommitID,
        time: Timestamp, author: String?, uid: UInt32, user: String?, answer: String?
    ) {
        self.id = id
        self.key = key
        self.statement = statement
        self.score = score
        self.commit = commit
        self.time = time
        self.author = author
        self.uid = uid
        self.user = user
        self.answer = answer
    }
}

/// A fact that was judged and does not answer.
package struct RefusedFact: Codable, Equatable, Sendable {
    package let id: FactID
    package let key: String
    package let statement: String
    package let probability: Double
    /// The stable name of the reason: `other_subject`, `other_relation`, `below_threshold` or
    /// `chain_is_better`.
    package let reason: String

    package init(
        id: FactID, key: String, statement: String, probability: Double, reason: String
    ) {
        self.id = id
        self.key = key
        self.statement = statement
        self.probability = probability
        self.reason = reason
    }
}

/// A fact in scope whose value two lines of commits do not agree on: nobody has chosen yet.
package struct ConflictRecord: Codable, Equatable, Sendable {
    package struct Side: Codable, Equatable, Sendable {
        /// Absent if this side retracted the fact, or its text was redacted.
        package let statement: String?
        package let retracted: Bool
        /// What the side answers, if it is in scope.
        package let answer: String?
        /// The commit that introduced the value, or took the fact away.
        package let commit: CommitID
        package let time: Timestamp
        package let author: String?
        package let uid: UInt32
        package let user: String?

        package init(
            statement: String?, retracted: Bool, answer: String?, commit: CommitID,
            time: Timestamp, author: String?, uid: UInt32, user: String?
        ) {
            self.statement = statement
            self.retracted = retracted
            self.answer = answer
            self.commit = commit
            self.time = time
            self.author = author
            self.uid = uid
            self.user = user
        }
    }

    package let id: FactID
    /// That of the branch merged into first.
    package let sides: [Side]

    package init(id: FactID, sides: [Side]) {
        self.id = id
        self.sides = sides
    }
}

/// What gave an answer.
package struct ModelReference: Codable, Equatable, Sendable {
    package let name: String
    /// Of everything that decides about an answer, the facts aside; in hex.
    package let hash: String
    /// The operation that registered it first; nil in receipts of before there were any.
    package let operation: UInt64?

    package init(name: String, hash: String, operation: UInt64?) {
        self.name = name
        self.hash = hash
        self.operation = operation
    }
}

/// A language model's part in an answer.
///
/// Its text is not kept: what is in it may be redacted one day.
package struct GenerationRecord: Codable, Equatable, Sendable {
    /// SHA-256, in hex, over the model's files, or over its server's address and name for it.
    package let backend: String
    /// HMAC-SHA-256 of the prompt under the store's secret, in hex.
    package let promptHash: String
    /// The same of the text.
    package let answerHash: String
    package let maxTokens: Int
    /// Nil if the most likely token was taken each time.
    package let temperature: Double?
    package let seed: UInt64?
    /// `complete`, `max_tokens` or `positions`.
    package let end: String

    package init(
        backend: String, promptHash: String, answerHash: String, maxTokens: Int,
        temperature: Double?, seed: UInt64?, end: String
    ) {
        self.backend = backend
        self.promptHash = promptHash
        self.answerHash = answerHash
        self.maxTokens = maxTokens
        self.temperature = temperature
        self.seed = seed
        self.end = end
    }
}

/// How long the steps took, in milliseconds; the only part of a reply that a repetition may change.
package typealias Timings = [String: Double]

/// What a question was answered with, and why with that.
package struct AnswerRecord: Equatable, Sendable {
    /// The best answer, or a language model's; nil if no fact at this version answers the question, those that
    /// do are in conflict, or this is the receipt of a generated answer.
    package let answer: String?
    /// How likely the best answer is one, in [0, 1]; nil if there is none.
    package let confidence: Double?
    /// The facts in scope that are in conflict.
    package let conflicts: [ConflictRecord]
    /// Whether facts in scope give different answers; each says its own.
    package let disagree: Bool
    /// The facts in scope, best first; the steps of a chain in their order.
    package let facts: [FactUse]
    /// The chain of facts that led to the best answer, in order; empty where one fact gives it.
    package let path: [FactID]
    /// The facts nearest to being an answer, nearest first.
    package let refused: [RefusedFact]
    /// The facts of which the answerer saw the beginning alone, since their text is too long.
    package let truncated: [FactID]
    package let strictness: Strictness
    package let model: ModelReference
    /// Nil where no language model was asked.
    package let generation: GenerationRecord?

    package init(
        answer: String?, confidence: Double?, conflicts: [ConflictRecord], disagree: Bool,
        facts: [FactUse], path: [FactID],
        refused: [RefusedFact], truncated: [FactID], strictness: Strictness,
        model: ModelReference, generation: GenerationRecord? = nil
    ) {
        self.answer = answer
        self.confidence = confidence
        self.conflicts = conflicts
        self.disagree = disagree
        self.facts = facts
        self.path = path
        self.refused = refused
        self.truncated = truncated
        self.strictness = strictness
        self.model = model
        self.generation = generation
    }
}

extension AnswerRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case answer
        case confidence
        case conflicts
        case disagree
        case facts
        case path
        case refused
        case truncated
        case strictness
        case model
        case generation
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        // Null where there is none: the fields are always there.
        try fields.encode(answer, forKey: .answer)
        try fields.encode(confidence, forKey: .confidence)
        try fields.encode(conflicts, forKey: .conflicts)
        try fields.encode(disagree, forKey: .disagree)
        try fields.encode(facts, forKey: .facts)
        try fields.encode(path, forKey: .path)
        try fields.encode(refused, forKey: .refused)
        try fields.encode(truncated, forKey: .truncated)
        try fields.encode(strictness, forKey: .strictness)
        try fields.encode(model, forKey: .model)
        try fields.encodeIfPresent(generation, forKey: .generation)
    }
}

/// `POST /v1/ask`: the fields of ``AnswerRecord`` and these.
package struct AskReply: Codable, Equatable, Sendable {
    package let record: AnswerRecord
    package let commit: CommitID
    package let operation: UInt64
    /// SHA-256, in hex, of the receipt, which holds everything but `timings`.
    package let receipt: String
    package let answerer: String
    package let timings: Timings

    package init(
        record: AnswerRecord, commit: CommitID, operation: UInt64, receipt: String,
        answerer: String, timings: Timings
    ) {
        self.record = record
        self.commit = commit
        self.operation = operation
        self.receipt = receipt
        self.answerer = answerer
        self.timings = timings
    }

    package var answer: String? { record.answer }
    package var facts: [FactUse] { record.facts }

    private enum CodingKeys: String, CodingKey {
        case commit
        case operation
        case receipt
        case answerer
        case timings
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        record = try AnswerRecord(from: decoder)
        commit = try fields.decode(CommitID.self, forKey: .commit)
        operation = try fields.decode(UInt64.self, forKey: .operation)
        receipt = try fields.decode(String.self, forKey: .receipt)
        answerer = try fields.decode(String.self, forKey: .answerer)
        timings = try fields.decode(Timings.self, forKey: .timings)
    }

    package func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(commit, forKey: .commit)
        try fields.encode(operation, forKey: .operation)
        try fields.encode(receipt, forKey: .receipt)
        try fields.encode(answerer, forKey: .answerer)
        try fields.encode(timings, forKey: .timings)
    }
}

/// `POST /v1/search`, best first.
package struct SearchReply: Codable, Equatable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    package let hits: [FactUse]
    /// `fused`, or `lexical` where there is no encoder.
    package let mode: String
    package let timings: Timings

    package init(
        commit: CommitID, operation: UInt64, hits: [FactUse], mode: String, timings: Timings
    ) {
        self.commit = commit
        self.operation = operation
        self.hits = hits
        self.mode = mode
        self.timings = timings
    }
}

/// `GET /v1/receipts/{id}`: the record behind an answer, the fields of ``AnswerRecord`` and these.
package struct ReceiptReply: Codable, Equatable, Sendable {
    package let record: AnswerRecord
    package let id: String
    package let time: Timestamp
    package let actor: ActorRecord
    package let question: String
    package let k: Int
    package let commit: CommitID
    package let operation: UInt64
    package let answerer: String

    package init(
        record: AnswerRecord, id: String, time: Timestamp, actor: ActorRecord, question: String,
        k: Int, commit: CommitID, operation: UInt64, answerer: String
    ) {
        self.record = record
        self.id = id
        self.time = time
        self.actor = actor
        self.question = question
        self.k = k
        self.commit = commit
        self.operation = operation
        self.answerer = answerer
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case time
        case actor
        case question
        case k
        case commit
        case operation
        case answerer
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        record = try AnswerRecord(from: decoder)
        id = try fields.decode(String.self, forKey: .id)
        time = try fields.decode(Timestamp.self, forKey: .time)
        actor = try fields.decode(ActorRecord.self, forKey: .actor)
        question = try fields.decode(String.self, forKey: .question)
        k = try fields.decode(Int.self, forKey: .k)
        commit = try fields.decode(CommitID.self, forKey: .commit)
        operation = try fields.decode(UInt64.self, forKey: .operation)
        answerer = try fields.decode(String.self, forKey: .answerer)
    }

    package func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .id)
        try fields.encode(time, forKey: .time)
        try fields.encode(actor, forKey: .actor)
        try fields.encode(question, forKey: .question)
        try fields.encode(k, forKey: .k)
        try fields.encode(commit, forKey: .commit)
        try fields.encode(operation, forKey: .operation)
        try fields.encode(answerer, forKey: .answerer)
    }
}
