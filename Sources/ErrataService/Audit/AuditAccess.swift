import GRDBSQLite

/// What a query may touch: the documented tables and functions that compute.
///
/// SQLite asks while it compiles a statement, for every table, column and function in it.
final class AuditAccess {
    /// What the last refusal was about.
    private(set) var refused: String?

    private static let tables: Set<String> = [
        "operations", "commits", "parents", "edits", "reflog", "names", "events",
        // What they look like, and the rows of JSON columns.
        "sqlite_schema", "sqlite_master", "json_each", "json_tree",
    ]

    /// The daemon's own tables.
    private static let hidden: Set<String> = ["projection", "subjects"]

    /// Functions that only compute: those that load code, make large values or look into the library are none.
    private static let functions: Set<String> = [
        "abs", "avg", "ceil", "ceiling", "char", "coalesce", "concat", "concat_ws", "count",
        "cume_dist", "current_date", "current_time", "current_timestamp", "date", "datetime",
        "dense_rank", "exp", "first_value", "floor", "format", "glob", "group_concat", "hex", "if",
        "ifnull", "iif", "instr", "json", "json_array", "json_array_length", "json_extract",
        "json_group_array", "json_group_object", "json_object", "json_quote", "json_type",
        "json_valid", "->", "->>", "julianday", "lag", "last_value", "lead", "length", "like",
        "likelihood", "likely", "ln", "log", "log10", "log2", "lower", "ltrim", "max", "min",
        "mod", "nth_value", "ntile", "nullif", "octet_length", "percent_rank", "pow", "power",
        "printf", "quote", "random", "rank", "replace", "round", "row_number", "rtrim", "sign",
        "sqrt", "strftime", "string_agg", "substr", "substring", "sum", "timediff", "time",
        "total", "trim", "trunc", "typeof", "unhex", "unicode", "unixepoch", "unlikely", "upper",
    ]

    /// Has the connection ask this object, which must live as long as the connection.
    func guardAll(of handle: OpaquePointer) {
        sqlite3_set_authorizer(
            handle,
            { context, action, first, second, _, _ in
                guard let context else { return SQLITE_DENY }
                let access = Unmanaged<AuditAccess>.fromOpaque(context).takeUnretainedValue()
                return access.answer(action, AuditAccess.text(first), AuditAccess.text(second))
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }

    private func answer(_ action: CInt, _ first: String, _ second: String) -> CInt {
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE: return SQLITE_OK
        case SQLITE_READ:
            let table = first.lowercased()
            // A name without a column is a table that is only counted, or one that the query itself defines.
            if second.isEmpty, !AuditAccess.hidden.contains(table) { return SQLITE_OK }
            if AuditAccess.tables.contains(table) { return SQLITE_OK }
            refused = "the table '\(table)'"
        case SQLITE_FUNCTION:
            if AuditAccess.functions.contains(second.lowercased()) { return SQLITE_OK }
            refused = "the function '\(second)'"
        case SQLITE_PRAGMA: refused = "PRAGMA"
        case SQLITE_ATTACH, SQLITE_DETACH: refused = "other databases"
        default: refused = "statements that change something"
        }
        return SQLITE_DENY
    }
}
