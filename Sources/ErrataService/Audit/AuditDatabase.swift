import ErrataCore
import ErrataRetrieval
import FoundationEssentials
import GRDB
import Glibc

/// The tables of audit.sql: derived from the journal, and open to anybody's questions.
///
/// One thread writes; readers see whole transactions.
struct AuditDatabase: Sendable {
    static let version = 1
    static let fileName = "audit.sqlite"

    /// Tells damage, which making the file anew mends, from trouble with the disk.
    struct Damage: Error, CustomStringConvertible {
        let description: String
    }

    private let pool: any DatabaseWriter

    /// Opens or creates the file at `path`.
    ///
    /// Throws ``Damage`` if it is none of ours, or not of the store that `identity` names.
    init(path: String, identity: String) throws {
        var configuration = Configuration()
        configuration.label = "errata.audit"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(5)
        try AuditDatabase.createPrivately(path)
        pool = try AuditDatabase.translating {
            try DatabasePool(path: path, configuration: configuration)
        }
        do {
            try AuditDatabase.translating {
                try pool.gatherWrites()
                try pool.write { try AuditDatabase.prepare($0, identity) }
            }
        } catch {
            try? pool.close()
            throw error
        }
    }

    /// Makes empty tables in a temporary file that goes with the connection, to hold others against.
    init(temporaryFor identity: String) throws {
        pool = try AuditDatabase.translating { try DatabaseQueue(path: "") }
        try AuditDatabase.translating {
            try pool.write { try AuditDatabase.prepare($0, identity) }
        }
    }

    /// What tells the store's own tables from another store's.
    static func identity(of textDigest: (String) -> Digest) -> String {
        textDigest("audit database").hex
    }

    func close() {
        // The last connection to close may be one that only reads, which would leave the log behind.
        _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try? pool.close()
    }

    /// Makes the file readable for its owner only; SQLite gives its companions the same mode.
    private static func createPrivately(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw ServiceError(
                .io, "cannot open \(path): \(String(cString: strerror(errno))) (\(errno))")
        }
        Glibc.close(descriptor)
    }

    private static func prepare(_ db: Database, _ identity: String) throws {
        let identity = "\(version) \(identity)"
        guard try db.tableExists("projection") else {
            try db.execute(sql: AuditSchema.text)
            try set(db, "identity", identity)
            return
        }
        guard try value(db, "identity") == identity else {
            throw Damage(description: "it belongs to another store or version")
        }
        if let problem = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), problem != "ok" {
            throw Damage(description: problem)
        }
    }

    // MARK: Where it goes on

    static func value(_ db: Database, _ name: String) throws -> String? {
        try String.fetchOne(
            db.cachedStatement(sql: "SELECT value FROM projection WHERE name = ?"),
            arguments: [name])
    }

    static func set(_ db: Database, _ name: String, _ value: String) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO projection VALUES (?, ?)")
            .execute(arguments: [name, value])
    }

    /// How many operations are in it.
    func operationCount() throws -> UInt64 {
        try read { try UInt64(AuditDatabase.operationCount($0)) }
    }

    static func operationCount(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: Sql.operationCount) ?? 0
    }

    /// The number of the next event to take.
    func nextEvent() throws -> UInt64 {
        try read { db in try AuditDatabase.value(db, "nextEvent").flatMap { UInt64($0) } ?? 0 }
    }

    /// Time and Merkle root of an operation, to hold against the journal's.
    func mark(of sequence: UInt64) throws -> (time: String, root: String)? {
        try read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT time, root FROM operations WHERE sequence = ?",
                arguments: [Int64(sequence)])
            return row.map { ($0[0], $0[1]) }
        }
    }

    /// Reads the lines between commits.
    func graph() throws -> CommitGraph {
        try read { db in
            var graph = CommitGraph()
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT sequence, parent_sequence FROM commits LEFT JOIN parents USING (sequence)
                    ORDER BY sequence, position
                    """)
            while let row = try rows.next() {
                let (sequence, parent): (Int64, Int64?) = (row[0], row[1])
                if UInt64(sequence) < UInt64(graph.count), let parent {
                    graph.addParent(UInt64(parent), of: UInt64(sequence))
                } else {
                    graph.add(UInt64(sequence), parents: parent.map { [UInt64($0)] } ?? [])
                }
            }
            return graph
        }
    }

    private enum Sql {
        static let operationCount = "SELECT coalesce(max(sequence) + 1, 0) FROM operations"
    }

    // MARK: Access

    /// Runs `body` on one state of the database.
    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try AuditDatabase.translating { try pool.read(body) }
    }

    /// Runs `body` all or not at all.
    func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try AuditDatabase.translating { try pool.write(body) }
    }

    private static func translating<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as DatabaseError {
            let damage: [ResultCode] = [
                .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_CONSTRAINT,
                .SQLITE_MISMATCH,
            ]
            let message = "\(fileName): \(error.message ?? "SQLite error") (\(error.resultCode))"
            if damage.contains(error.resultCode) { throw Damage(description: message) }
            throw ServiceError(.io, message)
        }
    }
}

/// What audit.sql says.
package enum AuditSchema {
    /// The statements that make the tables, with the description of every column.
    package static let text = String(decoding: PackageResources.audit_sql, as: UTF8.self)
}
