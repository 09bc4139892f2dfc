package import ErrataCore

/// `GET /v1/facts`, by id.
package struct FactsReply: Codable, Equatable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    /// How many facts the snapshot holds, shown here or not.
    package let factCount: Int
    package let facts: [FactRecord]
    /// Those of this page that are in conflict.
    package let conflicts: [FactConflictRecord]
    /// Those of this page whose text was taken away.
    package let redacted: [RedactedFactRecord]
    /// What to pass as `cursor` for the facts that follow; nil at the end.
    package let next: String?

    package init(
        commit: CommitID, operation: UInt64, factCount: Int, facts: [FactRecord],
        conflicts: [FactConflictRecord], redacted: [RedactedFactRecord], next: String?
    ) {
        self.commit = commit
        self.operation = operation
        self.factCount = factCount
        self.facts = facts
        self.conflicts = conflicts
        self.redacted = redacted
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

/// The commit that introduced the value of one field.
package struct FieldBlameRecord: Codable, Equatable, Sendable {
    /// As in a fact: `object`, `aliases`.
    package let field: String
    package let values: [String]
    package let introducedBy: CommitSummary

    package init(field: String, values: [String], introducedBy: CommitSummary) {
        self.field = field
        self.values = values
        self.introducedBy = introducedBy
    }
}

/// `GET /v1/blame`: the commit that introduced the value a fact has at a version.
package struct BlameReply: Codable, Equatable, Sendable {
    /// The version that was asked about.
    package let commit: CommitID
    package let operation: UInt64
    package let id: FactID
    /// Nil if the fact is in conflict or its text was taken away.
    package let fact: FactRecord?
    /// The values in conflict and who brought them.
    package let conflict: [ConflictSideRecord]?
    package let redaction: RedactionRecord?
    package let introducedBy: CommitSummary
    /// Present if it was asked for.
    package let fields: [FieldBlameRecord]?

    package init(
        commit: CommitID, operation: UInt64, id: FactID, fact: FactRecord?,
        conflict: [ConflictSideRecord]?, redaction: RedactionRecord?,
        introducedBy: CommitSummary, fields: [FieldBlameRecord]?
    ) {
        self.id = id
        self.commit = commit
        self.operation = operation
        self.fact = fact
        self.conflict = conflict
        self.redaction = redaction
        self.introducedBy = introducedBy
        self.fields = fields
    }
}
