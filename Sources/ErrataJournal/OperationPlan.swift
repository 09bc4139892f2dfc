import ErrataCore
import LMDB

/// One operation as it will be written: every check is behind it.
///
/// Planning only reads. A refused request therefore leaves nothing behind in the transaction that it shares
/// with others.
struct OperationPlan {
    let body: OperationBody
    /// The commit that the operation adds, if it adds one.
    let commit: CommitPlan?
    let effect: Effect

    /// What the operation is remembered by.
    enum Effect {
        /// `target` is where the name points, or last pointed.
        case ref(RefChange, target: CommitID)
        case model(ModelRegistration)
    }

    /// What happens to a name.
    struct RefChange {
        enum Kind {
            case branch
            case tag
        }

        let kind: Kind
        let name: RefName
        /// Nil takes the name away.
        let commit: CommitID?
    }
}

/// A new commit and the rows that come with it.
struct CommitPlan {
    let id: CommitID
    let row: CommitRow
    let edits: [Edit]
    let nodes: [UInt8]
    let payloads: [(name: PayloadKey, sealed: SealedPayload)]
    let nextSlot: UInt64
    let unchangedCount: Int
}

/// What the names of a store may grow to.
package enum RefLimits {
    package static let branchCountMax = 10_000
    package static let tagCountMax = 100_000
}

/// Turns requests into plans at one position of the log.
struct OperationPlanner: ~Copyable {
    let store: JournalStore
    let position: JournalPosition
    let time: Timestamp

    private var sequence: UInt64 { position.frontier.size }
    private var tables: JournalTables { store.tables }

    func plan(
        _ request: WriteRequest, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        switch request.action {
        case .initialize: return try initialize(reader)
        case .commit(let branch, let expect, let text, let edits):
            let head = try head(of: branch, expect, reader)
            let plan = try commit(edits, on: head, text, reader)
            return operation(plan.plan, branch, .commit(branch: branch, commit: plan.bytes))
        case .revert(let commit, let branch, let expect, let text):
            let head = try head(of: branch, expect, reader)
            let plan = try revert(commit, on: head, branch, text, reader)
            return operation(plan.plan, branch, .revert(branch: branch, commit: plan.bytes))
        case .rollback(let branch, let target, let expect):
            return try rollback(branch, to: target, expect, reader)
        case .createBranch(let name, let commit): return try createBranch(name, commit, reader)
        case .deleteBranch(let name): return try deleteBranch(name, reader)
        case .createTag(let name, let commit, let message):
            return try createTag(name, commit, message, reader)
        case .registerModel(let model): return try register(model, reader)
        }
    }

    private func operation(
        _ commit: CommitPlan, _ branch: RefName, _ body: OperationBody
    ) -> OperationPlan {
        OperationPlan(
            body: body, commit: commit,
            effect: .ref(
                .init(kind: .branch, name: branch, commit: commit.id), target: commit.id))
    }

    /// Returns the branch's head; throws `head_moved` if it is not the one expected.
    private func head(
        of branch: RefName, _ expected: CommitID?, _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        let head = try store.head(of: branch, reader)
        if let expected, expected != head {
            throw JournalError.headMoved(branch, head: head, expected: expected)
        }
        return head
    }

    // MARK: Commits

    private func initialize(_ reader: borrowing ReadTransaction) throws -> OperationPlan {
        let commit = Commit(
            parents: [], root: Trie.emptyRoot, edits: [], author: nil, message: "", time: time)
        let bytes = commit.encoded
        let id = CommitID(.sha256(bytes))
        let row = CommitRow(
            sequence: sequence, generation: 0, factCount: 0, parent: id, jump: id, root: nil)
        let plan = CommitPlan(
            id: id, row: row, edits: [], nodes: [], payloads: [], nextSlot: 0, unchangedCount: 0)
        return operation(
            plan, .main,
            .initialize(store: store.keys.store.bytes, branch: .main, commit: bytes))
    }

    private func commit(
        _ drafts: [PreparedEdit], on head: CommitID, _ text: CommitText,
        _ reader: borrowing ReadTransaction
    ) throws -> (plan: CommitPlan, bytes: [UInt8]) {
        let row = try store.row(of: head, reader)
        var sealer = PayloadSealer(store: store, nextSlot: position.nextSlot)
        var edits: [Edit] = []
        for draft in drafts {
            let old = try store.trie.leaf(of: draft.fact, under: row.root, reader)
            let new = try sealer.leaf(for: draft, old: old, reader)
            if old != new { edits.append(Edit(fact: draft.fact, old: old, new: new)) }
        }
        guard !edits.isEmpty else {
            throw JournalError(
                .nothingToCommit, "the commit changes nothing",
                hint: "Every fact in it already has the value that it asks for.")
        }
        try store.keys.prepare(used: sealer.nextSlot)
        let unchanged = drafts.count - edits.count
        return try add(edits, on: head, row, text, [], sealer, unchanged, reader)
    }

    /// Plans the commit that takes `id` back.
    private func revert(
        _ id: CommitID, on head: CommitID, _ branch: RefName, _ text: CommitText,
        _ reader: borrowing ReadTransaction
    ) throws -> (plan: CommitPlan, bytes: [UInt8]) {
        let record = try store.record(of: id, reader)
        guard try store.isAncestor(id, of: head, reader) else {
            throw JournalError.notAnAncestor(id, of: branch)
        }
        guard !record.commit.edits.isEmpty else {
            throw JournalError(.nothingToCommit, "commit \(id.short) has no edits to take back")
        }
        let row = try store.row(of: head, reader)
        var conflicts: [FactID] = []
        for edit in record.commit.edits
        where try store.trie.leaf(of: edit.fact, under: row.root, reader) != edit.new {
            conflicts.append(edit.fact)
        }
        guard conflicts.isEmpty else { throw JournalError.revertConflict(id, conflicts) }
        let sealer = PayloadSealer(store: store, nextSlot: position.nextSlot)
        let edits = record.commit.edits.map(\.inverse)
        return try add(edits, on: head, row, text, [id], sealer, 0, reader)
    }

