package import ErrataCore

/// `GET /v1/status`.
package struct StatusReply: Codable, Equatable, Sendable {
    package let version: String
    package let pid: Int32
    package let socket: String
    package let data: String
    package let startedAt: Timestamp
    package let uptimeSeconds: Int
    package let journal: JournalStatus
    package let index: IndexStatusReply
    package let answerer: String
    package let languageModels: LanguageModelStatus
    /// What does not work as it could and why, for people.
    package let notes: [String]

    package init(
        version: String, pid: Int32, socket: String, data: String, startedAt: Timestamp,
        uptimeSeconds: Int, journal: JournalStatus, index: IndexStatusReply, answerer: String,
        languageModels: LanguageModelStatus, notes: [String]
    ) {
        self.version = version
        self.pid = pid
        self.socket = socket
        self.data = data
        self.startedAt = startedAt
        self.uptimeSeconds = uptimeSeconds
        self.journal = journal
        self.index = index
        self.answerer = answerer
        self.languageModels = languageModels
        self.notes = notes
    }
}

package struct JournalStatus: Codable, Equatable, Sendable {
    package let operations: UInt64
    /// The Merkle root of all operations, in hex.
    package let root: String
    package let branches: Int
    package let tags: Int
    /// The head of `main`.
    package let head: CommitID
    /// The facts at that head.
    package let facts: Int
    package let bytes: Int

    package init(
        operations: UInt64, root: String, branches: Int, tags: Int, head: CommitID, facts: Int,
        bytes: Int
    ) {
        self.operations = operations
        self.root = root
        self.branches = branches
        self.tags = tags
        self.head = head
        self.facts = facts
        self.bytes = bytes
    }
}

/// `GET /v1/index`.
package struct IndexStatusReply: Codable, Equatable, Sendable {
    /// `ready`, `building` or `failed`.
    package let state: String
    /// The encoder's name; nil if search is lexical only.
    package let encoder: String?
    package let rows: Int
    package let vectors: Int
    /// How many distinct fact values have rows.
    package let facts: Int
    package let bytes: Int
    /// How many operations the index does not cover yet.
    package let pending: Int
    /// Why the last attempt to go on failed.
    package let failure: String?

    package init(
        state: String, encoder: String?, rows: Int, vectors: Int, facts: Int, bytes: Int,
        pending: Int, failure: String?
    ) {
        self.state = state
        self.encoder = encoder
        self.rows = rows
        self.vectors = vectors
        self.facts = facts
        self.bytes = bytes
        self.pending = pending
        self.failure = failure
    }
}

/// `GET /healthz` and `GET /readyz`.
package struct HealthReply: Codable, Equatable, Sendable {
    package let status: String

    package init(status: String) { self.status = status }
}
