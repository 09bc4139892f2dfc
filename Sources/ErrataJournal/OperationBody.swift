package import ErrataCore

/// What an operation did.
package enum OperationBody: Hashable, Sendable {
    case initialize(store: [UInt8], branch: RefName, commit: [UInt8])
    /// `commit` is the canonical encoding, the very bytes whose hash is the id.
    case commit(branch: RefName, commit: [UInt8])
    case revert(branch: RefName, commit: [UInt8])
    case rollback(branch: RefName, new: CommitID, old: CommitID)
    case branchCreate(branch: RefName, head: CommitID)
    case branchDelete(branch: RefName, head: CommitID)
    case tagCreate(tag: RefName, commit: CommitID, message: String?)
    /// A branch went forward to a commit that had its head in its history.
    case branchMove(branch: RefName, new: CommitID, old: CommitID)
    case tagDelete(tag: RefName, commit: CommitID)
    /// The commit has two parents.
    case merge(branch: RefName, commit: [UInt8])
    /// These values of the fact can be read no longer.
    case redact(fact: FactID, leaves: [Leaf], reason: String)
    /// What everybody may do from here on.
    case policy(Policy)
    /// What answers under this name from here on.
    case model(ModelRegistration)
    /// The commit has `picks`.
    case cherryPick(branch: RefName, commit: [UInt8])
    case undo(Undo)

    /// A name put back to where it was before an operation.
    package struct Undo: Hashable, Sendable {
        package let operation: UInt64
        package let kind: RefKind
        package let name: RefName
        /// Nil if the name did not exist before the operation.
        package let new: CommitID?
        /// Nil if the operation took the name away.
        package let old: CommitID?
    }

    /// The numbers of the record's types, those that are only reserved included.
    enum TypeTag: UInt64, CaseIterable {
        case initialize = 0
        case commit, revert, rollback, branchCreate, branchDelete, tagCreate
        case branchMove, tagDelete, merge, conflict, redact, policy, key, model, prune
        case cherryPick, undo

        var name: String { self == .initialize ? "init" : "\(self)" }
    }

    var tag: TypeTag {
        switch self {
        case .initialize: .initialize
        case .commit: .commit
        case .revert: .revert
        case .rollback: .rollback
        case .branchCreate: .branchCreate
        case .branchDelete: .branchDelete
        case .tagCreate: .tagCreate
        case .branchMove: .branchMove
        case .tagDelete: .tagDelete
        case .merge: .merge
        case .redact: .redact
        case .policy: .policy
        case .model: .model
        case .cherryPick: .cherryPick
        case .undo: .undo
        }
    }

    /// The type's name as people see it, such as `commit` or `tagCreate`.
    package var name: String { tag.name }

    /// The branch or tag that the operation wrote, the model that it registered or the fact that it redacted.
    package var subjectName: String {
        switch self {
        case .redact(let fact, _, _): fact.hex
        case .policy: "policy"
        case .model(let model): model.name
        default: refChange(commit: nil)?.name.text ?? ""
        }
    }

    /// The bytes of the commit that the operation wrote, if it wrote one.
    package var commitBytes: [UInt8]? {
        switch self {
        case .initialize(_, _, let bytes), .commit(_, let bytes), .revert(_, let bytes),
            .merge(_, let bytes), .cherryPick(_, let bytes):
            bytes
        default: nil
        }
    }

    /// The commit that the operation wrote or moved a name to, if there is one; the cost is a hash.
    package var commit: CommitID? {
        refChange(commit: commitBytes.map { CommitID(.sha256($0)) })?.new
    }

    /// What the operation did to a name, nil if it wrote none.
    ///
    /// `commit` is the id of the commit that the operation wrote, if it wrote one.
    package func refChange(commit: CommitID?) -> RefChange? {
        switch self {
        case .initialize(_, let name, _), .commit(let name, _), .revert(let name, _),
            .merge(let name, _), .cherryPick(let name, _):
            RefChange(.branch, name, new: commit)
        case .rollback(let name, let new, _), .branchMove(let name, let new, _),
            .branchCreate(let name, let new):
            RefChange(.branch, name, new: new)
        case .branchDelete(let name, _): RefChange(.branch, name, new: nil)
        case .tagCreate(let name, let commit, _): RefChange(.tag, name, new: commit)
        case .tagDelete(let name, _): RefChange(.tag, name, new: nil)
        case .undo(let undo): RefChange(undo.kind, undo.name, new: undo.new)
        case .redact, .policy, .model: nil
        }
    }

    /// Where the name pointed before, as far as the record says so.
    package var from: CommitID? {
        switch self {
        case .rollback(_, _, let old), .branchMove(_, _, let old): old
        case .branchDelete(_, let head): head
        case .tagDelete(_, let commit): commit
        case .undo(let undo): undo.old
        default: nil
        }
    }
}

/// What a name is.
package enum RefKind: UInt64, Hashable, Sendable {
    case branch = 0
    case tag = 1
}

/// Where a name points after an operation.
package struct RefChange: Hashable, Sendable {
    package let kind: RefKind
    package let name: RefName
    /// Nil takes the name away.
    package let new: CommitID?

    init(_ kind: RefKind, _ name: RefName, new: CommitID?) {
        self.kind = kind
        self.name = name
        self.new = new
    }
}
