import CLMDB

/// A place in a table, in key order.
package struct Cursor: ~Copyable {
    /// One key and its value, copied out.
    package struct Entry: Equatable, Sendable {
        package let key: [UInt8]
        package let value: [UInt8]
    }

    private let handle: OpaquePointer
    private let table: Table

    init(handle: OpaquePointer, table: Table) {
        self.handle = handle
        self.table = table
    }

    deinit { mdb_cursor_close(handle) }

    package mutating func first() throws(LMDBError) -> Entry? { try move(MDB_FIRST) }

    package mutating func last() throws(LMDBError) -> Entry? { try move(MDB_LAST) }

    /// Moves one key on; on a fresh cursor, to the first.
    package mutating func next() throws(LMDBError) -> Entry? { try move(MDB_NEXT) }

    /// Moves one key back; on a fresh cursor, to the last.
    package mutating func previous() throws(LMDBError) -> Entry? { try move(MDB_PREV) }

    /// Moves to the least key that is not below `key`.
    package mutating func seek(atLeast key: [UInt8]) throws(LMDBError) -> Entry? {
        try move(MDB_SET_RANGE, key)
    }

    /// Moves to the greatest key that is not above `key`.
    package mutating func seek(atMost key: [UInt8]) throws(LMDBError) -> Entry? {
        guard let entry = try seek(atLeast: key) else { return try last() }
        return entry.key == key ? entry : try previous()
    }

    private mutating func move(
        _ operation: MDB_cursor_op, _ target: [UInt8] = []
    ) throws(LMDBError) -> Entry? {
        TableTrace.note(table)
        var entry: Entry?
        let code = withMDBValue(target) { target in
            var key = target
            var value = MDB_val()
            let code = mdb_cursor_get(handle, &key, &value, operation)
            // An exact match may leave `key` pointing at the target, so it is copied in here.
            if code == MDB_SUCCESS { entry = Entry(key: bytes(key), value: bytes(value)) }
            return code
        }
        if code == MDB_NOTFOUND { return nil }
        try check(code, "walk \(table.name)")
        return entry
    }
}

private func bytes(_ value: MDB_val) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
}
