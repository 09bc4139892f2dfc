import ErrataCore
import FoundationEssentials
import GRDB

/// What rows have to be, as SQL: conditions that all hold, and the values in them.
struct RowFilter {
    private(set) var conditions: [String] = []
    private(set) var arguments: [any DatabaseValueConvertible] = []

    mutating func require(_ condition: String, _ values: [any DatabaseValueConvertible]) {
        conditions.append(condition)
        arguments += values
    }

    /// Requires a time from `since` to `until`, both included.
    mutating func requireTime(_ column: String, since: Timestamp?, until: Timestamp?) {
        if let since { require("\(column) >= ?", [since.description]) }
        if let until { require("\(column) <= ?", [until.description]) }
    }

    /// Requires a user by uid in digits or by name.
    mutating func requireActor(_ actor: String?) {
        guard let actor else { return }
        guard let uid = UInt32(actor) else { return require("user = ?", [actor]) }
        require("(uid = ? OR user = ?)", [uid, actor])
    }

    mutating func requireEqual(_ column: String, _ value: String?) {
        if let value { require("\(column) = ?", [value]) }
    }

    /// Requires an edit of one of `facts`; nil requires nothing.
    mutating func requireFacts(_ facts: Set<FactID>?) {
        guard let facts else { return }
        let marks = Array(repeating: "?", count: facts.count).joined(separator: ", ")
        require(
            "sequence IN (SELECT sequence FROM edits WHERE fact_id IN (\(marks)))",
            facts.map(\.hex))
    }

    mutating func requireSubject(_ digest: [UInt8]?) {
        guard let digest else { return }
        require(
            """
            sequence IN (
                SELECT sequence FROM subjects JOIN edits USING (fact_id) WHERE digest = ?)
            """, [Data(digest)])
    }
}

extension AuditDatabase {
    /// How many operations are looked through before the clock is looked at.
    private static let windowCount: UInt64 = 1 << 16

    enum Source: String {
        case operations
        case commits = "commits JOIN (SELECT sequence, uid, user FROM operations) USING (sequence)"
        case events
    }

    /// Returns the numbers below `end` of the rows that `filter` and `isAdmitted` let pass, newest first.
    ///
    /// It ends at `limit` rows, or at `deadline`: then `next` is where to go on, as another `end`.
    func sequences(
        of source: Source, _ filter: RowFilter, below end: UInt64, limit: Int,
        until deadline: ContinuousClock.Instant, isAdmitted: (UInt64) -> Bool = { _ in true }
    ) throws -> (found: [UInt64], next: UInt64?) {
        let conditions = ["sequence >= ?", "sequence < ?"] + filter.conditions
        let sql = """
            SELECT sequence FROM \(source.rawValue) WHERE \(conditions.joined(separator: " AND "))
            ORDER BY sequence DESC
            """
        return try read { db in
            let statement = try db.cachedStatement(sql: sql)
            var found: [UInt64] = []
            var end = end
            while end > 0 {
                let start = end - min(end, AuditDatabase.windowCount)
                let arguments = [Int64(clamping: start), Int64(clamping: end)] + filter.arguments
                let rows = try Int64.fetchCursor(
                    statement, arguments: StatementArguments(arguments))
                while let row = try rows.next() {
                    let sequence = UInt64(row)
                    guard isAdmitted(sequence) else { continue }
                    if found.count == limit { return (found, sequence + 1) }
                    found.append(sequence)
                }
                end = start
                if end > 0, ContinuousClock.now > deadline { return (found, end) }
            }
            return (found, nil)
        }
    }

    /// Returns the operations that wrote these commits; those that the tables lack are left out.
    func sequences(of commits: [CommitID]) throws -> [UInt64] {
        try read { db in
            let statement = try db.cachedStatement(sql: "SELECT sequence FROM commits WHERE id = ?")
            return try commits.compactMap { id in
                try Int64.fetchOne(statement, arguments: [id.hex]).map { UInt64($0) }
            }
        }
    }

    /// Returns one more than the newest number of `source`.
    func end(of source: Source) throws -> UInt64 {
        try read { db in
            let sql = "SELECT coalesce(max(sequence) + 1, 0) FROM \(source.rawValue)"
            return try UInt64(Int64.fetchOne(db, sql: sql) ?? 0)
        }
    }
}
