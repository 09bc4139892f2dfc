import CLMDB
import Glibc
import Synchronization

// MEMTABLE, as in a log-structured merge tree (O'Neil et al., 1996; "memtable" is LevelDB's word). A commit's rows are
// durable once they are in the redo log; until LMDB has them they are shown from memory:
//
//   pending    what one planner means to store next; nobody else sees it (PendingRows)
//   active     rows in the log, newest versions last
//   frozen     an earlier memtable, while LMDB takes it over in one transaction
//   LMDB       everything before
//
// A view is a transaction of LMDB, and the memtables of the moment in which it began, each up to the version that was
// newest then. The rows of a frozen table may be in LMDB already or not: over LMDB they look the same.

/// A row's place.
struct RowName: Hashable {
    let table: MDB_dbi
    let key: [UInt8]

    func hash(into hasher: inout Hasher) {
        hasher.combine(table)
        // At once: an array feeds the hasher byte by byte.
        key.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

/// How much is in memory.
struct MemSize {
    /// About how much memory it takes.
    let byteCount: Int
    let rowCount: Int

    /// Whether it is more than `limit` in one way or the other.
    func exceeds(_ limit: MemSize) -> Bool {
        byteCount > limit.byteCount || rowCount > limit.rowCount
    }
}

/// Rows that the log has and LMDB does not have yet, in all their versions.
struct MemRows {
    /// What a row costs beside its bytes, about.
    private static let rowByteCount = 150
    /// About what fits into a page of a tree: larger values get pages of their own.
    private static let largeByteCount = 2_000

    struct Row {
        let version: UInt64
        /// Nil stands for a row that is taken away.
        let value: [UInt8]?
        let isAppended: Bool
    }

    private struct Versions {
        var newest: Row
        var older: [Row] = []

        func row(at version: UInt64) -> Row? {
            newest.version <= version ? newest : older.last { $0.version <= version }
        }

        mutating func add(_ row: Row) {
            // A transaction shows only its last change of a row.
            if newest.version != row.version { older.append(newest) }
            newest = row
        }
    }

    private var rows: [RowName: Versions] = [:]
    private var keys: [MDB_dbi: KeyList] = [:]
    private var byteCount = 0
    /// Of the last transaction that may be seen.
    var version: UInt64 = 0

    /// Has room for so many rows.
    init(capacity: Int) { rows.reserveCapacity(capacity) }

    var size: MemSize { MemSize(byteCount: byteCount, rowCount: rows.count) }

    mutating func add(_ change: Changes.Change, _ version: UInt64) {
        let name = RowName(table: change.table.handle, key: change.key)
        let row = Row(
            version: version, value: change.kind == .delete ? nil : change.value,
            isAppended: change.kind == .append)
        byteCount += MemRows.rowByteCount + change.key.count + change.value.count
        let isNew = MemRows.add(row, to: &rows[name])
        let isLarge = change.value.count > MemRows.largeByteCount
        if isNew || isLarge {
            keys[name.table, default: KeyList()].add(isNew ? name.key : nil, isLarge: isLarge)
        }
    }

    /// Returns whether the row is the first one at its place.
    private static func add(_ row: Row, to versions: inout Versions?) -> Bool {
        guard versions?.add(row) == nil else { return false }
        versions = Versions(newest: row)
        return true
    }

    /// Returns nil where no transaction up to `version` changed the row, `.some(nil)` where it is taken away.
    func value(of name: RowName, at version: UInt64) -> [UInt8]?? {
        guard !rows.isEmpty, let row = rows[name]?.row(at: version) else { return nil }
        return .some(row.value)
    }

    /// Returns the keys of the table's rows in order, those of later versions among them.
    mutating func sortedKeys(of table: MDB_dbi) -> [[UInt8]] { keys[table]?.sort() ?? [] }

    var tables: [MDB_dbi] { Array(keys.keys) }

    /// Returns the same of rows whose keys are in order already.
    func keys(of table: MDB_dbi) -> [[UInt8]] { keys[table]?.sorted ?? [] }

    /// Calls `body` with the newest version of each row, table by table in the order of the keys.
    ///
    /// Tables with large values come last. LMDB looks through all of its free pages for some that lie side by side, and
    /// when the small rows have taken theirs there are few left to look through.
    func forEachNewest<Failure: Error>(
        _ body: (RowName, Row) throws(Failure) -> Void
    ) throws(Failure) {
        let tables = keys.sorted {
            ($0.value.hasLarge ? 1 : 0, $0.key) < ($1.value.hasLarge ? 1 : 0, $1.key)
        }
        for (table, list) in tables {
            for key in list.sorted {
                let name = RowName(table: table, key: key)
                if let versions = rows[name] { try body(name, versions.newest) }
            }
        }
    }
}

/// The rows that commits add to.
final class MemTable: Sendable {
    /// How many rows are added before those who read are let in.
    private static let rowsPerTurn = 16

    private let state: Mutex<MemRows>

    /// Has room for as many rows as the one before it took, `capacity`.
    init(capacity: Int = 0) { state = Mutex(MemRows(capacity: capacity)) }

    var size: MemSize { state.withLock(\.size) }

    var isEmpty: Bool { size.rowCount == 0 }

    /// What may be seen now; nil if that is nothing.
    var view: MemView? {
        state.withLock { $0.version == 0 ? nil : MemView(rows: .active(self), version: $0.version) }
    }

    /// Adds the changes of the next transaction and lets them be seen together; one thread at a time may.
    func add(_ changes: Changes) {
        let version = state.withLock { $0.version + 1 }
        var rest = changes.list[...]
        while !rest.isEmpty {
            state.withLock { rows in
                for change in rest.prefix(MemTable.rowsPerTurn) { rows.add(change, version) }
            }
            rest = rest.dropFirst(MemTable.rowsPerTurn)
        }
        state.withLock { $0.version = version }
    }

    func value(of name: RowName, at version: UInt64) -> [UInt8]?? {
        state.withLock { $0.value(of: name, at: version) }
    }

    func keys(of table: MDB_dbi) -> [[UInt8]] { state.withLock { $0.sortedKeys(of: table) } }

    /// Puts the keys in order; others get in between tables.
    func sort() {
        for table in state.withLock({ $0.tables }) { _ = keys(of: table) }
    }

    /// Returns what it holds, when nothing is added to it any more.
    func frozen() -> FrozenRows {
        sort()
        return FrozenRows(state.withLock(\.self))
    }
}

/// Rows that nothing is added to: read without a lock.
final class FrozenRows: Sendable {
    let rows: MemRows

    init(_ rows: MemRows) { self.rows = rows }

    var view: MemView { MemView(rows: .frozen(self), version: rows.version) }
}

/// Rows in memory as one view shows them.
struct MemView: Sendable {
    enum Rows: Sendable {
        case active(MemTable)
        case frozen(FrozenRows)
    }

    let rows: Rows
    let version: UInt64

    /// Returns nil where nothing is over LMDB's row, `.some(nil)` where it is taken away.
    func value(of key: [UInt8], in table: Table) -> [UInt8]?? {
        let name = RowName(table: table.handle, key: key)
        switch rows {
        case .active(let memory): return memory.value(of: name, at: version)
        case .frozen(let frozen): return frozen.rows.value(of: name, at: version)
        }
    }

    /// Returns the keys of the table's rows in order, those of later versions among them.
    func keys(of table: Table) -> [[UInt8]] {
        switch rows {
        case .active(let memory): memory.keys(of: table.handle)
        case .frozen(let frozen): frozen.rows.keys(of: table.handle)
        }
    }
}

/// Keys that are put in order when somebody asks for that.
private struct KeyList {
    /// So few new keys are moved to their places one by one.
    private static let insertCountMax = 16

    /// All keys after ``sort()``.
    private(set) var sorted: [[UInt8]] = []
    private var fresh: [[UInt8]] = []
    /// Whether some row has a value that gets pages of its own.
    private(set) var hasLarge = false

    mutating func add(_ key: [UInt8]?, isLarge: Bool) {
        if let key { fresh.append(key) }
        hasLarge = hasLarge || isLarge
    }

    mutating func sort() -> [[UInt8]] {
        guard !fresh.isEmpty else { return sorted }
        if fresh.count <= KeyList.insertCountMax {
            for key in fresh { sorted.insert(key, at: sorted.firstPlace(notBelow: key)) }
        } else {
            fresh.sort { $0.isBelow($1) }
            sorted = KeyList.merged(sorted, fresh)
        }
        fresh = []
        return sorted
    }

    private static func merged(_ left: [[UInt8]], _ right: [[UInt8]]) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        keys.reserveCapacity(left.count + right.count)
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if right[j].isBelow(left[i]) {
                keys.append(right[j])
                j += 1
            } else {
                keys.append(left[i])
                i += 1
            }
        }
        return keys + left[i...] + right[j...]
    }
}

extension [[UInt8]] {
    /// Returns the place of the first key that is not below `key`, in an array that is in order.
    func firstPlace(notBelow key: [UInt8]) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].isBelow(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension [UInt8] {
    /// Whether it comes before `other` in the order of LMDB's keys: byte by byte, the shorter one first.
    func isBelow(_ other: [UInt8]) -> Bool {
        let order = withUnsafeBytes { left in
            other.withUnsafeBytes { right -> CInt in
                guard let left = left.baseAddress, let right = right.baseAddress else { return 0 }
                return memcmp(left, right, Swift.min(count, other.count))
            }
        }
        return order == 0 ? count < other.count : order < 0
    }
}
