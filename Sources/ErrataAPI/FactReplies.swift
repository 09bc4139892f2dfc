package import ErrataCore

/// `GET /v1/facts`, by id.
package struct FactsReply: Codable, Equatable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    /// How many facts the snapshot holds, shown here or not.
    package let factCount: Int
    package let facts: [FactRecord]
    /// What to pass as `cursor` for the facts that follow; nil at the end.
    package let next: String?

    package init(
        commit: CommitID, operation: UInt64, factCount: Int, facts: [FactRecord], next: String?
    ) {
        self.commit = commit
        self.operation = operation
        self.factCount = factCount
        self.facts = facts
        self.next = next
    }
}

/// `GET /v1/history`: every change of one fact up to a version, newest first.
package struct HistoryReply: Codable, Equatable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    package let id: FactID
    package let entries: [HistoryRecord]

    package init(commit: CommitID, operation: UInt64, id: FactID, entries: [HistoryRecord]) {
        self.commit = commit
        self.operation = operation
        self.id = id
        self.entries = entries
    }
}

package struct HistoryRecord: Codable, Equatable, Sendable {
    package let change: ChangeRecord
    package let commit: CommitSummary

    package init(change: ChangeRecord, commit: CommitSummary) {
        self.change = change
        self.commit = commit
    }
}

/// `GET /v1/blame`: the commit that introduced the value a fact has at a version.
package struct BlameReply: Codable, Equatable, Sendable {
    /// The version that was asked about.
    package let commit: CommitID
    package let operation: UInt64
    package let id: FactID
    /// Nil if the text was redacted.
    package let fact: FactRecord?
    package let introducedBy: CommitSummary

    package init(
        commit: CommitID, operation: UInt64, id: FactID, fact: FactRecord?,
        introducedBy: CommitSummary
    ) {
        self.id = id
        self.commit = commit
        self.operation = operation
        self.fact = fact
        self.introducedBy = introducedBy
    }
}
