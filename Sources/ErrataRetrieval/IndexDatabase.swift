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
// Row numbers count from 0 without gaps. No text is stored, only its terms.

/// The tables behind the index.
struct IndexDatabase: Sendable {
    static let version = 1
    static let textIDByteCount = 16
    static let generationByteCount = 16
    private static let tokenizer = FTS5TokenizerDescriptor(
        components: ["unicode61", "remove_diacritics", "2"])

    private let pool: DatabasePool
    /// Changes whenever row numbers are given out anew.
    let generation: [UInt8]

    /// Opens or creates the file; `key` is what texts are hashed under.
    ///
    /// Throws if the file is damaged, or was made by another version or under another key.
    init(path: String, key: [UInt8]) throws {
        var configuration = Configuration()
        configuration.label = "errata.index"
        configuration.maximumReaderCount = 8
        configuration.busyMode = .timeout(5)
        try IndexDatabase.createPrivately(path)
        pool = try DatabasePool(path: path, configuration: configuration)
        let check = Digest.hmac(
            Array("errata index \(IndexDatabase.version).\(Fact.surfaceFormsVersion)".utf8),
            key: key)
        do {
            generation = try pool.write { db in
                if try db.tableExists("meta") { return try IndexDatabase.read(db, check) }
                return try IndexDatabase.create(db, check)
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

    private static func read(_ db: Database, _ check: Digest) throws -> [UInt8] {
        guard let stored = try meta(db, "check"), stored == check.bytes else {
            throw RetrievalError(
                .databaseTrouble, "index.sqlite belongs to another store or version")
        }
        guard let generation = try meta(db, "generation"),
            generation.count == generationByteCount
        else { throw RetrievalError(.databaseTrouble, "index.sqlite has no generation") }
        if let problem = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), problem != "ok" {
            throw RetrievalError(.databaseTrouble, "index.sqlite is damaged: \(problem)")
        }
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
                CREATE UNIQUE INDEX rows_by_text ON rows (text, fact, kind);
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

    private static func meta(_ db: Database, _ name: String) throws -> [UInt8]? {
        try Data.fetchOne(db, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name])
            .map(Array.init)
    }

    // MARK: Reading

    /// A row as the table has it.
    struct StoredRow {
        let fact: FactID
        let kind: SurfaceKind
        let tokenCount: Int
    }

    /// Hands every row to `body` in the order of row numbers.
    func forEachRow(_ body: (StoredRow) -> Void) throws {
        try pool.read { db in
            var expected = 0
            let rows = try Row.fetchCursor(
                db, sql: "SELECT id, fact, kind, tokens FROM rows ORDER BY id")
            while let row = try rows.next() {
                let id: Int = row[0]
                let fact: Data = row[1]
                let kind: UInt8 = row[2]
                guard id == expected, let fact = FactID(fact),
                    let kind = SurfaceKind(rawValue: kind)
                else {
                    throw RetrievalError(
                        .databaseTrouble, "index.sqlite is damaged: row \(expected) is not there")
                }
                body(StoredRow(fact: fact, kind: kind, tokenCount: row[3]))
                expected += 1
            }
        }
    }

    /// Returns the rows of each fact version, nil where the index has none.
    func rows(of versions: [FactVersion]) throws -> [FactVersion: [UInt32]] {
        try pool.read { db in
            var found: [FactVersion: [UInt32]] = [:]
            for version in versions {
                found[version] = try IndexDatabase.rows(db, of: version)
            }
            return found
        }
    }

    /// Returns every fact version and its rows.
    func allRows() throws -> [FactVersion: [UInt32]] {
        try pool.read { db in
            var found: [FactVersion: [UInt32]] = [:]
            let records = try Row.fetchCursor(db, sql: "SELECT fact, leaf, rows FROM fact_rows")
            while let record = try records.next() {
                let (fact, leaf, rows): (Data, Data, Data) = (record[0], record[1], record[2])
                guard let fact = FactID(fact), let leaf = Leaf(leaf) else { continue }
                found[FactVersion(fact, leaf)] = unpack(rows)
            }
            return found
        }
    }

    func factVersionCount() throws -> Int {
        try pool.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM fact_rows") ?? 0 }
    }

    /// Returns one fact version for each of the rows `range` that still belongs to one.
    func versions(of range: Range<Int>, facts: [FactID]) throws -> [Int: FactVersion] {
        try pool.read { db in
            var found: [Int: FactVersion] = [:]
            for fact in Set(facts) {
                let records = try Row.fetchAll(
                    db.cachedStatement(sql: "SELECT leaf, rows FROM fact_rows WHERE fact = ?"),
                    arguments: [Data(fact.bytes)])
                for record in records {
                    let (leaf, rows): (Data, Data) = (record[0], record[1])
                    guard let leaf = Leaf(leaf) else { continue }
                    for row in unpack(rows) where range.contains(Int(row)) {
                        found[Int(row)] = FactVersion(fact, leaf)
                    }
                }
            }
            return found
        }
    }

    func vectorCount(encoder: [UInt8]) throws -> Int {
        try pool.read { db in
            try Int.fetchOne(
                db, sql: "SELECT rows FROM encoders WHERE identity = ?", arguments: [Data(encoder)])
                ?? 0
        }
    }

    /// Returns the terms of each text in order, with repetitions, as `texts` takes them apart.
    func terms(of texts: [String]) throws -> [[Term]] {
        try pool.unsafeRead { db in
            let tokenizer = try db.makeTokenizer(IndexDatabase.tokenizer)
            return try texts.map { text in
                try tokenizer.tokenize(document: text).map { Term($0.token) }
            }
        }
    }

    /// Returns the rows that hold `term`, and how many rows there are.
    func posting(of term: Term) throws -> (posting: Posting, rowCount: Int) {
        try pool.read { db in
            let rowCount = try IndexDatabase.rowCount(db)
            var posting = Posting()
            let statement = try db.cachedStatement(sql: "SELECT doc FROM terms WHERE term = ?")
            let places = try Int64.fetchCursor(statement, arguments: [term.text])
            while let row = try places.next() {
                guard row >= posting.rows.last.map(Int64.init) ?? 0, row < rowCount else {
                    throw RetrievalError(.databaseTrouble, "index.sqlite has terms out of order")
                }
                posting.add(UInt32(row))
            }
            return (posting, rowCount)
        }
    }

    // MARK: Writing

    /// What makes a row the same row.
    struct Identity: Hashable {
        let fact: FactID
        let kind: SurfaceKind
        let textID: [UInt8]
    }

    /// A row to be added.
    struct NewRow {
        let identity: Identity
        let text: String
        let tokenCount: Int
    }

    /// Returns the number of the row with each identity, nil where there is none.
    func rows(identities: [Identity]) throws -> [Int?] {
        try pool.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT id FROM rows WHERE text = ? AND fact = ? AND kind = ?")
            return try identities.map { identity in
                try Int.fetchOne(
                    statement,
                    arguments: [
                        Data(identity.textID), Data(identity.fact.bytes), identity.kind.rawValue,
                    ])
            }
        }
    }

    /// Returns for each text a row below `limit` that has it, nil where there is none.
    func rows(textIDs: [[UInt8]], below limit: Int) throws -> [Int?] {
        try pool.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT id FROM rows WHERE text = ? AND id < ? LIMIT 1")
            return try textIDs.map {
                try Int.fetchOne(statement, arguments: [Data($0), limit])
            }
        }
    }

