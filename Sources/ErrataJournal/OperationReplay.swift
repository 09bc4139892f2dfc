import ErrataCore
import LMDB

/// A row that must be in a derived table, or must not be.
struct DerivedRow {
    let table: Table
    let key: [UInt8]
    /// Nil if there must be none.
    let value: [UInt8]?
    /// What the row is, for people.
    let what: String
    /// Whether an earlier operation may have led to the same row.
    var mayRepeat = false
}

/// Replays operations one after the other: which derived rows each leads to, and what is wrong with it.
///
/// It reads what earlier operations led to from the tables, so those must be right, or be written, first.
struct OperationReplay {
    let store: JournalStore
    /// What is wrong with the operations themselves.
    private(set) var problems: [String] = []
    private(set) var commitCount = 0

    // What the operations so far lead to.
    private(set) var frontier = MerkleFrontier()
    private var lastTime: Timestamp?
    /// Whether some operation was written after others than those before it.
    private var hasOtherPast = false
    private(set) var branches: [RefName: RefRow] = [:]
    private(set) var tags: [RefName: RefRow] = [:]
    /// The newest hash by name.
    private var models: [String: Digest] = [:]
    private var rows: [DerivedRow] = []
    private(set) var editCount = 0

    private var tables: JournalTables { store.tables }

    init(store: JournalStore) { self.store = store }

    /// Returns the rows that the next operation leads to.
    ///
    /// Problems with the operation are collected in ``problems``; what cannot be read throws.
    mutating func apply(
        _ record: [UInt8], _ reader: borrowing ReadTransaction
    ) throws -> [DerivedRow] {
        rows = []
        let sequence = frontier.size
        let rootBefore = frontier.root
        for subtree in frontier.append(leafHash: MerkleTree.leafHash(record)) {
            add(
                tables.merkle, subtree.node.key, subtree.hash.bytes, "the \(subtree.node.place)")
        }
        let operation = try Operation(sequence: sequence, decoding: record)
        // All that follow a changed operation hold another root than there is now; the first one says it.
        if operation.rootBefore != rootBefore, !hasOtherPast {
            report("operation \(sequence) holds another Merkle root")
            hasOtherPast = true
        }
        if let lastTime, operation.time <= lastTime {
            report("operation \(sequence) is not later than the one before")
        }
        lastTime = operation.time
        try apply(operation, reader)
        return rows
    }

    /// Returns the problems found since the last call, and forgets them.
    mutating func takeProblems() -> [String] {
        defer { problems = [] }
        return problems
    }

    private mutating func report(_ problem: String) { problems.append(problem) }

    private mutating func add(
        _ table: Table, _ key: [UInt8], _ value: [UInt8]?, _ what: String, mayRepeat: Bool = false
    ) {
        rows.append(
            DerivedRow(table: table, key: key, value: value, what: what, mayRepeat: mayRepeat))
    }

    // MARK: Operations

    private mutating func apply(
        _ operation: Operation, _ reader: borrowing ReadTransaction
    ) throws {
        let place = "operation \(operation.sequence)"
        try check(operation, place, reader)
        var id: CommitID?
        if let bytes = operation.body.commitBytes {
            id = try applyCommit(bytes, operation, place, reader)
        }
        if let change = operation.body.refChange(commit: id) {
            move(change, operation.sequence)
        }
        for row in operation.body.markRows(at: operation.sequence, tables) {
            add(row.table, row.key, row.value, "the \(operation.body.name) of \(place)")
        }
    }

