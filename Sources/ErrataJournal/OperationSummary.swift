package import ErrataCore

/// A branch or tag that an operation put somewhere.
package struct NameChange: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case branch
        case tag
    }

    package let kind: Kind
    package let name: RefName
    /// Where it was; nil if it is new.
    package let old: CommitID?
    /// Where it is now; nil if it was deleted.
    package let new: CommitID?
}

/// What an operation says, in the terms that every list of operations has in common.
package struct OperationSummary: Hashable, Sendable {
    package let operation: Operation
    /// The commit that it wrote, if it wrote one.
    package let commit: Commit?
    /// The id of that commit.
    package let commitID: CommitID?
    /// The names that it moved, made or took away.
    package let names: [NameChange]
    /// Who the client said wrote it.
    package let author: String?
    package let message: String?
    /// What else it says, by the words of the format's description.
    package let detail: [String: String]

    /// Where the name points since; where a deleted branch was is ``from``.
    package var to: CommitID? { names.first?.new }
    /// Where the name pointed before.
    package var from: CommitID? { names.first?.old }
}

extension OperationSummary {
    /// Decodes the operation's commit, if it has one; the cost is that and a hash of it.
    package init(_ operation: Operation) throws(JournalError) {
        self.operation = operation
        let bytes = operation.body.commitBytes
        do throws(CBORError) {
            commit = try bytes.map { bytes throws(CBORError) in try Commit(decoding: bytes) }
        } catch {
            throw .corrupt("the commit of operation \(operation.sequence) is damaged: \(error)")
        }
        let (commit, id) = (commit, bytes.map { CommitID(.sha256($0)) })
        commitID = id
        author = operation.author ?? commit?.author
        names =
            operation.body.refChange(commit: id).map { change in
                let old =
                    operation.body.from ?? (change.kind == .branch ? commit?.parents.first : nil)
                let kind: NameChange.Kind = change.kind == .branch ? .branch : .tag
                return [NameChange(kind: kind, name: change.name, old: old, new: change.new)]
            } ?? []
        switch operation.body {
        case .tagCreate(_, _, let text): message = text
        case .redact(_, _, let reason): message = reason
        default: message = commit?.message
        }
        detail = OperationSummary.detail(of: operation.body, commit)
    }

    private static func detail(of body: OperationBody, _ commit: Commit?) -> [String: String] {
        var detail: [String: String] = [:]
        switch body {
        case .initialize(let store, _, _): detail["store"] = Hex.encode(store)
        case .model(let model): detail = model.detail
        case .redact(let fact, let leaves, _):
            detail = ["fact": fact.hex, "values": String(leaves.count)]
        case .undo(let undo): detail["undone"] = String(undo.operation)
        case .policy(let policy):
            detail = [
                "rules": String(policy.rules.count),
                "protected": policy.protectedBranches.joined(separator: " "),
                "auditsReads": String(policy.auditsReads),
            ]
        case .merge: detail["conflicts"] = String(commit?.conflicts.count ?? 0)
        default: break
        }
        if let picks = commit?.picks, !picks.isEmpty {
            detail["picks"] = picks.map(\.hex).joined(separator: " ")
        }
        return detail
    }
}

extension ModelRegistration {
    fileprivate var detail: [String: String] {
        var detail = ["kind": kind.rawValue, "hash": hash.hex]
        detail["encoder"] = encoder?.hex
        detail["precision"] = precision
        return detail
    }
}
