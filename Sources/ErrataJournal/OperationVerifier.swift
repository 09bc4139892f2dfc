import ErrataCore
import LMDB

/// Replays the operations and holds every derived row against what comes out.
struct OperationVerifier {
    /// About how many edits are replayed in one transaction.
    private static let editCountPerTransaction = 200

    private let store: JournalStore
    private(set) var report = VerifyReport()

    // What the operations so far lead to.
    private var frontier = MerkleFrontier()
    private var lastTime: Timestamp?
    private var branches: [RefName: RefRow] = [:]
    private var tags: [RefName: RefRow] = [:]
    /// The newest hash by name.
    private var models: [String: Digest] = [:]
    /// How many rows each derived table must have.
    private var rowCounts: [String: Int] = [:]

    private var tables: JournalTables { store.tables }

    init(store: JournalStore) { self.store = store }

    mutating func run(_ progress: (String, UInt64) -> Void) {
        do {
            var isDone = false
            while !isDone {
                isDone = try store.read { try advance($0) }
                report.operationCount = frontier.size
                progress("operations", frontier.size)
            }
        } catch {
            report.add("journal", error)
        }
    }

    /// Replays the next few operations; returns true when there are no more and all rows are compared.
    private mutating func advance(_ reader: borrowing ReadTransaction) throws -> Bool {
        var editCount = 0
        while editCount < OperationVerifier.editCountPerTransaction {
            let key = [UInt8](bigEndian: frontier.size)
            guard let record = try reader.value(of: key, in: tables.operations) else {
                try compareNames(reader)
                try compareCounts(reader)
                return true
            }
            editCount += 1 + check(record, reader)
        }
        return false
    }

    private mutating func count(_ table: Table, _ rows: Int = 1) {
        rowCounts[table.name, default: 0] += rows
    }

    /// Reports the row unless it has these bytes; nil stands for no row.
    private mutating func compare(
        _ table: Table, _ key: [UInt8], _ expected: [UInt8]?, _ what: String,
        _ reader: borrowing ReadTransaction
    ) throws {
        let found = try reader.value(of: key, in: table)
        guard found != expected else { return }
        let problem = found == nil ? "is missing" : expected == nil ? "must not be" : "differs"
        report.add(table.name, "\(what) \(problem)")
    }

    // MARK: Operations

    /// Checks one operation and the rows that follow from it; returns how many edits it has.
    private mutating func check(_ record: [UInt8], _ reader: borrowing ReadTransaction) -> Int {
        let sequence = frontier.size
        let rootBefore = frontier.root
        do {
            count(tables.operations)
            for subtree in frontier.append(leafHash: MerkleTree.leafHash(record)) {
                count(tables.merkle)
                try compare(
                    tables.merkle, subtree.node.key, subtree.hash.bytes,
                    "the \(subtree.node.place)",
                    reader)
            }
            let operation = try Operation(sequence: sequence, decoding: record)
            if operation.rootBefore != rootBefore {
                report.add("operations", "operation \(sequence) holds another Merkle root")
            }
            if let lastTime, operation.time <= lastTime {
                report.add("operations", "operation \(sequence) is not later than the one before")
            }
            lastTime = operation.time
            return try check(operation, reader)
        } catch {
            report.add("operations", error)
            return 1
        }
    }

    private mutating func check(
        _ operation: Operation, _ reader: borrowing ReadTransaction
    ) throws -> Int {
        let place = "operation \(operation.sequence)"
        switch operation.body {
        case .initialize(let id, let branch, let bytes):
            if operation.sequence != 0 { report.add("operations", "\(place) is a second init") }
            if id != store.keys.store.bytes {
                report.add("operations", "\(place) is of another store")
            }
            return try checkCommit(bytes, on: branch, parent: nil, operation, reader)
        case .commit(let branch, let bytes), .revert(let branch, let bytes):
            guard let head = branches[branch] else {
                report.add("operations", "\(place) commits to '\(branch)', which does not exist")
                return 0
            }
            return try checkCommit(bytes, on: branch, parent: head.commit, operation, reader)
        case .rollback(let branch, let new, let old):
            if branches[branch]?.commit != old {
                report.add("operations", "\(place) moves '\(branch)' from where it is not")
            }
            if try !store.isAncestor(new, of: old, reader) {
                report.add("operations", "\(place) moves '\(branch)' to no ancestor")
            }
            try move(branch, to: new, isTag: false, operation.sequence, reader)
        case .branchCreate(let name, let commit), .tagCreate(let name, let commit, _):
            if branches[name] != nil || tags[name] != nil {
                report.add("operations", "\(place) creates '\(name)', which exists")
            }
            _ = try store.row(of: commit, reader)
            let isTag = operation.body.tag == .tagCreate
            try move(name, to: commit, isTag: isTag, operation.sequence, reader)
        case .branchDelete(let branch, let head):
            if branches[branch]?.commit != head {
                report.add("operations", "\(place) deletes '\(branch)' where it is not")
            }
            try move(branch, to: nil, isTag: false, operation.sequence, reader)
        case .model(let model): try check(model, operation.sequence, reader)
        }
        return 0
    }

