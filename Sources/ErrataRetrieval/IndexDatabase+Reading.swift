import ErrataCore
import FoundationEssentials
import GRDB

extension IndexDatabase {
    /// A row as the table has it.
    struct StoredRow {
        let fact: FactID
        let kind: SurfaceKind
        let tokenCount: Int
    }

    /// Hands every row to `body` in the order of row numbers.
    func forEachRow(_ body: (StoredRow) -> Void) throws {
        try read { db in
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

    /// Returns the rows of each fact version that the index has.
    func rows(of versions: [FactVersion]) throws -> [FactVersion: [UInt32]] {
        try read { try IndexDatabase.rows($0, of: versions) }
    }

    /// Returns the rows of each fact version that the index has, for one who is about to add the others.
    func rowsBeforeAdding(_ versions: [FactVersion]) throws -> [FactVersion: [UInt32]] {
        try readAsWriter { try IndexDatabase.rows($0, of: versions) }
    }

    /// Returns every fact version and its rows.
    func allRows() throws -> [FactVersion: [UInt32]] {
        try read { db in
            var found: [FactVersion: [UInt32]] = [:]
            let records = try Row.fetchCursor(db, sql: "SELECT fact, leaf, rows FROM fact_rows")
            while let record = try records.next() {
                let (fact, leaf, rows): (Data, Data, Data) = (record[0], record[1], record[2])
                guard let fact = FactID(fact), let leaf = Leaf(leaf) else { continue }
                found[FactVersion(fact, leaf)] = IndexDatabase.unpack(rows)
            }
            return found
        }
    }

    func factVersionCount() throws -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM fact_rows") ?? 0 }
    }

    /// Returns one fact version for each of the rows `range` that still belongs to one.
    func versions(of range: Range<Int>, facts: [FactID]) throws -> [Int: FactVersion] {
        try read { db in
            var found: [Int: FactVersion] = [:]
            for fact in Set(facts) {
                let records = try Row.fetchAll(
                    db.cachedStatement(sql: "SELECT leaf, rows FROM fact_rows WHERE fact = ?"),
                    arguments: [Data(fact.bytes)])
                for record in records {
                    let (leaf, rows): (Data, Data) = (record[0], record[1])
                    guard let leaf = Leaf(leaf) else { continue }
                    for row in IndexDatabase.unpack(rows) where range.contains(Int(row)) {
                        found[Int(row)] = FactVersion(fact, leaf)
                    }
                }
            }
            return found
        }
    }

    func vectorCount(encoder: [UInt8]) throws -> Int {
        try read { db in
            try Int.fetchOne(
                db, sql: "SELECT rows FROM encoders WHERE identity = ?", arguments: [Data(encoder)])
                ?? 0
        }
    }

    /// Returns the terms of each text in order, with repetitions, as `texts` takes them apart.
    func terms(of texts: [String]) throws -> [[Term]] {
        try withoutTransaction { db in
            let tokenizer = try db.makeTokenizer(IndexDatabase.tokenizer)
            return try texts.map { text in
                try tokenizer.tokenize(document: text).map { Term($0.token) }
            }
        }
    }

    /// Returns the rows that hold `term`, and how many rows there are.
    func posting(of term: Term) throws -> (posting: Posting, rowCount: Int) {
        try read { db in
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

    /// Returns the row numbers that `fact_rows` holds as bytes.
    static func unpack(_ data: some Sequence<UInt8>) -> [UInt32] {
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

    private static func rowCount(_ db: Database) throws -> Int {
        try Int.fetchOne(db.cachedStatement(sql: "SELECT MAX(id) + 1 FROM rows")) ?? 0
    }

    private static func rows(
        _ db: Database, of versions: [FactVersion]
    ) throws -> [FactVersion: [UInt32]] {
        let statement = try db.cachedStatement(
            sql: "SELECT rows FROM fact_rows WHERE fact = ? AND leaf = ?")
        var found: [FactVersion: [UInt32]] = [:]
        for version in versions {
            found[version] = try statement.first(version.fact.bytes, version.leaf.bytes) {
                IndexDatabase.unpack($0.blob(0))
            }
        }
        return found
    }
}
