import ErrataCore
import LMDB

/// Turns requests into plans at one position of the log.
struct OperationPlanner: ~Copyable {
    let store: JournalStore
    let position: JournalPosition
    let time: Timestamp
    /// Where new values get their slots from.
    let loan: SlotLoan

    var sequence: UInt64 { position.frontier.size }
    var tables: JournalTables { store.tables }
    var sealer: PayloadSealer { PayloadSealer(store: store, sequence: sequence, loan: loan) }

    /// Returns what `request` leads to; throws if the policy or the state of the store is against it.
    func plan(
        _ request: WriteRequest, _ reader: borrowing ReadTransaction
    ) throws -> OperationPlan {
        try authorize(request, reader)
        switch request.action {
        case .initialize: return try initialize(reader)
        case .commit(let draft, let edits):
            let head = try head(of: draft, reader)
            let (plan, bytes) = try commit(edits, on: head, draft.text, reader)
            return .init(body: .commit(branch: draft.branch, commit: bytes), commit: plan)
        case .revert(let selection, let draft): return try revert(selection, draft, reader)
        case .merge(let source, let draft, let options):
            return try merge(source, draft, options, reader)
        case .cherryPick(let commit, let draft, let refusesConflicts):
            return try cherryPick(commit, draft, refusesConflicts: refusesConflicts, reader)
        case .rollback(let branch, let target, let expect):
            return try rollback(branch, to: target, expect, reader)
        case .createBranch(let name, let commit): return try createBranch(name, commit, reader)
        case .deleteBranch(let name): return try deleteBranch(name, reader)
        case .createTag(let name, let commit, let message):
            return try createTag(name, commit, message, reader)
        case .deleteTag(let name): return try deleteTag(name, reader)
        case .undo(let operation): return try undo(operation, reader)
        case .redact(let fact, let leaves, let reason):
            return try redact(fact, leaves, reason, reader)
        case .setPolicy(let policy, let expected):
            return try set(policy, expecting: expected)
        case .registerModel(let model): return try register(model, reader)
        }
    }

    /// Returns the branch's head; throws `head_moved` if it is not the one expected.
    func head(
        of branch: RefName, _ expected: CommitID?, _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        let head = try store.head(of: branch, reader)
        if let expected, expected != head {
            throw JournalError.headMoved(branch, head: head, expected: expected)
        }
        return head
    }

    func head(
        of draft: WriteRequest.CommitTarget, _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        try head(of: draft.branch, draft.expect, reader)
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
            id: id, row: row, edits: [], conflicts: [], nodes: [], payloads: [],
            unchangedCount: 0)
        return .init(
            body: .initialize(store: store.keys.store.bytes, branch: .main, commit: bytes),
            commit: plan)
    }

    private func commit(
        _ drafts: [PreparedEdit], on head: CommitID, _ text: CommitText,
        _ reader: borrowing ReadTransaction
    ) throws -> (plan: CommitPlan, bytes: [UInt8]) {
        let row = try store.row(of: head, reader)
        var sealer = sealer
        var edits: [Edit] = []
        for draft in drafts {
            let old = try store.cachedTrie.leaf(of: draft.fact, under: row.root, reader)
            let new = try sealer.leaf(for: draft, old: old, reader)
            if old != new { edits.append(Edit(fact: draft.fact, old: old, new: new)) }
        }
        guard !edits.isEmpty else {
            throw JournalError(
                .nothingToCommit, "the commit changes nothing",
                hint: "Every fact in it already has the value that it asks for.")
        }
        let unchanged = drafts.count - edits.count
        return try add(
            NewCommit(edits: edits, text: text, unchangedCount: unchanged), on: head, row, sealer,
            reader)
    }

    /// What a commit adds to its parent.
    struct NewCommit {
        var edits: [Edit]
        let text: CommitText
        var conflicts: [Conflict] = []
        var merged: [CommitID] = []
        var reverts: [CommitID] = []
        var picks: [CommitID] = []
        var unchangedCount = 0
    }

    /// Plans a commit on `head`, whose row is `row`.
    func add(
        _ new: NewCommit, on head: CommitID, _ row: CommitRow, _ sealer: PayloadSealer,
        _ reader: borrowing ReadTransaction
    ) throws -> (plan: CommitPlan, bytes: [UInt8]) {
        guard new.edits.count <= Commit.editCountMax else {
            throw JournalError.limit(
                "the number of edits", new.edits.count, max: Commit.editCountMax)
        }
        let edits = new.edits.sorted { $0.fact < $1.fact }
        let next = try store.advance(
            row, of: head, merging: new.merged, by: edits, at: sequence, store.cachedTrie, reader)
        let commit = Commit(
            parents: [head] + new.merged, root: next.row.root?.hash ?? Trie.emptyRoot,
            edits: edits, author: new.text.author, message: new.text.message, time: time,
            reverts: new.reverts, picks: new.picks, conflicts: new.conflicts)
        let bytes = commit.encoded
        let plan = CommitPlan(
            id: CommitID(.sha256(bytes)), row: next.row, edits: commit.edits,
            conflicts: commit.conflicts, nodes: next.nodes,
            payloads: sealer.new.sorted { $0.name.fact < $1.name.fact },
            unchangedCount: new.unchangedCount)
        // Nothing refuses the request any more, so the nodes will be where their links say.
        for made in next.made { store.keep(made) }
        return (plan, bytes)
    }
}

extension JournalStore {
    /// Returns the row and new trie nodes of the commit that applies `edits`, sorted by fact, to `parent`.
    ///
    /// The same edits give the same bytes, so verification compares them with what is stored.
    func advance(
        _ row: CommitRow, of parent: CommitID, merging merged: [CommitID], by edits: [Edit],
        at sequence: UInt64, _ trie: TrieReader, _ reader: borrowing ReadTransaction
    ) throws -> (row: CommitRow, nodes: [UInt8], made: [TrieUpdate.MadeNode]) {
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
            parent: parent, jump: try jump(from: parent, row, reader),
            mergeBefore: row.newestMerge(parent), merged: merged, root: root)
        return (next, update.nodes, update.made)
    }
}