    private mutating func check(
        _ model: ModelRegistration, _ sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws {
        if models.updateValue(model.hash, forKey: model.name) == model.hash {
            report.add(
                "operations", "operation \(sequence) registers model '\(model.name)' once more")
        }
        count(tables.models)
        try compare(
            tables.models, model.key(sequence), model.hash.bytes,
            "the model of operation \(sequence)", reader)
    }

    private mutating func move(
        _ name: RefName, to commit: CommitID?, isTag: Bool, _ sequence: UInt64,
        _ reader: borrowing ReadTransaction
    ) throws {
        let row = commit.map { RefRow(commit: $0, sequence: sequence) }
        if isTag { tags[name] = row } else { branches[name] = row }
        count(tables.reflog)
        try compare(
            tables.reflog, name.reflogKey(sequence), commit?.bytes ?? [],
            "the move of '\(name)' by operation \(sequence)", reader)
    }

    // MARK: Commits

    private mutating func checkCommit(
        _ bytes: [UInt8], on branch: RefName, parent: CommitID?, _ operation: Operation,
        _ reader: borrowing ReadTransaction
    ) throws -> Int {
        let id = CommitID(.sha256(bytes))
        let commit = try Commit(decoding: bytes)
        report.commitCount += 1
        if commit.parents != (parent.map { [$0] } ?? []) {
            report.add("operations", "commit \(id.hex) does not continue its branch")
        }
        if commit.time != operation.time {
            report.add("operations", "commit \(id.hex) has another time than its operation")
        }
        if commit.reverts.isEmpty != (operation.body.tag != .revert) {
            report.add("operations", "commit \(id.hex) is recorded as another type")
        }
        try move(branch, to: id, isTag: false, operation.sequence, reader)
        try checkEdits(of: commit, id, at: operation.sequence, reader)
        try checkSnapshot(of: commit, id, parent, at: operation.sequence, reader)
        return commit.edits.count
    }

    private mutating func checkEdits(
        of commit: Commit, _ id: CommitID, at sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws {
        for edit in commit.edits {
            count(tables.history)
            let row = HistoryRow(commit: id, old: edit.old, new: edit.new)
            try compare(
                tables.history, edit.fact.bytes + [UInt8](bigEndian: sequence), row.encoded,
                "the change of fact \(edit.fact.hex) by operation \(sequence)", reader)
            guard let leaf = edit.new else { continue }
            let name = PayloadKey(edit.fact, leaf)
            if try !reader.contains(name.bytes, in: tables.payloads) {
                report.add(
                    "payloads", "the value of fact \(edit.fact.hex) in commit \(id.hex) is missing")
            }
        }
    }

    /// Builds the commit's snapshot again from its parent's: the same edits give the same bytes.
    private mutating func checkSnapshot(
        of commit: Commit, _ id: CommitID, _ parent: CommitID?, at sequence: UInt64,
        _ reader: borrowing ReadTransaction
    ) throws {
        count(tables.commits)
        var row = CommitRow(
            sequence: sequence, generation: 0, factCount: 0, parent: id, jump: id, root: nil)
        var nodes: [UInt8] = []
        if let parent {
            let parentRow = try store.row(of: parent, reader)
            for edit in commit.edits
            where try store.trie.leaf(of: edit.fact, under: parentRow.root, reader) != edit.old {
                report.add(
                    "operations", "commit \(id.hex) has a wrong old value of \(edit.fact.hex)")
            }
            (row, nodes) = try store.advance(
                parentRow, of: parent, by: commit.edits, at: sequence, reader)
        }
        if commit.root != row.root?.hash ?? Trie.emptyRoot {
            report.add("operations", "commit \(id.hex) has another root than its edits lead to")
        }
        try compare(tables.commits, id.bytes, row.encoded, "the row of commit \(id.hex)", reader)
        if !nodes.isEmpty { count(tables.nodes) }
        try compare(
            tables.nodes, [UInt8](bigEndian: sequence), nodes.isEmpty ? nil : nodes,
            "the trie nodes of operation \(sequence)", reader)
    }

    // MARK: The end

    private mutating func compareNames(_ reader: borrowing ReadTransaction) throws {
        for (table, rows) in [(tables.branches, branches), (tables.tags, tags)] {
            count(table, rows.count)
            for (name, row) in rows.sorted(by: { $0.key < $1.key }) {
                try compare(table, name.key, row.encoded, "'\(name)'", reader)
            }
        }
    }

    private mutating func compareCounts(_ reader: borrowing ReadTransaction) throws {
        for table in [
            tables.operations, tables.merkle, tables.commits, tables.nodes, tables.history,
            tables.branches, tables.tags, tables.reflog, tables.redactions, tables.models,
        ] {
            let expected = rowCounts[table.name] ?? 0
            let found = try reader.count(of: table)
            guard found != expected else { continue }
            report.add(table.name, "it has \(found) rows, the operations lead to \(expected)")
        }
        let format = try reader.value(of: JournalFormat.formatKey, in: tables.meta) ?? []
        if try FormatRow(decoding: format, of: "the journal").store != store.keys.store {
            report.add("meta", "the format row is of another store")
        }
        guard try reader.count(of: tables.meta) == 2 else {
            return report.add("meta", "it has rows that this format does not know")
        }
    }
}
