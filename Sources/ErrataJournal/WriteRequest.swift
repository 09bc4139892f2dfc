package import ErrataCore

/// Edits that a client wants on a branch.
package struct CommitDraft: Sendable {
    package var branch: String
    /// The head that the edits were made for; nil means whatever the head is then.
    package var expect: CommitID?
    /// Who the client says wrote this.
    package var author: String?
    package var message: String
    package var edits: [DraftEdit]

    package init(
        branch: String, expect: CommitID? = nil, author: String? = nil, message: String,
        edits: [DraftEdit]
    ) {
        self.branch = branch
        self.expect = expect
        self.author = author
        self.message = message
        self.edits = edits
    }
}

/// What a commit, revert, merge or cherry-pick did.
package struct CommitOutcome: Hashable, Sendable {
    package let commit: CommitID
    package let operation: UInt64
    package let branch: String
    package let time: Timestamp
    /// In the order of fact ids.
    package let changes: [Edit]
    /// How many edits asked for what was there already.
    package let unchangedCount: Int
    /// What the commit leaves for people to choose.
    package let conflicts: [Conflict]
}

/// What an operation on names did.
package struct OperationOutcome: Hashable, Sendable {
    package let operation: UInt64
    /// The branch or tag.
    package let name: String
    /// Where the name points now, or last pointed if it was deleted.
    package let commit: CommitID
    package let time: Timestamp
}

/// An operation to be written, checked as far as that goes without the store.
struct WriteRequest: Sendable {
    enum Action: Sendable {
        case initialize
        case commit(CommitTarget, [PreparedEdit])
        case revert(RevertSelection, CommitTarget)
        case merge(CommitID, CommitTarget, MergeOptions)
        case cherryPick(CommitID, CommitTarget, refusesConflicts: Bool)
        case rollback(branch: RefName, to: CommitID, expect: CommitID?)
        case createBranch(RefName, at: CommitID)
        case deleteBranch(RefName)
        case createTag(RefName, at: CommitID, message: String?)
        case deleteTag(RefName)
        case undo(UInt64)
        /// Nil leaves stand for every value that the fact ever had.
        case redact(FactID, [Leaf]?, reason: String)
        case setPolicy(Policy, expecting: Policy?)
        case registerModel(ModelRegistration)
    }

    /// Where a commit goes, and what it says.
    struct CommitTarget: Sendable {
        let branch: RefName
        let expect: CommitID?
        let text: CommitText
    }

    let action: Action
    let actor: Actor
    /// Who the client says asked for it, if the operation writes no commit.
    var author: String?
    let loan: SlotLoan

    /// What a request takes beside its edits, counted in edits.
    private static let ownWeight = 30

    /// How much there is to write.
    var weight: Int {
        guard case .commit(_, let edits) = action else { return WriteRequest.ownWeight }
        return edits.count + WriteRequest.ownWeight
    }
}

/// The words of a commit, within their limits and in NFC.
struct CommitText: Sendable {
    let author: String?
    let message: String

    init(author: String?, message: String) throws(JournalError) {
        self.author = try CommitText.author(author)
        self.message = try CommitText.message(message)
    }

    /// Returns `text` in NFC, if it can name an author.
    static func author(_ text: String?) throws(JournalError) -> String? {
        guard let text else { return nil }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw JournalError(.invalidText, "the author holds a control character")
        }
        return try checked(text, "the length of the author", max: Commit.authorBytesMax)
    }

    /// Returns `text` in NFC, if it fits a commit or tag message.
    static func message(_ text: String) throws(JournalError) -> String {
        let isControl = { (byte: UInt8) in byte < 0x20 && byte != 0x0a && byte != 0x09 }
        guard !text.utf8.contains(where: isControl) else {
            throw JournalError(
                .invalidText, "the message holds a control character",
                hint: "Only line feeds and tabs are allowed.")
        }
        return try checked(text, "the length of the message", max: Commit.messageBytesMax)
    }

    private static func checked(
        _ text: String, _ what: String, max: Int
    ) throws(JournalError) -> String {
        guard text.utf8.count <= max else { throw .limit(what, text.utf8.count, max: max) }
        let normal = text.inNFC
        guard normal.utf8.count <= max else { throw .limit(what, normal.utf8.count, max: max) }
        return normal
    }
}

/// A draft edit by the id of its fact.
struct PreparedEdit: Sendable {
    enum Change: Sendable {
        /// The fact's canonical encoding.
        case put([UInt8], mustExist: Bool)
        case retract
        /// The value of one side of a conflict.
        case choose(Leaf?)
    }

    let fact: FactID
    let change: Change
    /// What the client found of the value that is put.
    var found: FoundValue?

    /// Returns the edits in the order of fact ids; refuses more than the limit and two for one fact.
    static func list(
        _ drafts: [DraftEdit], secret: [UInt8]
    ) throws(JournalError) -> [PreparedEdit] {
        guard drafts.count <= Commit.editCountMax else {
            throw .limit("the number of edits", drafts.count, max: Commit.editCountMax)
        }
        let edits = drafts.map { PreparedEdit($0, secret: secret) }.sorted { $0.fact < $1.fact }
        for (edit, next) in zip(edits, edits.dropFirst()) where edit.fact == next.fact {
            throw JournalError(
                .duplicateEdit, "two edits of the commit change the fact \(edit.fact.hex)",
                hint: "Keep one edit a fact.")
        }
        return edits
    }

    private init(_ draft: DraftEdit, secret: [UInt8]) {
        switch draft {
        case .assert(let fact):
            self.fact = FactID(key: fact.key, secret: secret)
            change = .put(fact.payload, mustExist: false)
        case .revise(let fact):
            self.fact = FactID(key: fact.key, secret: secret)
            change = .put(fact.payload, mustExist: true)
        case .retract(let fact):
            self.fact = fact
            change = .retract
        case .choose(let fact, let side):
            self.fact = fact
            change = .choose(side)
        }
    }
}

/// What a merge did.
package enum MergeOutcome: Hashable, Sendable {
    /// The branch was moved: it had no commits of its own.
    case fastForward(OperationOutcome)
    case commit(CommitOutcome)
}

/// What an undo did to a name.
package struct UndoOutcome: Hashable, Sendable {
    package let operation: UInt64
    /// The branch or tag; nil if the policy was put back.
    package let name: String?
    /// Where the name points now; nil if it is gone.
    package let commit: CommitID?
    package let time: Timestamp
}

/// What a redaction took away.
package struct RedactionOutcome: Hashable, Sendable {
    package let operation: UInt64
    package let fact: FactID
    /// The values that can be read no longer.
    package let leaves: [Leaf]
    package let time: Timestamp
}
