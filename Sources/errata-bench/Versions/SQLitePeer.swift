import ErrataTesting
import GRDB

/// Versions in SQLite: each value with the commits that it holds for.
final class SQLitePeer {
    private let queue: DatabaseQueue
    private let factCount: Int
    private var version = 0

    /// Makes a table of so many facts in WAL mode, each commit synced.
    init(path: String, factCount: Int) throws {
        self.factCount = factCount
        queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = FULL;
                    CREATE TABLE facts (
                        id INTEGER, body TEXT, since INTEGER, until INTEGER, PRIMARY KEY (id, since)
                    ) WITHOUT ROWID;
                    CREATE INDEX facts_since ON facts (since);
                    CREATE INDEX facts_until ON facts (until);
                    """)
        }
        try queue.write { database in
            let insert = try database.makeStatement(
                sql: "INSERT INTO facts VALUES (?, ?, 0, 9223372036854775807)")
            for id in 0..<factCount { try insert.execute(arguments: [id, Self.body(id, "red")]) }
        }
    }

    private static func body(_ id: Int, _ object: String) -> String {
        "The colour of Subject \(id) is \(object)"
    }

    /// Gives these facts another object.
    func commit(_ ids: [Int], _ object: String) throws {
        version += 1
        try queue.write { database in
            let end = try database.cachedStatement(
                sql: "UPDATE facts SET until = ? WHERE id = ? AND until = 9223372036854775807")
            let begin = try database.cachedStatement(
                sql: "INSERT INTO facts VALUES (?, ?, ?, 9223372036854775807)")
            for id in ids {
                try end.execute(arguments: [version, id])
                try begin.execute(arguments: [id, Self.body(id, object), version])
            }
        }
    }

    /// Returns how many facts the last commit changed.
    private func diff() throws -> Int {
        try queue.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT new.id, old.body, new.body FROM facts AS new
                    LEFT JOIN facts AS old ON old.id = new.id AND old.until = new.since
                    WHERE new.since > ? AND new.since <= ?
                    """, arguments: [version - 1, version]
            ).count
        }
    }

    /// Measures a difference and a read of an old version.
    func measure(_ report: Report, isSmall: Bool, _ random: inout SplitMix64) throws {
        var (diff, old) = (Sample(), Sample())
        let ids = (0..<500).map { $0 * factCount / 500 }
        try commit(ids, "many")
        var count = 0
        for _ in 0..<(isSmall ? 3 : 100) {
            count = try diff.time { try self.diff() }
            let id = Int(random.next() % UInt64(factCount))
            _ = try old.time { try oldFact(id) }
        }
        report.heading("SQLite")
        report.times("diff of \(count) changes", diff)
        report.times("one fact at an old version", old)
    }

    /// Reads one fact at the first version.
    private func oldFact(_ id: Int) throws -> String? {
        try queue.read {
            try String.fetchOne(
                $0, sql: "SELECT body FROM facts WHERE id = ? AND since <= 0 AND until > 0",
                arguments: [id])
        }
    }
}
