package import GRDB
import GRDBSQLite

/// A value that SQLite takes as a statement's argument as it is.
package protocol StatementArgument {
    /// Binds the value and returns SQLite's result code; the value need not outlive the call.
    func bind(to statement: SQLiteStatement, at index: CInt) -> CInt
}

// SQLITE_TRANSIENT, which has no type in Swift: SQLite copies the bytes.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension StatementArgument where Self: FixedWidthInteger & SignedInteger {
    package func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension Int: StatementArgument {}
extension Int32: StatementArgument {}
extension Int64: StatementArgument {}

extension UInt32: StatementArgument {
    package func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension String: StatementArgument {
    package func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
        var text = self
        return text.withUTF8 { bytes in
            // No address would be NULL, and not an empty text.
            guard let start = bytes.baseAddress else {
                return sqlite3_bind_text(statement, index, "", 0, transient)
            }
            return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                sqlite3_bind_text64(
                    statement, index, $0, UInt64(bytes.count), transient, UInt8(SQLITE_UTF8))
            }
        }
    }
}

extension [UInt8]: StatementArgument {
    package func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else {
                return sqlite3_bind_zeroblob(statement, index, 0)
            }
            return sqlite3_bind_blob64(statement, index, start, UInt64(bytes.count), transient)
        }
    }
}

extension Optional: StatementArgument where Wrapped: StatementArgument {
    package func bind(to statement: SQLiteStatement, at index: CInt) -> CInt {
        self?.bind(to: statement, at: index) ?? sqlite3_bind_null(statement, index)
    }
}

/// A row that a statement is at; good until the statement goes on.
package struct StatementRow {
    fileprivate let statement: SQLiteStatement

    /// Returns the integer in a column, which count from 0; 0 for null.
    package func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(statement, column) }

    /// Returns a copy of the bytes in a column; none for null.
    package func blob(_ column: CInt) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        let count = Int(sqlite3_column_bytes(statement, column))
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// Statements that run for each fact of a batch, by SQLite's own interface.
///
/// GRDB's way makes objects of each argument and looks each result up by type. What observes transactions does not
/// hear of these.
extension Statement {
    /// Runs a statement that returns no rows, with an argument for each of its parameters; throws `DatabaseError`.
    package func run(_ arguments: any StatementArgument...) throws {
        try step(arguments) { _ in }
    }

    /// Returns what `body` makes of the first row, nil if there is none; throws `DatabaseError`.
    package func first<Result>(
        _ arguments: any StatementArgument..., body: (StatementRow) -> Result
    ) throws -> Result? {
        var result: Result?
        try step(arguments) { result = body($0) }
        return result
    }

    private func step(
        _ arguments: [any StatementArgument], body: (StatementRow) -> Void
    ) throws {
        precondition(arguments.count == Int(sqlite3_bind_parameter_count(sqliteStatement)))
        // It also ends what was begun, so that no lock stays behind.
        defer { sqlite3_reset(sqliteStatement) }
        for (i, argument) in arguments.enumerated() {
            try check(argument.bind(to: sqliteStatement, at: CInt(i + 1)))
        }
        let code = sqlite3_step(sqliteStatement)
        if code == SQLITE_ROW {
            body(StatementRow(statement: sqliteStatement))
        } else {
            try check(code == SQLITE_DONE ? SQLITE_OK : code)
        }
    }

    private func check(_ code: CInt) throws {
        guard code != SQLITE_OK else { return }
        let message = sqlite3_errmsg(sqlite3_db_handle(sqliteStatement)).map { String(cString: $0) }
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: sql)
    }
}
