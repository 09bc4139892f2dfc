import ErrataCore
import FoundationEssentials
import GRDB
import Glibc

// INDEX DATABASE, version 1 (index.sqlite, WAL). Derived: it can be deleted while nobody has it open.
//
//   table      what a row says
//   meta       version, key check, generation: whether this file can be used
//   rows       row number, fact, kind, first 16 bytes of HMAC(text), token count
//   fact_rows  (fact, leaf) → row numbers, 32-bit little-endian, in the order of its forms
//   encoders   encoder identity → how many rows its vector file holds
//   texts      FTS5 without content: row number → terms; masked rows are left out
//   terms      fts5vocab over `texts`: one record for each term, row and place
//
// Row numbers count from 0 without gaps. No text is stored, only its terms. `rows` has an index by fact, in which what
// a commit looks up and adds lies together, and one by text for as long as there is an encoder: see `setIndexes`.

/// The tables behind the index.
struct IndexDatabase: Sendable {
    static let version = 1
    static let textIDByteCount = 16
    static let generationByteCount = 16
    static let tokenizer = FTS5TokenizerDescriptor(
        components: ["unicode61", "remove_diacritics", "2"])

    private let pool: DatabasePool
    /// Changes whenever row numbers are given out anew.
    let generation: [UInt8]

    /// Opens or creates the file; `key` is what texts are hashed under.
    ///
    /// With `findsTexts`, rows can be found by their texts alone. Throws if the file is damaged, or was made by another
    /// version or under another key.
    init(path: String, key: [UInt8], findsTexts: Bool) throws {
        var configuration = Configuration()
        configuration.label = "errata.index"
        configuration.maximumReaderCount = 8
        configuration.busyMode = .timeout(5)
        try IndexDatabase.createPrivately(path)
        let pool = try IndexDatabase.translating {
            try DatabasePool(path: path, configuration: configuration)
        }
        self.pool = pool
        let check = IndexDatabase.check(key: key)
        do {
            generation = try IndexDatabase.translating {
                try pool.gatherWrites()
                return try pool.write { db in
                    let generation =
                        try db.tableExists("meta")
                        ? IndexDatabase.load(db, check) : IndexDatabase.create(db, check)
                    try IndexDatabase.setIndexes(db, findsTexts: findsTexts)
                    return generation
                }
            }
        } catch {
            try? pool.close()
            throw error
        }
    }

    func close() throws {
        // The last connection to close may be one that only reads, which would leave the log behind.
        _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try pool.close()
    }

    /// Makes the file readable for its owner only; SQLite gives its companions the same mode.
    private static func createPrivately(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw RetrievalError(
                .fileTrouble,
                "cannot open \(path): \(String(cString: strerror(errno))) (\(errno))")
        }
        Glibc.close(descriptor)
    }

    private static func check(key: [UInt8]) -> Digest {
        .hmac(Array("errata index \(version).\(Fact.surfaceFormsVersion)".utf8), key: key)
    }

    private static func load(_ db: Database, _ check: Digest) throws -> [UInt8] {
        let generation = try generation(db, check)
        if let problem = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), problem != "ok" {
            throw RetrievalError(.databaseTrouble, "index.sqlite is damaged: \(problem)")
        }
        return generation
    }

    /// Returns the generation of a database that was made under `key`; throws for any other.
    static func generation(_ db: Database, key: [UInt8]) throws -> [UInt8] {
        try generation(db, check(key: key))
    }

    private static func generation(_ db: Database, _ check: Digest) throws -> [UInt8] {
        guard let stored = try meta(db, "check"), stored == check.bytes else {
            throw RetrievalError(
                .databaseTrouble, "index.sqlite belongs to another store or version")
        }
        guard let generation = try meta(db, "generation"),
            generation.count == generationByteCount
        else { throw RetrievalError(.databaseTrouble, "index.sqlite has no generation") }
        return generation
    }

    private static func create(_ db: Database, _ check: Digest) throws -> [UInt8] {
        // It only tells one file's row numbers from another's; nothing is derived from it.
        var random = SystemRandomNumberGenerator()
        let generation = (0..<generationByteCount).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        try db.execute(
            sql: """
                CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
                CREATE TABLE rows (
                    id INTEGER PRIMARY KEY, fact BLOB NOT NULL, kind INTEGER NOT NULL,
                    text BLOB NOT NULL, tokens INTEGER NOT NULL);
                CREATE TABLE fact_rows (
                    fact BLOB NOT NULL, leaf BLOB NOT NULL, rows BLOB NOT NULL,
                    PRIMARY KEY (fact, leaf)) WITHOUT ROWID;
                CREATE TABLE encoders (
                    identity BLOB PRIMARY KEY, rows INTEGER NOT NULL) WITHOUT ROWID;
                CREATE VIRTUAL TABLE texts USING fts5(
                    text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2');
                CREATE VIRTUAL TABLE terms USING fts5vocab(texts, instance);
                """)
        for (name, value) in [("check", check.bytes), ("generation", generation)] {
            try db.execute(
                sql: "INSERT INTO meta VALUES (?, ?)", arguments: [name, Data(value)])
        }
        return generation
    }

    /// Makes the indexes that are missing: earlier files have one by text alone, and an encoder comes and goes.
    ///
    /// By text, each row has a page of its own to be read and written, so there is no such index without need.
    private static func setIndexes(_ db: Database, findsTexts: Bool) throws {
        try db.execute(
            sql: "CREATE UNIQUE INDEX IF NOT EXISTS rows_by_fact ON rows (fact, kind, text)")
        try db.execute(
            sql: findsTexts
                ? "CREATE INDEX IF NOT EXISTS rows_by_text ON rows (text)"
                : "DROP INDEX IF EXISTS rows_by_text")
    }

    private static func meta(_ db: Database, _ name: String) throws -> [UInt8]? {
        try Data.fetchOne(db, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name])
            .map(Array.init)
    }

    // MARK: Access

    /// Runs `body` on one state of the database.
    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try IndexDatabase.translating { try pool.read(body) }
    }

    /// Runs `body` on the connection that writes, between two writes.
    ///
    /// SQLite empties a reader's cache whenever another connection has written. All is one transaction: else each
    /// statement has to lock and unlock the file.
    func readAsWriter<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try IndexDatabase.translating {
            try pool.writeWithoutTransaction { db in
                var result: Result?
                try db.inTransaction(.deferred) {
                    result = try body(db)
                    return .commit
                }
                guard let result else {
                    fatalError("unreachable: the transaction threw, or had a result")
                }
                return result
            }
        }
    }

    /// Runs `body`, which reads no table.
    func withoutTransaction<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try IndexDatabase.translating { try pool.unsafeRead(body) }
    }

    /// Runs `body` all or not at all.
    func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try IndexDatabase.translating { try pool.write(body) }
    }

    /// Tells damage, which a rebuild mends, from trouble with the disk.
    private static func translating<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as DatabaseError {
            let damage: [ResultCode] = [
                .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_CONSTRAINT,
            ]
            let message = "index.sqlite: \(error.message ?? "SQLite error") (\(error.resultCode))"
            if damage.contains(error.resultCode) {
                throw RetrievalError(
                    .databaseTrouble, message,
                    hint: "Rebuild the index; nothing is lost by that.")
            }
            throw RetrievalError(.fileTrouble, message)
        }
    }
}