    /// Checks that names are where the operation says, before it moves them.
    private mutating func check(
        _ operation: Operation, _ place: String, _ reader: borrowing ReadTransaction
    ) throws {
        switch operation.body {
        case .initialize(let id, _, _):
            if operation.sequence != 0 { report("\(place) is a second init") }
            if id != store.keys.store.bytes { report("\(place) is of another store") }
        case .commit(let branch, _), .revert(let branch, _), .merge(let branch, _),
            .cherryPick(let branch, _):
            if branches[branch] == nil {
                report("\(place) commits to '\(branch)', which does not exist")
            }
        case .rollback(let branch, let new, let old):
            checkHead(of: branch, is: old, "\(place) moves")
            if try !store.isAncestor(new, of: old, reader) {
                report("\(place) moves '\(branch)' to no ancestor")
            }
        case .branchMove(let branch, let new, let old):
            checkHead(of: branch, is: old, "\(place) moves")
            if try new == old || !store.isAncestor(old, of: new, reader) {
                report("\(place) does not move '\(branch)' forward")
            }
        case .branchCreate(let name, let commit), .tagCreate(let name, let commit, _):
            if branches[name] != nil || tags[name] != nil {
                report("\(place) creates '\(name)', which exists")
            }
            _ = try store.row(of: commit, reader)
        case .branchDelete(let branch, let head):
            checkHead(of: branch, is: head, "\(place) deletes")
        case .tagDelete(let tag, let commit):
            if tags[tag]?.commit != commit { report("\(place) deletes '\(tag)' where it is not") }
        case .undo(let undo): checkUndo(undo, operation, place)
        case .redact(let fact, let leaves, _):
            for leaf in leaves
            where try !hasPayload(PayloadKey(fact, leaf), before: operation.sequence, reader) {
                report("\(place) redacts what the fact \(fact.hex) never was")
            }
        case .policy: break
        case .model(let model):
            if models.updateValue(model.hash, forKey: model.name) == model.hash {
                report("\(place) registers model '\(model.name)' once more")
            }
        }
    }

    private mutating func checkHead(
        of branch: RefName, is commit: CommitID, _ deed: String
    ) {
        guard branches[branch]?.commit != commit else { return }
        report("\(deed) '\(branch)' from where it is not")
    }

    private mutating func checkUndo(
        _ undo: OperationBody.Undo, _ operation: Operation, _ place: String
    ) {
        let row = undo.kind == .branch ? branches[undo.name] : tags[undo.name]
        if row?.commit != undo.old { report("\(place) moves '\(undo.name)' from where it is not") }
        if undo.operation >= operation.sequence { report("\(place) undoes what is not there yet") }
        // A name that is gone has no row to tell which operation took it away.
        if let row, row.sequence != undo.operation {
            report(
                "\(place) undoes operation \(undo.operation), which was not the last of its name")
        }
    }

    private mutating func move(_ change: RefChange, _ sequence: UInt64) {
        let row = change.new.map { RefRow(commit: $0, sequence: sequence) }
        if change.kind == .tag { tags[change.name] = row } else { branches[change.name] = row }
        add(
            tables.reflog, change.name.reflogKey(sequence), change.new?.bytes ?? [],
            "the move of '\(change.name)' by operation \(sequence)")
    }

    // MARK: Commits

    private mutating func applyCommit(
        _ bytes: [UInt8], _ operation: Operation, _ place: String,
        _ reader: borrowing ReadTransaction
    ) throws -> CommitID {
        let id = CommitID(.sha256(bytes))
        let commit = try Commit(decoding: bytes)
        commitCount += 1
        editCount += commit.edits.count
        let parent = operation.body.refChange(commit: id).flatMap { branches[$0.name]?.commit }
        checkKind(of: commit, id, operation)
        if commit.parents.first != (operation.sequence == 0 ? nil : parent) {
            report("commit \(id.hex) does not continue its branch")
        }
        if commit.time != operation.time {
            report("commit \(id.hex) has another time than its operation")
        }
        for merged in commit.parents.dropFirst() { _ = try store.row(of: merged, reader) }
        try applyEdits(of: commit, id, at: operation.sequence, reader)
        try applySnapshot(of: commit, id, at: operation.sequence, reader)
        return id
    }

