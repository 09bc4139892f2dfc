import ErrataCore
import LMDB

/// One operation as it will be written: every check is behind it.
///
/// Planning only reads. A refused request therefore leaves nothing behind in the transaction that it shares
/// with others.
struct OperationPlan {
    let body: OperationBody
    /// The commit that the operation adds, if it adds one.
    var commit: CommitPlan?
    /// Where the name that it writes points then, or pointed last.
    var target: CommitID?

    /// What happens to a name.
    var refChange: RefChange? { body.refChange(commit: commit?.id) }
}

/// A new commit and the rows that come with it.
struct CommitPlan {
    let id: CommitID
    let row: CommitRow
    let edits: [Edit]
    let conflicts: [Conflict]
    let nodes: [UInt8]
    let payloads: [NewPayload]
    let unchangedCount: Int
}

/// Requests that were planned before what lies under them was stored.
struct PlannedBatch: Sendable {
    var requests: [WriteRequest] = []
    /// What becomes of each request when the batch is stored.
    var outcomes: [Result<WriteOutcome, JournalError>] = []
    var changes = Changes()
    /// Where the next operation goes then.
    var end: JournalPosition
}

/// What the names of a store may grow to.
package enum RefLimits {
    package static let branchCountMax = 10_000
    package static let tagCountMax = 100_000
}
