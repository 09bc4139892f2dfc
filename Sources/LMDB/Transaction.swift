import CLMDB

/// One unchanging view of the environment.
///
/// It cannot leave the closure that `Environment.read` hands it to, and LMDB keeps every page it can see:
/// keep it short.
package struct ReadTransaction: ~Copyable {
    let handle: OpaquePointer
    /// What is shown over the stored rows: one who plans the next ones has them.
    private let pending: PendingRows?
    /// What is stored in the log and not in LMDB yet, newest first.
    private let layers: [MemView]

    init(handle: OpaquePointer, pending: PendingRows? = nil, layers: [MemView] = []) {
        self.handle = handle
        self.pending = pending
        self.layers = layers
    }

    /// The transaction whose state this shows.
    var id: UInt64 { UInt64(truncatingIfNeeded: mdb_txn_id(handle)) }

    /// Runs `body` on the value of `key`, without a copy; nil if there is none.
    ///
    /// The bytes are LMDB's own and end with the call.
    package func withValue<Result>(
        of key: [UInt8], in table: Table, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        TableTrace.note(table)
        if let row = pending?.value(of: key, in: table) {
            return try row.map { try $0.withUnsafeBytes(body) }
        }
        for layer in layers {
            guard let row = layer.value(of: key, in: table) else { continue }
            return try row.map { try $0.withUnsafeBytes(body) }
        }
        return try withStored(key, table, body)
    }

    /// Runs `body` on what LMDB has.
    private func withStored<Result>(
        _ key: [UInt8], _ table: Table, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        var value = MDB_val()
        let code = withMDBValue(key) { key in
            var key = key
            return mdb_get(handle, table.handle, &key, &value)
        }
        if code == MDB_NOTFOUND { return nil }
        try check(code, "read \(table.name)")
        return try body(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
    }

    /// Returns a copy of the value of `key`, or nil.
    package func value(of key: [UInt8], in table: Table) throws -> [UInt8]? {
        try withValue(of: key, in: table) { Array($0) }
    }

    package func contains(_ key: [UInt8], in table: Table) throws -> Bool {
        try withValue(of: key, in: table) { _ in true } ?? false
    }

    /// Returns how many keys the table has; costs one page, and a descent for each row that LMDB does not have yet.
    package func count(of table: Table) throws -> Int {
        TableTrace.note(table)
        try checkNothingPends("count \(table.name)")
        var statistics = MDB_stat()
        try check(mdb_stat(handle, table.handle, &statistics), "count \(table.name)")
        var count = statistics.ms_entries
        for key in Set(layers.flatMap { $0.keys(of: table) }) {
            let isThere = try contains(key, in: table)
            let isStored = try withStored(key, table) { _ in true } ?? false
            count += (isThere ? 1 : 0) - (isStored ? 1 : 0)
        }
        return count
    }

    /// Runs `body` with a cursor over `table`, which ends with the call.
    package func withCursor<Result>(
        over table: Table, _ body: (inout Cursor) throws -> Result
    ) throws -> Result {
        TableTrace.note(table)
        try checkNothingPends("walk \(table.name)")
        var pointer: OpaquePointer?
        try check(mdb_cursor_open(handle, table.handle, &pointer), "open a cursor on \(table.name)")
        guard let pointer else { preconditionFailure("mdb_cursor_open gave no cursor") }
        let layers = layers.map { Cursor.Layer(view: $0, keys: $0.keys(of: table)) }
        var cursor = Cursor(
            handle: pointer, table: table, layers: layers.filter { !$0.keys.isEmpty })
        return try body(&cursor)
    }

    private func checkNothingPends(_ operation: @autoclosure () -> String) throws(LMDBError) {
        guard pending == nil else {
            throw LMDBError(kind: .rowsPending, operation: operation())
        }
    }
}

/// The one change in the making, and a view that already shows it.
package struct WriteTransaction: ~Copyable {
    /// Reads what is there, with the changes of this transaction.
    package let reader: ReadTransaction
    /// Takes down every change, for an environment with a log.
    private let batch: RedoBatch?

    init(handle: OpaquePointer, batch: RedoBatch? = nil) {
        reader = ReadTransaction(handle: handle)
        self.batch = batch
    }

    /// Stores `value` under `key`, whatever was there.
    package func put(_ value: [UInt8], for key: [UInt8], in table: Table) throws(LMDBError) {
        try put(value, key, table, flags: 0)
    }

    /// Stores `value` under a key that must be greater than all others of the table.
    package func append(_ value: [UInt8], for key: [UInt8], in table: Table) throws(LMDBError) {
        try put(value, key, table, flags: UInt32(MDB_APPEND))
    }

    /// Stores `value` under a key that must not be there yet.
    package func insert(_ value: [UInt8], for key: [UInt8], in table: Table) throws(LMDBError) {
        try put(value, key, table, flags: UInt32(MDB_NOOVERWRITE))
    }

    /// Removes `key`; returns whether it was there.
    @discardableResult
    package func delete(_ key: [UInt8], in table: Table) throws(LMDBError) -> Bool {
        let code = withMDBValue(key) { key in
            var key = key
            return mdb_del(reader.handle, table.handle, &key, nil)
        }
        if code == MDB_NOTFOUND { return false }
        try check(code, "delete from \(table.name)")
        batch?.add(.delete, table.name, key: key)
        return true
    }

    /// Removes every key of the table.
    package func empty(_ table: Table) throws(LMDBError) {
        try check(mdb_drop(reader.handle, table.handle, 0), "empty \(table.name)")
        batch?.add(.empty, table.name)
    }

    private func put(
        _ value: [UInt8], _ key: [UInt8], _ table: Table, flags: UInt32
    ) throws(LMDBError) {
        let code = withMDBValue(key) { key in
            withMDBValue(value) { value in
                var key = key
                var value = value
                return mdb_put(reader.handle, table.handle, &key, &value, flags)
            }
        }
        try check(code, "write \(table.name)")
        batch?.add(.put, table.name, key: key, value: value)
    }

    /// Opens the table of this name, making it if it is missing.
    func table(_ name: String) throws(LMDBError) -> MDB_dbi {
        var handle: MDB_dbi = 0
        let code = mdb_dbi_open(reader.handle, name, UInt32(MDB_CREATE), &handle)
        try check(code, "open the table \(name)")
        batch?.add(.create, name)
        return handle
    }
}

/// Lends `bytes` to LMDB for the time of one call; LMDB does not write through it.
func withMDBValue<Result>(_ bytes: [UInt8], _ body: (MDB_val) -> Result) -> Result {
    bytes.withUnsafeBytes { buffer in
        body(
            MDB_val(
                mv_size: buffer.count,
                mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress)
            ))
    }
}
