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

    package init(
        id: FactID, key: String, statement: String, score: Double, commit: CommitID,
        time: Timestamp, author: String?, uid: UInt32, user: String?
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
    }
}

/// How long the steps took, in milliseconds; the only part of a reply that a repetition may change.
package typealias Timings = [String: Double]

/// `POST /v1/ask`.
package struct AskReply: Codable, Equatable, Sendable {
    /// Nil if no fact at this version answers the question; the field is always there.
    package let answer: String?
    package let commit: CommitID
    package let operation: UInt64
    package let facts: [FactUse]
    /// SHA-256, in hex, of everything but `timings`.
    package let receipt: String
    package let answerer: String
    package let timings: Timings

    package init(
        answer: String?, commit: CommitID, operation: UInt64, facts: [FactUse], receipt: String,
        answerer: String, timings: Timings
    ) {
        self.answer = answer
        self.commit = commit
        self.operation = operation
        self.facts = facts
        self.receipt = receipt
        self.answerer = answerer
        self.timings = timings
    }

    private enum CodingKeys: String, CodingKey {
        case answer
        case commit
        case operation
        case facts
        case receipt
        case answerer
        case timings
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(answer, forKey: .answer)
        try fields.encode(commit, forKey: .commit)
        try fields.encode(operation, forKey: .operation)
        try fields.encode(facts, forKey: .facts)
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

/// `GET /v1/receipts/{id}`: the record behind an answer.
package struct ReceiptReply: Codable, Equatable, Sendable {
    package let id: String
    package let time: Timestamp
    package let actor: ActorRecord
    package let question: String
    package let k: Int
    package let answer: String?
    package let commit: CommitID
    package let operation: UInt64
    package let facts: [FactUse]
    package let answerer: String

    package init(
        id: String, time: Timestamp, actor: ActorRecord, question: String, k: Int,
        answer: String?, commit: CommitID, operation: UInt64, facts: [FactUse], answerer: String
    ) {
        self.id = id
        self.time = time
        self.actor = actor
        self.question = question
        self.k = k
        self.answer = answer
        self.commit = commit
        self.operation = operation
        self.facts = facts
        self.answerer = answerer
    }
}