    /// Adds rows `start...` and what fact versions consist of, all or nothing.
    func add(
        _ rows: [NewRow], start: Int, versions: [(FactVersion, [UInt32])],
        vectorCount: (encoder: [UInt8], count: Int)?
    ) throws {
        try pool.write { db in
            let insertRow = try db.cachedStatement(sql: "INSERT INTO rows VALUES (?, ?, ?, ?, ?)")
            let insertText = try db.cachedStatement(
                sql: "INSERT INTO texts (rowid, text) VALUES (?, ?)")
            for (i, row) in rows.enumerated() {
                try insertRow.execute(arguments: [
                    start + i, Data(row.identity.fact.bytes), row.identity.kind.rawValue,
                    Data(row.identity.textID), row.tokenCount,
                ])
                guard row.identity.kind.isSearched else { continue }
                try insertText.execute(arguments: [start + i, row.text])
            }
            let insertVersion = try db.cachedStatement(
                sql: "INSERT OR REPLACE INTO fact_rows VALUES (?, ?, ?)")
            for (version, rows) in versions {
                try insertVersion.execute(arguments: [
                    Data(version.fact.bytes), Data(version.leaf.bytes), pack(rows),
                ])
            }
            if let vectorCount { try IndexDatabase.set(db, vectorCount.encoder, vectorCount.count) }
        }
    }

    func setVectorCount(_ count: Int, encoder: [UInt8]) throws {
        try pool.write { try IndexDatabase.set($0, encoder, count) }
    }

    private static func set(_ db: Database, _ encoder: [UInt8], _ count: Int) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO encoders VALUES (?, ?)", arguments: [Data(encoder), count])
    }

    private static func rowCount(_ db: Database) throws -> Int {
        try Int.fetchOne(db.cachedStatement(sql: "SELECT MAX(id) + 1 FROM rows")) ?? 0
    }

    private static func rows(_ db: Database, of version: FactVersion) throws -> [UInt32]? {
        let statement = try db.cachedStatement(
            sql: "SELECT rows FROM fact_rows WHERE fact = ? AND leaf = ?")
        return try Data.fetchOne(
            statement, arguments: [Data(version.fact.bytes), Data(version.leaf.bytes)]
        ).map(unpack)
    }
}

private func pack(_ rows: [UInt32]) -> Data {
    var data = Data(capacity: rows.count * 4)
    for row in rows {
        for shift in [0, 8, 16, 24] as [UInt32] {
            data.append(UInt8(truncatingIfNeeded: row >> shift))
        }
    }
    return data
}

private func unpack(_ data: Data) -> [UInt32] {
    var rows: [UInt32] = []
    var value: UInt32 = 0
    for (i, byte) in data.enumerated() {
        value |= UInt32(byte) << UInt32(i % 4 * 8)
        if i % 4 == 3 {
            rows.append(value)
            value = 0
        }
    }
    return rows
}
