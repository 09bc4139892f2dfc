package import ErrataCore

/// A branch or a tag.
package struct RefRecord: Codable, Equatable, Sendable {
    package let name: String
    package let commit: CommitID
    /// The operation that put the name there.
    package let operation: UInt64
    package let time: Timestamp

    package init(name: String, commit: CommitID, operation: UInt64, time: Timestamp) {
        self.name = name
        self.commit = commit
        self.operation = operation
        self.time = time
    }
}

/// `GET /v1/branches`, by name.
package struct BranchesReply: Codable, Equatable, Sendable {
    package let branches: [RefRecord]

    package init(branches: [RefRecord]) { self.branches = branches }
}

/// `GET /v1/tags`, by name.
package struct TagsReply: Codable, Equatable, Sendable {
    package let tags: [RefRecord]

    package init(tags: [RefRecord]) { self.tags = tags }
}

/// One record of the journal.
package struct OperationRecord: Codable, Equatable, Sendable {
    package let operation: UInt64
    /// The kind of operation, such as `commit` or `rollback`.
    package let type: String
    package let time: Timestamp
    package let actor: ActorRecord
    /// The branch, tag or model.
    package let name: String?
    package let from: CommitID?
    package let commit: CommitID?
    package let message: String?
    package let author: String?
    /// The hash of a model, in hex.
    package let hash: String?

    package init(
        operation: UInt64, type: String, time: Timestamp, actor: ActorRecord, name: String?,
        from: CommitID?, commit: CommitID?, message: String?, author: String?, hash: String?
    ) {
        self.operation = operation
        self.type = type
        self.time = time
        self.actor = actor
        self.name = name
        self.from = from
        self.commit = commit
        self.message = message
        self.author = author
        self.hash = hash
    }
}

/// `GET /v1/operations`, newest first.
package struct OperationsReply: Codable, Equatable, Sendable {
    package let operations: [OperationRecord]
    package let next: String?

    package init(operations: [OperationRecord], next: String?) {
        self.operations = operations
        self.next = next
    }
}