    private func add(
        _ edits: [Edit], on head: CommitID, _ row: CommitRow, _ text: CommitText,
        _ reverts: [CommitID], _ sealer: PayloadSealer, _ unchangedCount: Int,
        _ reader: borrowing ReadTransaction
    ) throws -> (plan: CommitPlan, bytes: [UInt8]) {
        let next = try store.advance(row, of: head, by: edits, at: sequence, reader)
        let commit = Commit(
            parents: [head], root: next.row.root?.hash ?? Trie.emptyRoot, edits: edits,
            author: text.author, message: text.message, time: time, reverts: reverts)
        let bytes = commit.encoded
        let plan = CommitPlan(
            id: CommitID(.sha256(bytes)), row: next.row, edits: commit.edits, nodes: next.nodes,
            payloads: sealer.new, nextSlot: sealer.nextSlot, unchangedCount: unchangedCount)
        return (plan, bytes)
    }

    // MARK: Names

    private func rollback(
        _ branch: RefName, to target: CommitID, _ expect: CommitID?,
        _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        let head = try head(of: branch, expect, reader)
        guard head != target else {
            throw JournalError(
                .nothingToCommit, "branch '\(branch)' is already at \(target.short)")
        }
        guard try store.isAncestor(target, of: head, reader) else {
            throw JournalError.notAnAncestor(target, of: branch)
        }
        return OperationPlan(
            body: .rollback(branch: branch, new: target, old: head), commit: nil,
            effect: .ref(.init(kind: .branch, name: branch, commit: target), target: target))
    }

    private func createBranch(
        _ name: RefName, _ commit: CommitID, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        _ = try store.row(of: commit, reader)
        try checkFree(name, reader)
        try checkRoom(tables.branches, "the number of branches", RefLimits.branchCountMax, reader)
        return OperationPlan(
            body: .branchCreate(branch: name, head: commit), commit: nil,
            effect: .ref(.init(kind: .branch, name: name, commit: commit), target: commit))
    }

    private func deleteBranch(
        _ name: RefName, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        let head = try store.head(of: name, reader)
        guard name != .main else {
            throw JournalError(.branchProtected, "branch '\(name)' cannot be deleted")
        }
        return OperationPlan(
            body: .branchDelete(branch: name, head: head), commit: nil,
            effect: .ref(.init(kind: .branch, name: name, commit: nil), target: head))
    }

    private func createTag(
        _ name: RefName, _ commit: CommitID, _ message: String?,
        _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        _ = try store.row(of: commit, reader)
        try checkFree(name, reader)
        try checkRoom(tables.tags, "the number of tags", RefLimits.tagCountMax, reader)
        return OperationPlan(
            body: .tagCreate(tag: name, commit: commit, message: message), commit: nil,
            effect: .ref(.init(kind: .tag, name: name, commit: commit), target: commit))
    }

    private func register(
        _ model: ModelRegistration, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        if let newest = try store.newestModel(named: model.name, reader), newest == model.hash {
            throw JournalError(
                .nothingToCommit, "model '\(model.name)' is registered already")
        }
        try checkRoom(
            tables.models, "the number of registered models", ModelRegistration.countMax, reader)
        return OperationPlan(body: .model(model), commit: nil, effect: .model(model))
    }

    /// Branches and tags share their names, so that a revision means one thing.
    private func checkFree(_ name: RefName, _ reader: borrowing ReadTransaction) throws {
        if let row = try store.ref(name, in: tables.branches, reader) {
            throw JournalError(
                .branchExists, "a branch '\(name)' exists already, at \(row.commit.short)")
        }
        if let row = try store.ref(name, in: tables.tags, reader) {
            throw JournalError(.tagExists, "a tag '\(name)' exists already, at \(row.commit.short)")
        }
    }

    private func checkRoom(
        _ table: Table, _ what: String, _ max: Int, _ reader: borrowing ReadTransaction
    ) throws {
        let count = try reader.count(of: table)
        guard count < max else { throw JournalError.limit(what, count + 1, max: max) }
    }
}

extension JournalStore {
    /// Returns the row and new trie nodes of the commit that applies `edits` to `parent`.
    ///
    /// The same edits give the same bytes, so verification compares them with what is stored.
    func advance(
        _ row: CommitRow, of parent: CommitID, by edits: [Edit], at sequence: UInt64,
        _ reader: borrowing ReadTransaction
    ) throws -> (row: CommitRow, nodes: [UInt8]) {
        var update = TrieUpdate(at: sequence, trie)
        let root = try update.apply(edits.map { .init($0.fact, $0.new) }, to: row.root, reader)
        var factCount = Int64(bitPattern: row.factCount)
        for edit in edits { factCount += (edit.new == nil ? 0 : 1) - (edit.old == nil ? 0 : 1) }
        guard factCount >= 0 else {
            throw JournalError.corrupt(
                "commit \(parent.hex) has fewer facts than its edits take out")
        }
        let next = CommitRow(
            sequence: sequence, generation: row.generation + 1, factCount: UInt64(factCount),
            parent: parent, jump: try jump(from: parent, row, reader), root: root)
        return (next, update.nodes)
    }
}
