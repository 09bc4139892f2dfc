import ErrataRetrieval
import GRDB
import Testing

/// Statements that take their arguments as they are.
@Suite struct StatementArgumentTests {
    let queue: DatabaseQueue

    init() throws {
        queue = try DatabaseQueue()
        try queue.write {
            try $0.execute(sql: "CREATE TABLE t (key INTEGER PRIMARY KEY, value ANY) STRICT")
        }
    }

    /// Stores the value and returns it as SQL would write it.
    func literal(_ value: any StatementArgument) throws -> String? {
        try queue.write { db in
            try db.makeStatement(sql: "INSERT OR REPLACE INTO t VALUES (?, ?)").run(1, value)
            return try String.fetchOne(db, sql: "SELECT quote(value) FROM t")
        }
    }

    @Test("values arrive as they are, empty ones and null too")
    func values() throws {
        #expect(try literal(Int.min) == "-9223372036854775808")
        #expect(try literal(Int32(-7)) == "-7")
        #expect(try literal(UInt32.max) == "4294967295")
        #expect(try literal("it's Ærø") == "'it''s Ærø'")
        #expect(try literal("") == "''")
        #expect(try literal([0, 0xff] as [UInt8]) == "X'00FF'")
        #expect(try literal([] as [UInt8]) == "X''")
        #expect(try literal(String?.none) == "NULL")
        #expect(try literal(String?.some("x")) == "'x'")
        #expect(try literal(String(repeating: "long ", count: 20_000))?.utf8.count == 100_002)
    }

    @Test("the first row is read, and none is nil")
    func first() throws {
        try queue.write { db in
            let insert = try db.makeStatement(sql: "INSERT INTO t VALUES (?, ?)")
            for key in 1...3 { try insert.run(key, [UInt8(key), 0]) }
            let select = try db.makeStatement(sql: "SELECT key, value FROM t WHERE key >= ?")
            let found = try select.first(2) { (key: $0.integer(0), value: $0.blob(1)) }
            #expect(found?.key == 2)
            #expect(found?.value == [2, 0])
            #expect(try select.first(4) { $0.integer(0) } == nil)
        }
    }

    @Test("a statement that fails says why, holds no lock and runs again")
    func failure() throws {
        try queue.write { db in
            let insert = try db.makeStatement(sql: "INSERT INTO t VALUES (?, ?)")
            try insert.run(1, "a")
            let error = #expect(throws: DatabaseError.self) { try insert.run(1, "b") }
            #expect(error?.resultCode == .SQLITE_CONSTRAINT)
            #expect(error?.message == "UNIQUE constraint failed: t.key")
            try insert.run(2, "b")
        }
        #expect(try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == 2)
    }
}
