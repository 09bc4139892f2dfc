import ErrataCore
import ErrataJournal
import ErrataRetrieval
import FoundationEssentials
import GRDB

extension AuditDatabase {
    /// Adds the operations, which follow those that are there; returns each commit's parents by operation.
    ///
    /// After a redaction, `names` tells which names its fact still has.
    func add(
        _ operations: [AuditedOperation], _ names: SubjectNames
    ) throws -> [(sequence: UInt64, parents: [UInt64])] {
        try write { db in
            var lines: [(sequence: UInt64, parents: [UInt64])] = []
            for operation in operations {
                try AuditDatabase.add(db, operation.summary)
                try AuditDatabase.addNames(db, operation.summary)
                try AuditDatabase.add(db, operation.subjects)
                if let fact = operation.redacted {
                    try AuditDatabase.replaceSubjects(db, of: fact, names)
                }
                guard let commit = operation.summary.commit, let id = operation.summary.commitID
                else { continue }
                let sequence = operation.summary.operation.sequence
                let parents = try AuditDatabase.add(db, commit, id, at: Int64(sequence))
                lines.append((sequence, parents))
            }
            return lines
        }
    }

    private static func add(_ db: Database, _ summary: OperationSummary) throws {
        let operation = summary.operation
        let actor = operation.actor
        try db.cachedStatement(
            sql: "INSERT INTO operations VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        ).run(
            Int64(operation.sequence), operation.time.description, operation.body.name,
            operation.body.subjectName, summary.to?.hex, summary.from?.hex, actor.uid, actor.gid,
            json(actor.groups), actor.userName, actor.pid, actor.socket, summary.author,
            summary.message, json(summary.detail), operation.rootBefore.hex)
    }

    private static func add(_ db: Database, _ subjects: [SubjectNames.Name]) throws {
        for subject in subjects {
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO subjects VALUES (?, ?)")
                .run(subject.digest, subject.fact.hex)
        }
    }

    /// Leaves the names of those values of `fact` that can still be read.
    private static func replaceSubjects(
        _ db: Database, of fact: FactID, _ names: SubjectNames
    ) throws {
        try db.execute(sql: "DELETE FROM subjects WHERE fact_id = ?", arguments: [fact.hex])
        let leaves = try String.fetchAll(
            db,
            sql: "SELECT DISTINCT new_leaf FROM edits WHERE fact_id = ? AND new_leaf IS NOT NULL",
            arguments: [fact.hex])
        let pairs = leaves.compactMap { Hex.decode($0) }.compactMap { Leaf($0) }.map { (fact, $0) }
        try add(db, names.names(of: pairs))
    }

    private static func addNames(_ db: Database, _ summary: OperationSummary) throws {
        for change in summary.names {
            try db.cachedStatement(sql: "INSERT INTO reflog VALUES (?, ?, ?, ?, ?)").run(
                Int64(summary.operation.sequence), change.name.text, change.kind.rawValue,
                change.new?.hex, change.old?.hex)
        }
    }

    /// Adds a commit and returns the operations of its parents.
    private static func add(
        _ db: Database, _ commit: Commit, _ id: CommitID, at sequence: Int64
    ) throws -> [UInt64] {
        var parents: [Int64] = []
        var (generation, factCount): (Int64, Int64) = (0, 0)
        for (position, parent) in commit.parents.enumerated() {
            let found = try db.cachedStatement(
                sql: "SELECT sequence, generation, fact_count FROM commits WHERE id = ?"
            ).first(parent.hex) { row in
                (sequence: row.integer(0), generation: row.integer(1), factCount: row.integer(2))
            }
            guard let found else {
                throw Damage(description: "the parent \(parent.short) of \(id.short) is missing")
            }
            if position == 0 { (generation, factCount) = (found.generation + 1, found.factCount) }
            parents.append(found.sequence)
            try db.cachedStatement(sql: "INSERT INTO parents VALUES (?, ?, ?, ?)").run(
                sequence, position, found.sequence, parent.hex)
        }
        for edit in commit.edits {
            factCount += edit.kind == .assert ? 1 : edit.kind == .retract ? -1 : 0
            try db.cachedStatement(sql: "INSERT INTO edits VALUES (?, ?, ?, ?, ?)").run(
                sequence, edit.fact.hex, edit.kind.rawValue,
                edit.old.map { Hex.encode($0.bytes) }, edit.new.map { Hex.encode($0.bytes) })
        }
        try db.cachedStatement(sql: "INSERT INTO commits VALUES (?,?,?,?,?,?,?,?,?,?,?,?)").run(
            sequence, id.hex, json(commit.parents.map(\.hex)), json(commit.reverts.map(\.hex)),
            generation, commit.author, commit.message, commit.time.description,
            commit.edits.count, factCount, commit.root.hex, commit.message.lowercased())
        return parents.map { UInt64($0) }
    }

    // MARK: Events

    /// Adds the events, takes out those that were pruned, and notes where to go on.
    func add(_ events: [Event], oldest: UInt64?, next: UInt64) throws {
        try write { db in
            if let oldest {
                try db.execute(
                    sql: "DELETE FROM events WHERE sequence < ?", arguments: [Int64(oldest)])
            }
            for event in events { try AuditDatabase.add(db, event) }
            try AuditDatabase.set(db, "nextEvent", String(next))
        }
    }

    private static func add(_ db: Database, _ event: Event) throws {
        var access: AccessRecord?
        var (commit, detail): (CommitID?, [String: String]) = (nil, [:])
        do throws(CBORError) {
            switch event.kind {
            case AccessRecord.readKind, AccessRecord.refusalKind:
                access = try AccessRecord(decoding: event.body)
                commit = access?.commit
            case Journal.receiptKind:
                let receipt = try Receipt(decoding: event.body)
                commit = receipt.commit
                detail = ["answerer": receipt.answerer, "operation": String(receipt.operation)]
            default: break
            }
        } catch { detail = ["unreadable": error.message] }
        let actor = event.actor
        try db.cachedStatement(
            sql: "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        ).run(
            Int64(event.sequence), event.time.description, event.kind, actor.uid, actor.gid,
            json(actor.groups), actor.userName, actor.pid, actor.socket, event.receipt?.hex,
            access?.route, access?.code, access?.revision, commit?.hex, json(detail))
    }

    // MARK: JSON

    private static func json(_ numbers: [UInt32]) -> String {
        "[" + numbers.map(String.init).joined(separator: ",") + "]"
    }

    /// Ids are hex: nothing in them needs an escape.
    private static func json(_ ids: [String]) -> String {
        "[" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }

    private static func json(_ fields: [String: String]) -> String? {
        guard !fields.isEmpty else { return nil }
        let pairs = fields.sorted { $0.key < $1.key }.map {
            "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))"
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}
