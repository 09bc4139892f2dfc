import GRDBSQLite

/// Writes the rows of a statement as JSON: numbers and texts as they are, blobs as `x'00ff'`.
struct TableWriter {
    private(set) var bytes: [UInt8] = []
    private(set) var rowCount = 0
    private let columnCount: CInt

    init(columnCount: CInt) { self.columnCount = columnCount }

    mutating func begin(_ name: (CInt) -> String) {
        append("{\"columns\":[")
        for column in 0..<columnCount {
            if column > 0 { append(",") }
            JSONText.append(name(column), to: &bytes)
        }
        append("],\"rows\":[")
    }

    mutating func addRow(of statement: OpaquePointer) {
        append(rowCount == 0 ? "[" : ",[")
        for column in 0..<columnCount {
            if column > 0 { append(",") }
            addValue(of: statement, column)
        }
        append("]")
        rowCount += 1
    }

    mutating func end(operation: UInt64, truncation: String?) -> [UInt8] {
        append("],\"operation\":\(operation),\"truncated\":")
        append(truncation.map { "\"\($0)\"}" } ?? "null}")
        return bytes
    }

    private mutating func addValue(of statement: OpaquePointer, _ column: CInt) {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: append(String(sqlite3_column_int64(statement, column)))
        case SQLITE_FLOAT: addReal(sqlite3_column_double(statement, column))
        case SQLITE_TEXT: addText(of: statement, column)
        case SQLITE_BLOB: addBlob(of: statement, column)
        default: append("null")
        }
    }

    /// JSON has no numbers that are not finite: they become texts.
    private mutating func addReal(_ value: Double) {
        append(value.isFinite ? "\(value)" : "\"\(value)\"")
    }

    private mutating func addText(of statement: OpaquePointer, _ column: CInt) {
        guard let start = sqlite3_column_text(statement, column) else { return append("\"\"") }
        let text = UnsafeBufferPointer(
            start: start, count: Int(sqlite3_column_bytes(statement, column)))
        guard String(validating: text, as: UTF8.self) == nil else {
            return JSONText.append(text, to: &bytes)
        }
        // SQLite takes any bytes for text; JSON must be UTF-8.
        JSONText.append(String(decoding: text, as: UTF8.self), to: &bytes)
    }

    private mutating func addBlob(of statement: OpaquePointer, _ column: CInt) {
        append("\"x'")
        if let start = sqlite3_column_blob(statement, column) {
            let count = Int(sqlite3_column_bytes(statement, column))
            let digits = Array("0123456789abcdef".utf8)
            for byte in UnsafeRawBufferPointer(start: start, count: count) {
                bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        append("'\"")
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }
}