    private mutating func checkKind(of commit: Commit, _ id: CommitID, _ operation: Operation) {
        let tag = operation.body.tag
        if commit.reverts.isEmpty == (tag == .revert)
            || commit.picks.isEmpty == (tag == .cherryPick)
            || commit.isMerge != (tag == .merge)
        {
            report("commit \(id.hex) is recorded as another type")
        }
        if operation.author != nil { report("operation \(operation.sequence) has two authors") }
    }

    private mutating func applyEdits(
        of commit: Commit, _ id: CommitID, at sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws {
        var conflicts: [FactID: Leaf] = [:]
        for conflict in commit.conflicts {
            conflicts[conflict.fact] = conflict.leaf
            add(
                tables.conflicts, PayloadKey(conflict.fact, conflict.leaf).bytes,
                conflict.cbor.encoded, "the conflict of fact \(conflict.fact.hex)", mayRepeat: true)
            for side in conflict.sides.compactMap(\.self)
            where try !hasPayload(PayloadKey(conflict.fact, side), before: sequence, reader) {
                report("a side of the conflict of fact \(conflict.fact.hex) is missing")
            }
        }
        for edit in commit.edits {
            let row = HistoryRow(commit: id, old: edit.old, new: edit.new)
            add(
                tables.history, edit.fact.bytes + [UInt8](bigEndian: sequence), row.encoded,
                "the change of fact \(edit.fact.hex) by operation \(sequence)")
            if let leaf = edit.new, conflicts[edit.fact] != leaf {
                try applyValue(PayloadKey(edit.fact, leaf), id, at: sequence, reader)
            }
        }
    }

    /// Looks for what an edit makes of a fact: its payload came with this operation, or with one before.
    private mutating func applyValue(
        _ name: PayloadKey, _ id: CommitID, at sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws {
        let isOld = try hasPayload(name, before: sequence, reader)
        if let row = try store.storedPayload(of: name.fact, at: sequence, reader), row.name == name
        {
            if isOld {
                report("operation \(sequence) brings a value of fact \(name.fact.hex) once more")
            }
            add(
                tables.history, PayloadPlace.key(of: name), row.place.encoded,
                "the place of the value of fact \(name.fact.hex) from operation \(sequence)")
        } else if try !isOld && !reader.contains(name.bytes, in: tables.conflicts) {
            report("the value of fact \(name.fact.hex) in commit \(id.hex) is missing")
        }
    }

    /// Returns whether an operation before `sequence` brought a value.
    ///
    /// Its place is a derived row, which is compared where that operation is replayed.
    private func hasPayload(
        _ name: PayloadKey, before sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> Bool {
        let row = try reader.value(of: PayloadPlace.key(of: name), in: tables.history)
        return row.flatMap { PayloadPlace(decoding: $0) }.map { $0.sequence < sequence } ?? false
    }

    /// Builds the commit's snapshot from its parent's: the same edits give the same bytes.
    private mutating func applySnapshot(
        of commit: Commit, _ id: CommitID, at sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws {
        var row = CommitRow(
            sequence: sequence, generation: 0, factCount: 0, parent: id, jump: id, root: nil)
        var nodes: [UInt8] = []
        if let parent = commit.parents.first {
            let parentRow = try store.row(of: parent, reader)
            for edit in commit.edits
            where try store.trie.leaf(of: edit.fact, under: parentRow.root, reader) != edit.old {
                report("commit \(id.hex) has a wrong old value of \(edit.fact.hex)")
            }
            let next = try store.advance(
                parentRow, of: parent, merging: Array(commit.parents.dropFirst()),
                by: commit.edits, at: sequence, store.trie, reader)
            (row, nodes) = (next.row, next.nodes)
        }
        if commit.root != row.root?.hash ?? Trie.emptyRoot {
            report("commit \(id.hex) has another root than its edits lead to")
        }
        add(tables.commits, id.bytes, row.encoded, "the row of commit \(id.hex)")
        add(
            tables.nodes, [UInt8](bigEndian: sequence), nodes.isEmpty ? nil : nodes,
            "the trie nodes of operation \(sequence)")
    }
}
