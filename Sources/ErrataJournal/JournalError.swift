package import ErrataCore
import LMDB

/// A request that the journal refuses, or trouble with the disk under it.
///
/// The daemon maps `code` to an HTTP status. Nobody parses `message`.
package struct JournalError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, CaseIterable, Sendable {
        case unknownBranch = "unknown_branch"
        case unknownRevision = "unknown_revision"
        case ambiguousRevision = "ambiguous_revision"
        case unknownFact = "unknown_fact"
        case unknownOperation = "unknown_operation"
        case unknownEvent = "unknown_event"
        case unknownTag = "unknown_tag"
        case invalidName = "invalid_name"
        case headMoved = "head_moved"
        case branchExists = "branch_exists"
        case tagExists = "tag_exists"
        case branchProtected = "branch_protected"
        case invalidText = "invalid_text"
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
        case storeLocked = "store_locked"
        case storeClosed = "store_closed"
        case unsupportedFileSystem = "unsupported_file_system"
        case unsupportedFormat = "unsupported_format"
        case storeOutdated = "store_outdated"
        case corrupt
        case storageFull = "storage_full"
        case storageReadOnly = "storage_read_only"
        case io
    }

    package let code: Code
    package let message: String
    /// What the user can do next, if anything: a full sentence.
    package let hint: String?
    /// The head that won, in `head_moved`.
    package let head: CommitID?
    /// The facts that stand in the way, in `revert_conflict`.
    package let facts: [FactID]

    package init(
        _ code: Code, _ message: String, hint: String? = nil, head: CommitID? = nil,
        facts: [FactID] = []
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.head = head
        self.facts = facts
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

// MARK: Sentences

extension JournalError {
    static func unknownBranch(_ name: RefName) -> JournalError {
        JournalError(
            .unknownBranch, "no branch is called '\(name)'",
            hint: "List the branches to see which exist.")
    }

    static func unknownRevision(_ text: String, _ reason: String) -> JournalError {
        JournalError(.unknownRevision, "'\(text)' names no version: \(reason)")
    }

    static func unknownCommit(_ id: CommitID) -> JournalError {
        JournalError(.unknownRevision, "no commit has the id \(id.hex)")
    }

    static func unknownFact(_ id: FactID, at place: String) -> JournalError {
        JournalError(.unknownFact, "the fact \(id.hex) is not believed \(place)")
    }

    static func unknownOperation(_ sequence: UInt64, last: UInt64) -> JournalError {
        JournalError(
            .unknownOperation, "there is no operation \(sequence), the last one is \(last)")
    }

    static func ambiguous(_ prefix: String, _ ids: [CommitID]) -> JournalError {
        let list = ids.map { $0.hex.prefix(prefix.utf8.count + 4) }.joined(separator: ", ")
        return JournalError(
            .ambiguousRevision, "'\(prefix)' stands for more than one commit: \(list)",
            hint: "Give more digits.")
    }

    static func headMoved(_ branch: RefName, head: CommitID, expected: CommitID) -> JournalError {
        JournalError(
            .headMoved, "branch '\(branch)' is at \(head.short), not at \(expected.short)",
            hint: "Read the branch again and rebuild the commit on its new head.", head: head)
    }

    static func revertConflict(_ commits: [CommitID], _ facts: [FactID]) -> JournalError {
        JournalError(
            .revertConflict,
            "\(JournalError.sentence(commits)) cannot be reverted, \(facts.count) of its facts changed "
                + "later: " + list(facts),
            hint: "Revert the later commits first, or commit the values that you want.",
            facts: facts)
    }

    static func nothingToRevert(_ commits: [CommitID], _ changedLater: Int) -> JournalError {
        let what = sentence(commits)
        guard changedLater > 0 else {
            return JournalError(.nothingToCommit, "\(what) has no edits to take back")
        }
        return JournalError(
            .nothingToCommit,
            "nothing of \(what) can be taken back: \(changedLater) facts changed later")
    }

    static func mergeConflict(_ facts: [FactID]) -> JournalError {
        JournalError(
            .mergeConflict,
            (facts.count == 1 ? "1 fact was" : "\(facts.count) facts were")
                + " changed on both sides: " + list(facts),
            hint: "Change them on one side first, or let the merge keep the conflicts.",
            facts: facts)
    }

    static func notInConflict(_ fact: FactID) -> JournalError {
        JournalError(
            .notInConflict,
            "the fact \(fact.hex) is not in conflict on the branch, or not with that side",
            hint: "List the conflicts to see which there are.")
    }

    static func forbidden(
        _ actor: Actor, _ roles: Set<Policy.Role>, _ permission: Permission, on place: String?
    ) -> JournalError {
        let name = actor.userName.map { "\($0) (uid \(actor.uid))" } ?? "uid \(actor.uid)"
        let has =
            roles.isEmpty
            ? "no role" : "the role " + roles.sorted().map(\.rawValue).joined(separator: " and ")
        let needed = Policy.Role.allCases.filter { $0.permissions.contains(permission) }
        return JournalError(
            .forbidden,
            "\(name) has \(has), and may not \(permission.deed)"
                + (place.map { ": \($0)" } ?? ""),
            hint: "It takes the role \(needed.map(\.rawValue).joined(separator: " or ")): "
                + "'errata policy' shows who has which.")
    }

    private static func sentence(_ commits: [CommitID]) -> String {
        guard let first = commits.first, commits.count > 1 else {
            return "commit \(commits.first?.short ?? "")"
        }
        return "the range of \(commits.count) commits up to \(first.short)"
    }

    private static func list(_ facts: [FactID]) -> String {
        let more = facts.count > 10 ? " and \(facts.count - 10) more" : ""
        return facts.prefix(10).map(\.hex).joined(separator: ", ") + more
    }

    static func notAnAncestor(_ commit: CommitID, of branch: RefName) -> JournalError {
        JournalError(
            .notAnAncestor, "commit \(commit.short) is not in the history of branch '\(branch)'")
    }

    static func limit(_ what: String, _ value: Int, max: Int) -> JournalError {
        JournalError(.limitExceeded, "\(what) is \(value), at most \(max) is allowed")
    }

    static func corrupt(_ message: String) -> JournalError {
        JournalError(
            .corrupt, message, hint: "Run a verification and restore the store from a backup.")
    }

    static func unknownVersion(_ version: UInt64, of place: String) -> JournalError {
        JournalError(
            .unsupportedFormat,
            "\(place) has format version \(version), this program knows version "
                + "\(JournalFormat.version)",
            hint: "Use the program that wrote the store, or a later one.")
    }

    static func outdated(_ directory: String, _ reason: String) -> JournalError {
        JournalError(
            .storeOutdated, "\(directory) is the store of an earlier program: \(reason)",
            hint: updateHint)
    }

    /// What is to be done about `store_outdated`.
    package static let updateHint =
        "'errata serve --data' brings it up to date; of a backup, serve a copy."

    static func unknownFeatures(_ flags: UInt64, of place: String) -> JournalError {
        JournalError(
            .unsupportedFormat,
            "\(place) uses features that this program does not know: flags 0x"
                + String(flags, radix: 16),
            hint: "Use the program that wrote the store, or a later one.")
    }

    static let closed = JournalError(.storeClosed, "the store is closed")
}

// MARK: From the layers below

extension JournalError {
    /// Says in the journal's words what LMDB reported.
    init(_ error: LMDBError) {
        let message = error.description
        switch error.kind {
        case .noSpace, .mapFull:
            self.init(
                .storageFull, message,
                hint: "Free space on the disk, then try again: nothing was written.")
        case .readOnly:
            self.init(.storageReadOnly, message, hint: "Make the data directory writable.")
        case .transactionTooLarge:
            self.init(.limitExceeded, message, hint: "Split the commit.")
        case .corrupt, .badKeyOrValueSize, .keyExists:
            self = .corrupt(message)
        case .closed:
            self = .closed
        case .alreadyOpen:
            self.init(.storeLocked, message)
        case .mustReopen:
            self.init(
                .io, message,
                hint: "A write to the disk failed half-way. Try again when the disk is well.")
        case .notFound, .readersFull, .mapOutgrown, .rowsPending, .system:
            self.init(.io, message)
        }
    }

    /// Says in the journal's words what any error of this target's own calls means.
    init(wrapping error: any Error) {
        switch error {
        case let error as JournalError: self = error
        case let error as LMDBError: self.init(error)
        case let error as CBORError: self = .corrupt("a record is damaged: \(error)")
        default: self.init(.io, "\(error)")
        }
    }
}
