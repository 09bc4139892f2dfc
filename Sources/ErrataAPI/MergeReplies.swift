package import ErrataCore

/// What a merge did.
package struct MergeReply: Codable, Equatable, Sendable {
    package let branch: String
    /// The branch's head before.
    package let from: CommitID
    /// The branch's head now.
    package let commit: CommitID
    package let operation: UInt64
    package let time: Timestamp
    /// Whether the branch was only moved, having no commits of its own.
    package let isFastForward: Bool
    /// What changed on the branch.
    package let counts: ChangeCounts
    /// How many facts the merge left in conflict.
    package let conflictCount: Int

    package init(
        branch: String, from: CommitID, commit: CommitID, operation: UInt64, time: Timestamp,
        isFastForward: Bool, counts: ChangeCounts, conflictCount: Int
    ) {
        self.branch = branch
        self.from = from
        self.commit = commit
        self.operation = operation
        self.time = time
        self.isFastForward = isFastForward
        self.counts = counts
        self.conflictCount = conflictCount
    }
}

/// Who took the text of a value away, and why.
package struct RedactionRecord: Codable, Equatable, Sendable {
    package let operation: UInt64
    package let time: Timestamp
    package let actor: ActorRecord
    package let author: String?
    package let reason: String

    package init(
        operation: UInt64, time: Timestamp, actor: ActorRecord, author: String?, reason: String
    ) {
        self.operation = operation
        self.time = time
        self.actor = actor
        self.author = author
        self.reason = reason
    }
}

/// One of the values that a merge could not choose between; a retracted fact has neither text nor redaction.
package struct ConflictSideRecord: Codable, Equatable, Sendable {
    package let fact: FactRecord?
    /// Why the text cannot be read.
    package let redaction: RedactionRecord?
    /// The commit that brought the value, or retracted the fact; absent where only the values are listed.
    package let introducedBy: CommitSummary?

    package init(
        fact: FactRecord?, redaction: RedactionRecord?, introducedBy: CommitSummary?
    ) {
        self.fact = fact
        self.redaction = redaction
        self.introducedBy = introducedBy
    }
}

/// A fact that is in conflict at a version.
package struct FactConflictRecord: Codable, Equatable, Sendable {
    package let id: FactID
    /// What both lines started from; absent if the fact was not believed there.
    package let base: ConflictSideRecord?
    /// Side 1 first, which is that of the branch merged into.
    package let sides: [ConflictSideRecord]

    package init(id: FactID, base: ConflictSideRecord?, sides: [ConflictSideRecord]) {
        self.id = id
        self.base = base
        self.sides = sides
    }
}

/// A fact whose text was taken away.
package struct RedactedFactRecord: Codable, Equatable, Sendable {
    package let id: FactID
    package let redaction: RedactionRecord

    package init(id: FactID, redaction: RedactionRecord) {
        self.id = id
        self.redaction = redaction
    }
}

/// `GET /v1/conflicts`, by id.
package struct ConflictsReply: Codable, Equatable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    /// How many facts are in conflict at the version, shown here or not.
    package let count: Int
    package let conflicts: [FactConflictRecord]
    /// What to pass as `cursor` for those that follow; nil at the end.
    package let next: String?

    package init(
        commit: CommitID, operation: UInt64, count: Int, conflicts: [FactConflictRecord],
        next: String?
    ) {
        self.commit = commit
        self.operation = operation
        self.count = count
        self.conflicts = conflicts
        self.next = next
    }
}

/// What an undo put back.
package struct UndoReply: Codable, Equatable, Sendable {
    package let operation: UInt64
    /// The operation that was undone.
    package let undone: UInt64
    /// The kind of that operation.
    package let type: String
    /// The branch or tag; absent if the policy was put back.
    package let name: String?
    /// Where the name pointed before; absent if the operation had taken it away.
    package let from: CommitID?
    /// Where it points now; absent if it is gone.
    package let commit: CommitID?
    package let time: Timestamp

    package init(
        operation: UInt64, undone: UInt64, type: String, name: String?, from: CommitID?,
        commit: CommitID?, time: Timestamp
    ) {
        self.operation = operation
        self.undone = undone
        self.type = type
        self.name = name
        self.from = from
        self.commit = commit
        self.time = time
    }
}

/// `POST /v1/revert` with `dryRun`: what the revert would take back.
package struct RevertPlanReply: Codable, Equatable, Sendable {
    package let branch: String
    /// The head that this is about.
    package let head: CommitID
    /// Newest first.
    package let commits: [CommitSummary]
    package let counts: ChangeCounts
    package let changes: [ChangeRecord]
    /// Facts that other commits changed later: they refuse the revert, or are left as they are.
    package let changedLater: [FactID]

    package init(
        branch: String, head: CommitID, commits: [CommitSummary], counts: ChangeCounts,
        changes: [ChangeRecord], changedLater: [FactID]
    ) {
        self.branch = branch
        self.head = head
        self.commits = commits
        self.counts = counts
        self.changes = changes
        self.changedLater = changedLater
    }
}

/// What a redaction took away.
package struct RedactReply: Codable, Equatable, Sendable {
    package let operation: UInt64
    package let id: FactID
    /// How many values of the fact can be read no longer.
    package let valueCount: Int
    package let time: Timestamp

    package init(operation: UInt64, id: FactID, valueCount: Int, time: Timestamp) {
        self.operation = operation
        self.id = id
        self.valueCount = valueCount
        self.time = time
    }
}
