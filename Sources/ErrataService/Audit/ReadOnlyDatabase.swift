import GRDBSQLite
import Glibc

/// A connection that can read the audit database's tables and do nothing else.
///
/// It is SQLite's own interface and not GRDB's, which keeps the hooks that make it safe for its own use.
final class ReadOnlyDatabase {
    /// The longest text, blob or row; functions that search texts take its square in time.
    private static let valueBytesMax: CInt = 1 << 17
    private static let columnCountMax: CInt = 200
    private static let pageCacheKibibytes = 20_000

    private let handle: OpaquePointer
    private let access = AuditAccess()

    init(_ path: String) throws {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK, let handle else {
            let error = ReadOnlyDatabase.refusal(code, String(cString: sqlite3_errstr(code)))
            sqlite3_close_v2(handle)
            throw error
        }
        self.handle = handle
        for (limit, value) in [
            (SQLITE_LIMIT_LENGTH, ReadOnlyDatabase.valueBytesMax),
            (SQLITE_LIMIT_SQL_LENGTH, CInt(AuditQuery.sqlBytesMax)),
            (SQLITE_LIMIT_COLUMN, ReadOnlyDatabase.columnCountMax),
            (SQLITE_LIMIT_EXPR_DEPTH, 100), (SQLITE_LIMIT_COMPOUND_SELECT, 50),
            (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000), (SQLITE_LIMIT_VARIABLE_NUMBER, 0),
            (SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_WORKER_THREADS, 0),
            (SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        ] { sqlite3_limit(handle, limit, value) }
        sqlite3_busy_timeout(handle, 2_000)
        // These tables are functions, made when they are used first; the guard would take that for a CREATE.
        for function in ["json_each", "json_tree"] {
            try execute("SELECT 1 FROM \(function)('[]')")
        }
        for pragma in [
            "query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0",
            // What a query sorts or collects stays in memory, where there is a limit, and off the disk.
            "temp_store = MEMORY", "cache_size = -\(ReadOnlyDatabase.pageCacheKibibytes)",
        ] {
            try execute("PRAGMA \(pragma)")
        }
        access.guardAll(of: handle)
    }

    deinit { sqlite3_close_v2(handle) }

    private func execute(_ sql: String) throws {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// Runs one SELECT and returns its rows as JSON.
    func json(
        _ sql: String, rowCountMax: Int, byteCountMax: Int, operation: UInt64
    ) throws -> [UInt8] {
        let statement = try prepare(sql)
        defer { sqlite3_finalize(statement) }
        var writer = TableWriter(columnCount: sqlite3_column_count(statement))
        writer.begin { sqlite3_column_name(statement, $0).map { String(cString: $0) } ?? "" }
        var truncation: String?
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { break }
            guard code == SQLITE_ROW else { throw error(code) }
            if writer.rowCount == rowCountMax { truncation = "rows" }
            if writer.bytes.count > byteCountMax { truncation = "bytes" }
            if truncation != nil { break }
            writer.addRow(of: statement)
        }
        return writer.end(operation: operation, truncation: truncation)
    }

    private func prepare(_ sql: String) throws -> OpaquePointer {
        let text = Array(sql.utf8CString)
        return try text.withUnsafeBufferPointer { buffer in
            var tail: UnsafePointer<CChar>?
            guard let statement = try compile(buffer.baseAddress, &tail) else {
                throw AuditWorker.Refusal(kind: .query, message: "the SQL holds no statement")
            }
            do {
                while let rest = tail, rest.pointee != 0 { try checkEmpty(rest, &tail) }
                guard sqlite3_column_count(statement) > 0, sqlite3_stmt_readonly(statement) != 0
                else {
                    throw AuditWorker.Refusal(
                        kind: .query, message: "the statement returns no rows")
                }
                return statement
            } catch {
                sqlite3_finalize(statement)
                throw error
            }
        }
    }

    /// Throws unless what follows the statement is comments and semicolons.
    private func checkEmpty(
        _ text: UnsafePointer<CChar>, _ tail: inout UnsafePointer<CChar>?
    ) throws {
        var second: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, text, -1, 0, &second, &tail)
        sqlite3_finalize(second)
        guard code == SQLITE_OK, second == nil, tail != text else { throw ReadOnlyDatabase.oneOnly }
    }

    private static let oneOnly = AuditWorker.Refusal(
        kind: .query, message: "the SQL holds more than one statement")

    private func compile(
        _ text: UnsafePointer<CChar>?, _ tail: inout UnsafePointer<CChar>?
    ) throws -> OpaquePointer? {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, text, -1, 0, &statement, &tail)
        guard code == SQLITE_OK else { throw error(code) }
        return statement
    }

    // MARK: Errors

    private func error(_ code: CInt) -> AuditWorker.Refusal {
        let message = String(cString: sqlite3_errmsg(handle))
        if code & 0xff == SQLITE_AUTH, let refused = access.refused {
            return AuditWorker.Refusal(kind: .query, message: "a query may not use \(refused)")
        }
        return ReadOnlyDatabase.refusal(code, message)
    }

    private static func refusal(_ code: CInt, _ message: String) -> AuditWorker.Refusal {
        switch code & 0xff {
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            AuditWorker.Refusal(kind: .damage, message: message)
        case SQLITE_NOMEM:
            AuditWorker.Refusal(
                kind: .limit,
                message:
                    "the query took more than \(AuditWorker.memoryBytesMax >> 20) MiB of memory")
        case SQLITE_TOOBIG:
            AuditWorker.Refusal(
                kind: .limit,
                message: "a value of the query has more than \(valueBytesMax) bytes")
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_BUSY, SQLITE_PERM, SQLITE_READONLY:
            AuditWorker.Refusal(kind: .trouble, message: message)
        default: AuditWorker.Refusal(kind: .query, message: message)
        }
    }
}
