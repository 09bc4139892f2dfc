package import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataRetrieval

/// A request that the knowledge base refuses, or something that went wrong under it.
///
/// `code` is stable and decides the HTTP status; nobody parses `message`.
package struct ServiceError: Error, Equatable, Sendable {
    package enum Code: String, Sendable, CaseIterable {
        // What the client can mend.
        case invalidFact = "invalid_fact"
        case invalidRequest = "invalid_request"
        case invalidText = "invalid_text"
        case invalidRevision = "invalid_revision"
        case invalidName = "invalid_name"
        case invalidImport = "invalid_import"
        case invalidQuery = "invalid_query"
        case unknownRevision = "unknown_revision"
        case ambiguousRevision = "ambiguous_revision"
        case unknownBranch = "unknown_branch"
        case unknownFact = "unknown_fact"
        case ambiguousFact = "ambiguous_fact"
        case unknownOperation = "unknown_operation"
        case unknownReceipt = "unknown_receipt"
        case unknownEvent = "unknown_event"
        case unknownModel = "unknown_model"
        case unknownTag = "unknown_tag"
        case modelExists = "model_exists"
        case modelUnusable = "model_unusable"
        case branchExists = "branch_exists"
        case branchProtected = "branch_protected"
        case tagExists = "tag_exists"
        case headMoved = "head_moved"
        case nothingToCommit = "nothing_to_commit"
        case duplicateEdit = "duplicate_edit"
        case revertConflict = "revert_conflict"
        case notAnAncestor = "not_an_ancestor"
        case mergeConflict = "merge_conflict"
        case notInConflict = "not_in_conflict"
        case undoConflict = "undo_conflict"
        case cannotUndo = "cannot_undo"
        case forbidden
        case limitExceeded = "limit_exceeded"
        // What time mends.
        case indexNotReady = "index_not_ready"
        case auditNotReady = "audit_not_ready"
        case modelBusy = "model_busy"
        case modelUnavailable = "model_unavailable"
        case cancelled
        // What the operator mends.
        case modelRefused = "model_refused"
        case modelFailed = "model_failed"
        case storeLocked = "store_locked"
        case storeClosed = "store_closed"
        case unsupportedFileSystem = "unsupported_file_system"
        case unsupportedFormat = "unsupported_format"
        case storeOutdated = "store_outdated"
        case storageFull = "storage_full"
        case storageReadOnly = "storage_read_only"
        case corrupt
        case io
    }

    package let code: Code
    /// Names the thing and the values; lower case, no full stop.
    package let message: String
    /// What the user can do next: a full sentence.
    package let hint: String?
    /// The branch's head now, when ``Code/headMoved``.
    package let head: CommitID?
    /// The lines of an import that cannot be taken.
    package let problems: [ImportProblem]
    /// When to come back, where that is known.
    package let retryAfterSeconds: Int?

    package init(
        _ code: Code, _ message: String, hint: String? = nil, head: CommitID? = nil,
        problems: [ImportProblem] = [], retryAfterSeconds: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.head = head
        self.problems = problems
        self.retryAfterSeconds = retryAfterSeconds
    }
}

extension ServiceError {
    init(_ error: FactError) { self.init(.invalidFact, error.description) }

    init(_ error: RevisionError) {
        self.init(.invalidRevision, error.message, hint: error.hint)
    }

    /// Takes over the journal's code and sentence: every code of the journal is one of ours.
    init(_ error: JournalError) {
        guard let code = Code(rawValue: error.code.rawValue) else {
            fatalError("unreachable: a test holds the journal's codes against ours")
        }
        self.init(code, error.message, hint: error.hint, head: error.head)
    }

    init(_ error: RetrievalError) {
        let code: Code =
            switch error.code {
            case .versionNotPrepared, .factsNotIndexed, .vectorsNotReady: .indexNotReady
            case .invalidQuery, .invalidVector: .invalidRequest
            case .tooManyRows: .limitExceeded
            case .fileTrouble, .databaseTrouble: .io
            }
        self.init(code, error.message, hint: error.hint)
    }

    init(_ error: ModelError) {
        let code: Code =
            switch error.code {
            case .unreadable, .malformed, .unsupported, .mismatch: .modelUnusable
            case .limit: .limitExceeded
            case .unavailable: .modelUnavailable
            }
        self.init(code, error.message, hint: error.hint)
    }

    init(_ error: BackendError) {
        let code: Code =
            switch error.code {
            case .unavailable: .modelUnavailable
            case .busy: .modelBusy
            case .refused: .modelRefused
            case .malformed, .limit: .modelFailed
            }
        self.init(
            code, error.message, hint: error.hint, retryAfterSeconds: error.retryAfterSeconds)
    }

    /// Says in this layer's words what any error of the layers below means.
    package init(wrapping error: any Error) {
        switch error {
        case let error as ServiceError: self = error
        case let error as JournalError: self.init(error)
        case let error as FactError: self.init(error)
        case let error as RevisionError: self.init(error)
        case let error as RetrievalError: self.init(error)
        case let error as ModelError: self.init(error)
        case let error as BackendError: self.init(error)
        case is CancellationError: self.init(.cancelled, "nobody waits for the answer any more")
        default: self.init(.io, "\(error)")
        }
    }
}
