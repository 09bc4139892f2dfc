package import ErrataCore
import ErrataJournal
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
        // What the operator mends.
        case storeLocked = "store_locked"
        case storeClosed = "store_closed"
        case unsupportedFileSystem = "unsupported_file_system"
        case unsupportedFormat = "unsupported_format"
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

    package init(
        _ code: Code, _ message: String, hint: String? = nil, head: CommitID? = nil,
        problems: [ImportProblem] = []
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.head = head
        self.problems = problems
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

    /// Says in this layer's words what any error of the layers below means.
    package init(wrapping error: any Error) {
        switch error {
        case let error as ServiceError: self = error
        case let error as JournalError: self.init(error)
        case let error as FactError: self.init(error)
        case let error as RevisionError: self.init(error)
        case let error as RetrievalError: self.init(error)
        default: self.init(.io, "\(error)")
        }
    }
}
