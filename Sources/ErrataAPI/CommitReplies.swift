package import ErrataCore

/// What a commit, a revert or a batch of an import made.
package struct CommitReply: Codable, Equatable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    package let branch: String
    package let time: Timestamp
    /// How many facts were asserted, revised and retracted.
    package let counts: ChangeCounts
    /// How many facts the commit left in conflict; a cherry-pick can.
    package let conflictCount: Int
    package let warnings: [Warning]

    package init(
        commit: CommitID, operation: UInt64, branch: String, time: Timestamp,
        counts: ChangeCounts, conflictCount: Int, warnings: [Warning]
    ) {
        self.commit = commit
        self.operation = operation
        self.branch = branch
        self.time = time
        self.counts = counts
        self.conflictCount = conflictCount
        self.warnings = warnings
    }
}

package struct ChangeCounts: Codable, Equatable, Sendable {
    package let asserted: Int
    package let revised: Int
    package let retracted: Int

    package init(asserted: Int, revised: Int, retracted: Int) {
        self.asserted = asserted
        self.revised = revised
        self.retracted = retracted
    }
}

/// Something that a commit did and that its author may not have meant.
package struct Warning: Codable, Equatable, Sendable {
    package let code: String
    package let message: String
    package let facts: [FactID]

    package init(code: String, message: String, facts: [FactID]) {
        self.code = code
        self.message = message
        self.facts = facts
    }
}

/// What a rollback did.
package struct RollbackReply: Codable, Equatable, Sendable {
    package let branch: String
    /// The head before.
    package let from: CommitID
    /// The head now.
    package let commit: CommitID
    package let operation: UInt64

    package init(branch: String, from: CommitID, commit: CommitID, operation: UInt64) {
        self.branch = branch
        self.from = from
        self.commit = commit
        self.operation = operation
    }
}

/// A commit without its edits.
package struct CommitSummary: Codable, Equatable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    package let parents: [CommitID]
    package let reverts: [CommitID]
    /// The commits of other lines whose edits this one makes again.
    package let picks: [CommitID]
    package let author: String?
    package let message: String
    package let time: Timestamp
    package let actor: ActorRecord
    package let editCount: Int
    /// How many facts it left in conflict.
    package let conflictCount: Int

    package init(
        commit: CommitID, operation: UInt64, parents: [CommitID], reverts: [CommitID],
        picks: [CommitID], author: String?, message: String, time: Timestamp, actor: ActorRecord,
        editCount: Int, conflictCount: Int
    ) {
        self.commit = commit
        self.operation = operation
        self.parents = parents
        self.reverts = reverts
        self.picks = picks
        self.author = author
        self.message = message
        self.time = time
        self.actor = actor
        self.editCount = editCount
        self.conflictCount = conflictCount
    }
}

/// `GET /v1/commits`, newest first.
package struct LogReply: Codable, Equatable, Sendable {
    package let commits: [CommitSummary]
    /// What to pass as `cursor` for the commits that follow; nil at the end.
    package let next: String?

    package init(commits: [CommitSummary], next: String?) {
        self.commits = commits
        self.next = next
    }
}

/// `GET /v1/commits/lines`.
package struct LinesReply: Codable, Equatable, Sendable {
    /// For each commit that was asked for the nearest of the others behind it, by operation; what its first
    /// parents lead to first.
    package let behind: [[UInt64]]

    package init(behind: [[UInt64]]) { self.behind = behind }
}

/// `GET /v1/commit`.
package struct CommitDetailReply: Codable, Equatable, Sendable {
    package let summary: CommitSummary
    /// The root of the snapshot's trie, in hex.
    package let root: String
    /// How many facts the snapshot holds.
    package let factCount: Int
    package let changes: [ChangeRecord]

    package init(
        summary: CommitSummary, root: String, factCount: Int, changes: [ChangeRecord]
    ) {
        self.summary = summary
        self.root = root
        self.factCount = factCount
        self.changes = changes
    }
}

/// One fact that differs between two versions.
///
/// On each side of the change one field says what was there: the fact, the values in conflict, or the
/// redaction; none of them if the fact was not believed.
package struct ChangeRecord: Codable, Equatable, Sendable {
    package let kind: Edit.Kind
    package let id: FactID
    package let before: FactRecord?
    package let after: FactRecord?
    package var conflictBefore: [ConflictSideRecord]?
    package var conflictAfter: [ConflictSideRecord]?
    package var redactionBefore: RedactionRecord?
    package var redactionAfter: RedactionRecord?

    package init(kind: Edit.Kind, id: FactID, before: FactRecord?, after: FactRecord?) {
        self.kind = kind
        self.id = id
        self.before = before
        self.after = after
    }
}

/// `GET /v1/diff`.
package struct DiffReply: Codable, Equatable, Sendable {
    package let from: CommitID
    package let to: CommitID
    package let counts: ChangeCounts
    package let changes: [ChangeRecord]

    package init(from: CommitID, to: CommitID, counts: ChangeCounts, changes: [ChangeRecord]) {
        self.from = from
        self.to = to
        self.counts = counts
        self.changes = changes
    }
}
