import CLMDB
import Glibc
import Synchronization

/// One LMDB directory, open once in this process.
///
/// Readers run beside each other and beside the one writer. Nothing is ever written through the map
/// (no `MDB_WRITEMAP`: a full disk would be a SIGBUS), and a commit that returns is on disk, in the data file or in the
/// log. What is in the log alone is shown from memory (MemTable.swift).
package final class Environment: Sendable {
    package struct Options: Sendable {
        /// The first size of the map in bytes: address space, not disk; it grows by itself.
        package var mapBytes: Int
        package var readerCountMax: UInt32
        package var tableCountMax: UInt32
        /// Whether nothing is to be written, and nothing made that is missing.
        package var isReadOnly: Bool
        /// After so many bytes of its log the data file is synced (RedoLog.swift); nil if each commit syncs it.
        package var checkpointByteCount: Int?
        /// After so long LMDB takes over what is in the log, and other processes see it.
        package var flushMilliseconds: Int
        /// From so many bytes in use on room is made for new pages in advance (PageRoom.swift), if there is a log.
        package var roomByteCountMin: Int

        package init(
            mapBytes: Int = 1 << 30, readerCountMax: UInt32 = 1024, tableCountMax: UInt32 = 32,
            isReadOnly: Bool = false, checkpointByteCount: Int? = nil, flushMilliseconds: Int = 500,
            roomByteCountMin: Int = 32 << 20
        ) {
            self.roomByteCountMin = roomByteCountMin
            self.flushMilliseconds = flushMilliseconds
            self.isReadOnly = isReadOnly
            self.checkpointByteCount = checkpointByteCount
            self.mapBytes = mapBytes
            self.readerCountMax = readerCountMax
            self.tableCountMax = tableCountMax
        }
    }

    package let directory: String
    private let identity: OpenDirectories.Identity
    // `OpaquePointer` is not Sendable. LMDB documents `MDB_env *` as safe to share between threads;
    // transactions are not, and never leave the closure that `read` and `write` hand them to.
    // It is replaced by who is alone in the gate; nil after a replacement failed, until the next try.
    private(set) nonisolated(unsafe) var env: OpaquePointer?
    let gate = ReadWriteGate()
    private let isClosed = Atomic(false)
    let options: Options
    /// The tables whose handles are in use, in the order in which they were opened.
    let openTables = Mutex<[Table]>([])
    /// Lets one writer in at a time, from its first try to its last.
    let writer = ReadWriteGate()
    /// Lets one in at a time who changes LMDB; taken before ``writer``.
    let flusher = ReadWriteGate()
    let rows = Mutex(Rows())
    /// There once room was made for pages.
    let room = Mutex<PageRoom?>(nil)
    // Used by the one writer while it is in the gate, or by who is alone in the gate. There from the first write on.
    private(set) nonisolated(unsafe) var log: RedoLog?
    /// How many records of the log were acknowledged, from a failure on until all is opened again.
    private nonisolated(unsafe) var acknowledgedRecords: UInt64?

    /// Opens the environment in `directory`, which must exist; creates its files if they are missing.
    ///
    /// Slots of readers that died are cleared (`mdb_reader_check`). Another process may have it open too, and
    /// one of them may write.
    package init(at directory: String, options: Options = Options()) throws(LMDBError) {
        let identity = try OpenDirectories.claim(directory)
        TableTrace.note(file: directory)
        do throws(LMDBError) {
            env = try Environment.open(directory, options)
        } catch {
            OpenDirectories.release(identity)
            throw error
        }
        self.directory = directory
        self.identity = identity
        self.options = options
    }

    deinit {
        guard !isClosed.load(ordering: .acquiring) else { return }
        log?.detach()
        if let env { mdb_env_close(env) }
        OpenDirectories.release(identity)
    }

    /// Opens the environment in `directory`, and brings it back to its last commit if it was not closed.
    ///
    /// Records from `limit` on are of commits that were not acknowledged, if it is known which those are.
    private static func open(
        _ directory: String, _ options: Options, limit: UInt64? = nil
    ) throws(LMDBError) -> OpaquePointer {
        guard options.checkpointByteCount != nil else {
            return try openFiles(in: directory, options)
        }
        if let recovery = try RedoRecovery(in: directory, limit: limit) {
            try recovery.restore()
            let env = try openFiles(in: directory, options)
            // Tables that it opens would have handles that others expect for theirs.
            defer { mdb_env_close(env) }
            try recovery.replay(env)
        }
        // Also where there is no log: it may have been removed just now.
        try RedoRecovery.removeLog(in: directory)
        return try openFiles(in: directory, options)
    }

    private static func openFiles(
        in directory: String, _ options: Options
    ) throws(LMDBError) -> OpaquePointer {
        var pointer: OpaquePointer?
        try check(mdb_env_create(&pointer), "create an LMDB environment")
        guard let pointer else { preconditionFailure("mdb_env_create gave no environment") }
        do { try open(pointer, directory, options) } catch {
            mdb_env_close(pointer)
            throw error
        }
        return pointer
    }

    private static func open(
        _ env: OpaquePointer, _ directory: String, _ options: Options
    ) throws(LMDBError) {
        try check(mdb_env_set_mapsize(env, options.mapBytes), "set the map size")
        try check(mdb_env_set_maxreaders(env, options.readerCountMax), "set the reader count")
        try check(mdb_env_set_maxdbs(env, options.tableCountMax), "set the table count")
        // MDB_NOTLS ties a reader's slot to its transaction: a thread may then hold two of them.
        let flags = UInt32(MDB_NOTLS) | (options.isReadOnly ? UInt32(MDB_RDONLY) : 0)
        try check(mdb_env_open(env, directory, flags, 0o600), "open \(directory)")
        if !options.isReadOnly {
            try strikeOutFailedMeta(in: directory)
            // What is seen must stay: a writer that was killed, or whose last write failed, may have left pages
            // that the kernel shows and the disk lacks.
            try check(mdb_env_sync(env, 1), "sync \(directory)")
        }
        try clearDeadReaders(env, directory)
    }

    private static func clearDeadReaders(
        _ env: OpaquePointer, _ directory: String
    ) throws(LMDBError) {
        var dead: CInt = 0
        try check(mdb_reader_check(env, &dead), "clear dead readers of \(directory)")
    }

    /// Frees the slots of readers in processes that died, which would keep old pages for ever.
    package func clearDeadReaders() throws {
        gate.enter()
        defer { gate.leave() }
        guard !isClosed.load(ordering: .acquiring), let env else { return }
        try Environment.clearDeadReaders(env, directory)
    }

    /// Brings the environment in `directory` back to its last commit if it has a log and was not closed.
    ///
    /// Nobody may have it open. Throws `corrupt` if a part of the log is missing.
    package static func recover(_ directory: String) throws(LMDBError) {
        guard access(RedoFiles.header(in: directory), F_OK) == 0 else { return }
        try Environment(
            at: directory, options: Options(checkpointByteCount: RedoLog.checkpointByteCount)
        ).close()
    }

    /// Waits for the transactions under way and closes; later ones throw `closed`.
    package func close() {
        flusher.alone {
            try? flushAllInTurn()
            writer.alone { gate.alone(closeInGate) }
        }
    }

    private func closeInGate() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        // If the disk fails now, the log stays for the next one who opens the environment.
        if rows.withLock(\.isEmpty) { try? log?.finish() } else { log?.detach() }
        log = nil
        if let env { mdb_env_close(env) }
        OpenDirectories.release(identity)
    }

    // MARK: Transactions

    /// Runs `body` on one unchanging view of the environment, with `pending` over it.
    ///
    /// `pending` must hold all changes that were not stored when this was called.
    package func read<Result>(
        over pending: PendingRows? = nil, _ body: (borrowing ReadTransaction) throws -> Result
    ) throws -> Result {
        var attemptCount = 0
        while true {
            do { return try readOnce(pending, body) } catch let error as LMDBError {
                switch error.kind {
                case .mapOutgrown: try adoptSize()
                case .mustReopen:
                    // Who flushes opens it again in a moment, unless this thread is in another read.
                    if try reopen(waits: false) { break }
                    attemptCount += 1
                    guard attemptCount < Environment.readAttemptCountMax else { throw error }
                    usleep(2_000)
                default: throw error
                }
            }
        }
    }

    private static let readAttemptCountMax = 50

    private func readOnce<Result>(
        _ pending: PendingRows?, _ body: (borrowing ReadTransaction) throws -> Result
    ) throws -> Result {
        gate.enter()
        defer { gate.leave() }
        let (handle, layers) = try rows.withLock { rows in
            (try begin(UInt32(MDB_RDONLY)), rows.views)
        }
        defer { mdb_txn_abort(handle) }
        return try body(ReadTransaction(handle: handle, pending: pending, layers: layers))
    }

    /// Runs `body` in a write transaction: commits if it returns, aborts if it throws.
    ///
    /// `body` is synchronous on purpose. LMDB's writer lock belongs to a thread, and an `await` could
    /// resume on another one. If the map is full it grows and `body` runs **again** from the start, so
    /// `body` must not change anything but the transaction.
    package func write<Result>(
        _ body: (borrowing WriteTransaction) throws -> Result
    ) throws -> Result {
        try write(makesLog: true, body)
    }

    private func write<Result>(
        makesLog: Bool, _ body: (borrowing WriteTransaction) throws -> Result
    ) throws -> Result {
        try flusher.alone {
            while true {
                // What is in memory comes before.
                try flushAllInTurn()
                let result = try writer.alone {
                    try rows.withLock(\.isEmpty) ? writeInTurn(makesLog: makesLog, body) : nil
                }
                if let result { return result }
            }
        }
    }

    private func writeInTurn<Result>(
        makesLog: Bool, _ body: (borrowing WriteTransaction) throws -> Result
    ) throws -> Result {
        try reopenIfFailed()
        do {
            return try growing { try writeOnce(makesLog: makesLog, body) }
        } catch {
            // Readers are refused too until it is open again. If that fails now, the next one tries.
            try? reopenIfFailed()
            throw error
        }
    }

    /// Opens the environment again if it failed; for who is alone among the writers.
    func reopenIfFailed() throws {
        if hasFailed { _ = try reopen(waits: true) }
    }

    /// Makes the log with the first write; the gate must be held.
    func makeLogIfMissing() throws {
        guard log == nil, let env, let byteCount = options.checkpointByteCount else { return }
        log = try RedoLog(of: env, in: directory, checkpointByteCount: byteCount)
    }

    private func writeOnce<Result>(
        makesLog: Bool, _ body: (borrowing WriteTransaction) throws -> Result
    ) throws -> Result {
        gate.enter()
        defer { gate.leave() }
        if makesLog { try makeLogIfMissing() }
        let batch = log.map { _ in RedoBatch() }
        let result: Result
        let handle = try begin(0)
        do {
            result = try body(WriteTransaction(handle: handle, batch: batch))
            if let log, let batch, !batch.bytes.isEmpty { try log.append(batch) }
        } catch {
            mdb_txn_abort(handle)
            throw error
        }
        do { try commit(handle) } catch {
            if let log, let batch, !batch.bytes.isEmpty { log.strikeIfPossible() }
            throw error
        }
        if let log, let batch, !batch.bytes.isEmpty {
            log.accept()
            log.switchFilesIfDue()
            log.beginCheckpointIfSwitched()
        }
        return result
    }

    /// Commits a transaction of LMDB; the gate must be held.
    func commit(_ handle: OpaquePointer) throws(LMDBError) {
        let code = mdb_txn_commit(handle)
        try check(code == EIO && isFull ? ENOSPC : code, "commit to \(directory)")
    }

    /// Whether less than a mebibyte is free, for this process.
    ///
    /// LMDB reports a write that the disk took only in part as EIO (`mdb_page_flush` in mdb.c).
    private var isFull: Bool {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return false }
        return status.f_bavail * UInt(status.f_frsize) < 1 << 20
    }

    /// Begins a transaction; the gate must be held.
    func begin(_ flags: UInt32) throws(LMDBError) -> OpaquePointer {
        guard !isClosed.load(ordering: .acquiring) else {
            throw LMDBError(kind: .closed, operation: "use \(directory)")
        }
        guard let env else {
            throw LMDBError(code: MDB_PANIC, operation: "begin a transaction in \(directory)")
        }
        var handle: OpaquePointer?
        try check(mdb_txn_begin(env, nil, flags, &handle), "begin a transaction in \(directory)")
        guard let handle else { preconditionFailure("mdb_txn_begin gave no transaction") }
        return handle
    }

    /// Opens the tables of these names, creating the ones that are missing unless nothing may be written.
    package func tables(named names: [String]) throws -> [Table] {
        let tables =
            options.isReadOnly
            ? try existingTables(names)
            : try write(makesLog: false) { transaction in
                try names.map { tracked($0, try transaction.table($0)) }
            }
        openTables.withLock { $0 += tables }
        return tables
    }

    private func existingTables(_ names: [String]) throws -> [Table] {
        TableTrace.note(file: directory)
        gate.enter()
        defer { gate.leave() }
        let handle = try begin(UInt32(MDB_RDONLY))
        let tables: [Table]
        do { tables = try names.map { try table($0, handle) } } catch {
            mdb_txn_abort(handle)
            throw error
        }
        // Handles that are opened in a transaction stay open only if it ends well.
        try check(mdb_txn_commit(handle), "open the tables of \(directory)")
        return tables
    }

    private func table(
        _ name: String, _ transaction: OpaquePointer
    ) throws(LMDBError) -> Table {
        var handle: MDB_dbi = 0
        let code = mdb_dbi_open(transaction, name, 0, &handle)
        try check(code, "open the table \(name)")
        return tracked(name, handle)
    }

    private func tracked(_ name: String, _ handle: MDB_dbi) -> Table {
        let place = directory.split(separator: "/").last ?? ""
        return Table(
            name: name, handle: handle, traceMark: TableTrace.mark(for: "\(place)/\(name)"))
    }

    /// Runs `body` on the environment, which stays open and as large as it is meanwhile.
    func withHandle<Result>(_ body: (OpaquePointer) throws -> Result) throws -> Result {
        gate.enter()
        defer { gate.leave() }
        return try body(handleInGate())
    }

    /// Whether it may be used, or may be again.
    var isOpen: Bool { !isClosed.load(ordering: .acquiring) }

    @discardableResult
    func handleInGate() throws(LMDBError) -> OpaquePointer {
        guard !isClosed.load(ordering: .acquiring) else {
            throw LMDBError(kind: .closed, operation: "use \(directory)")
        }
        guard let env else { throw LMDBError(code: MDB_PANIC, operation: "use \(directory)") }
        return env
    }

    // MARK: After a write that failed

    /// Whether LMDB refuses every transaction, because the write of a meta page failed, or a checkpoint of the log
    /// failed, and what was written must be written again.
    private var hasFailed: Bool {
        gate.enter()
        defer { gate.leave() }
        guard !isClosed.load(ordering: .acquiring) else { return false }
        return hasFailedInGate
    }

    private var hasFailedInGate: Bool {
        guard let env else { return true }
        if let log, log.isFailed() { return true }
        var handle: OpaquePointer?
        let code = mdb_txn_begin(env, nil, UInt32(MDB_RDONLY), &handle)
        if code == MDB_SUCCESS { mdb_txn_abort(handle) }
        return code == MDB_PANIC
    }

    /// Opens the environment anew, with the same tables under the same handles; true if it is open then.
    ///
    /// Who may hold a transaction must not wait for all of them to end: then false means that one is under way.
    private func reopen(waits: Bool) throws -> Bool {
        if waits {
            try gate.alone(reopenInGate)
            return true
        }
        return try gate.aloneIfFree(reopenInGate) != nil
    }

    private func reopenInGate() throws {
        guard !isClosed.load(ordering: .acquiring), hasFailedInGate else { return }
        if let log { acknowledgedRecords = log.nextRecord }
        log?.detach()
        log = nil
        if let env { mdb_env_close(env) }
        env = nil
        let fresh = try Environment.open(directory, options, limit: acknowledgedRecords)
        acknowledgedRecords = nil
        do { try openTables(in: fresh) } catch {
            mdb_env_close(fresh)
            throw error
        }
        env = fresh
        // What was in memory alone was in the log.
        rows.withLock { $0 = Rows() }
    }

    /// Opens the tables again that callers have handles of.
    private func openTables(in env: OpaquePointer) throws(LMDBError) {
        let tables = openTables.withLock(\.self)
        var transaction: OpaquePointer?
        try check(
            mdb_txn_begin(env, nil, UInt32(MDB_RDONLY), &transaction), "open \(directory) again")
        guard let transaction else { preconditionFailure("mdb_txn_begin gave no transaction") }
        do throws(LMDBError) {
            for table in tables {
                let again = try self.table(table.name, transaction)
                precondition(again.handle == table.handle, "LMDB numbers tables as they are opened")
            }
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        try check(mdb_txn_commit(transaction), "open the tables of \(directory) again")
    }
}
