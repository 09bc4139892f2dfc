import ErrataCore
import ErrataJournal
import Foundation
import GRDB

/// Makes the audit database's rows again from the journal and holds those that are there against them.
///
/// The new ones go to a temporary file. Costs the time of making the database, about.
struct AuditChecker {
    private static let batchCountMax = 256
    /// Every table of audit.sql that tells of operations, with its key and what its rows are numbered by.
    private static let tables = [
        ("operations", "sequence"), ("commits", "sequence"), ("parents", "sequence, position"),
        ("edits", "sequence, fact_id"), ("reflog", "sequence, name"),
    ]

    private let verifier: StoreVerifier
    private let path: String
    private let progress: StoreCheck.Progress

    init(verifier: StoreVerifier, path: String, progress: @escaping StoreCheck.Progress) {
        self.verifier = verifier
        self.path = path
        self.progress = progress
    }

    /// Returns what is not as the journal says, at most a finding for each table.
    func run() throws -> [String] {
        let identity = AuditDatabase.identity { verifier.textDigest(of: $0) }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        let fresh = try AuditDatabase(temporaryFor: identity)
        defer { fresh.close() }
        // One transaction: a daemon that is running goes on adding rows.
        return try queue.read { theirs in
            if let problem = try String.fetchOne(theirs, sql: "PRAGMA integrity_check(1)"),
                problem != "ok"
            {
                return [problem]
            }
            // A daemon that has just started may not have made the tables yet, or not again after a crash.
            if try Int.fetchOne(theirs, sql: "SELECT COUNT(*) FROM sqlite_master") == 0 {
                return []
            }
            guard
                try AuditDatabase.value(theirs, "identity")
                    == "\(AuditDatabase.version) \(identity)"
            else { return ["it belongs to another store or version"] }
            return try compare(theirs, fresh)
        }
    }

    private func compare(_ theirs: Database, _ fresh: AuditDatabase) throws -> [String] {
        let count = try UInt64(AuditDatabase.operationCount(theirs))
        let next = try AuditDatabase.value(theirs, "nextEvent").flatMap { UInt64($0) } ?? 0
        // The daemon took these rows from its memory; the journal's file may be a moment behind.
        try verifier.catchUp()
        guard try fill(fresh, operations: count) else { return ["it knows more than the journal"] }
        let oldest = try fill(fresh, eventsBefore: next)
        return try fresh.read { ours in
            var findings = try Self.tables.compactMap { table, key in
                try difference(ours, theirs, "SELECT * FROM \(table) ORDER BY \(key)", table)
            }
            // Events may have been pruned since.
            findings += try [
                difference(
                    ours, theirs,
                    "SELECT * FROM events WHERE sequence >= \(oldest) ORDER BY sequence", "events"),
                missingSubject(ours, theirs),
            ].compactMap(\.self)
            return findings
        }
    }

    // MARK: Making the rows again

    /// Returns false if the journal has fewer operations.
    private func fill(_ fresh: AuditDatabase, operations count: UInt64) throws -> Bool {
        let names = verifier.subjectNames
        var start: UInt64 = 0
        while start < count {
            let limit = min(count - start, UInt64(Self.batchCountMax))
            let batch = try verifier.operations(from: start, limit: Int(limit))
            guard batch.count == Int(limit) else { return false }
            _ = try fresh.add(batch.map { try AuditedOperation($0, names) }, names)
            start += limit
            progress("audit", start)
        }
        return true
    }

    /// Returns the number of the oldest event that is still there.
    private func fill(_ fresh: AuditDatabase, eventsBefore end: UInt64) throws -> UInt64 {
        let oldest = try verifier.events(from: 0, limit: 1).first?.sequence ?? end
        var start = oldest
        while start < end {
            let batch = try verifier.events(from: start, limit: Self.batchCountMax)
                .filter { $0.sequence < end }
            guard let last = batch.last else { break }
            try fresh.add(batch, oldest: oldest, next: last.sequence + 1)
            start = last.sequence + 1
            progress("audit events", start)
        }
        return oldest
    }

    // MARK: Comparing

    private func difference(
        _ ours: Database, _ theirs: Database, _ sql: String, _ table: String
    ) throws -> String? {
        let left = try Row.fetchCursor(ours, sql: sql)
        let right = try Row.fetchCursor(theirs, sql: sql)
        while true {
            let (expected, found) = (try left.next(), try right.next())
            guard let number = (expected ?? found)?[0] as Int64? else { return nil }
            if expected != found {
                return "\(table): the rows from \(number) on are not the journal's"
            }
        }
    }

    /// Looks for each name of a fact; of facts that were redacted meanwhile there may be more.
    private func missingSubject(_ ours: Database, _ theirs: Database) throws -> String? {
        let rows = try Row.fetchCursor(ours, sql: "SELECT digest, fact_id FROM subjects")
        let statement = try theirs.cachedStatement(
            sql: "SELECT 1 FROM subjects WHERE digest = ? AND fact_id = ?")
        while let row = try rows.next() {
            let (digest, fact): (Data, String) = (row[0], row[1])
            guard try Int.fetchOne(statement, arguments: [digest, fact]) != nil else {
                return "subjects: a name of fact \(fact.prefix(12)) is missing"
            }
        }
        return nil
    }
}
