import CLMDB
import Dispatch
import Glibc
import Synchronization

extension Environment {
    private static let retryDelay = DispatchTimeInterval.seconds(1)
    private static let queue = DispatchQueue(label: "errata.flush", attributes: .concurrent)
    /// A flush begins at once when the active memtable holds so much: the larger it is, the more rows share a page.
    private static let flushSizeMin = MemSize(byteCount: 16 << 20, rowCount: 40_000)
    /// A writer waits for a flush when it holds so much.
    ///
    /// Each row changes a page or two, and one transaction can hold 131,071 of them.
    private static let memorySizeMax = MemSize(byteCount: 32 << 20, rowCount: 60_000)
    /// Larger changes go to LMDB directly.
    private static let changeByteCountMax = 4 << 20
    /// How long another process waits for what LMDB is to have, how often it looks, and how often it asks anew what
    /// that is.
    private static let catchUpTimeMax = Duration.seconds(30)
    private static let catchUpMicroseconds: UInt32 = 10_000
    private static let catchUpLookCount = 50

    /// The memtables of an environment.
    struct Rows {
        var active = MemTable()
        /// What LMDB is taking over, or could not take over yet.
        var frozen: FrozenRows?
        /// Whether a flush is going to run by itself after a while.
        var isScheduled = false
        /// Whether one is going to run as soon as a thread is free.
        var isDue = false

        var isEmpty: Bool { frozen == nil && active.isEmpty }

        /// What views show over LMDB's rows, newest first.
        var views: [MemView] { [active.view, frozen?.view].compactMap(\.self) }
    }

    // MARK: Commits

    /// Makes the changes durable together and shows them to views that begin from here on.
    ///
    /// With a log that costs one write to it and one sync; LMDB follows within a moment. An inserted key is not looked
    /// for then: the caller knows that it is new. Without a log it is a transaction of LMDB.
    package func commit(_ changes: Changes) throws {
        guard options.checkpointByteCount != nil,
            changes.byteCount <= Environment.changeByteCountMax
        else { return try write { try $0.apply(changes) } }
        let memory = rows.withLock { $0.active }
        if memory.size.exceeds(Environment.memorySizeMax) { try flush() }
        try writer.alone {
            try reopenIfFailed()
            try commitInTurn(changes)
        }
        if rows.withLock({ $0.active }).size.exceeds(Environment.flushSizeMin) {
            flushSoon()
        } else {
            schedule(after: .milliseconds(options.flushMilliseconds))
        }
    }

    private func commitInTurn(_ changes: Changes) throws {
        gate.enter()
        defer { gate.leave() }
        try handleInGate()
        try makeLogIfMissing()
        guard let log else { preconditionFailure("the log was made above") }
        try log.append(RedoBatch(changes))
        log.accept()
        rows.withLock { $0.active }.add(changes)
    }

    // MARK: Flushes

    private func schedule(after delay: DispatchTimeInterval) {
        let isFirst = rows.withLock { rows in
            defer { rows.isScheduled = true }
            return !rows.isScheduled
        }
        guard isFirst else { return }
        Environment.queue.asyncAfter(deadline: .now() + delay) { [weak self] in
            self?.flushInTurn(clearing: \.isScheduled)
        }
    }

    private func flushSoon() {
        let isFirst = rows.withLock { rows in
            defer { rows.isDue = true }
            return !rows.isDue
        }
        guard isFirst else { return }
        Environment.queue.async { [weak self] in self?.flushInTurn(clearing: \.isDue) }
    }

    /// Flushes when those before are done; `flag` is cleared only then, so that one thread at most waits for each.
    ///
    /// What fails will be tried again, and those who write when memory is full are told.
    private func flushInTurn(clearing flag: any WritableKeyPath<Rows, Bool> & Sendable) {
        do {
            try flusher.alone {
                rows.withLock { $0[keyPath: flag] = false }
                try flushAllInTurn()
            }
        } catch {
            if isOpen { schedule(after: Environment.retryDelay) }
        }
    }

    /// Has LMDB take over all that was committed before; for those who look at its file.
    package func flush() throws {
        try flusher.alone(flushAllInTurn)
    }

    /// Has LMDB take over what memtables hold, until they are empty; the caller is alone among the flushers.
    func flushAllInTurn() throws {
        guard options.checkpointByteCount != nil else { return }
        while let frozen = try freeze() {
            do { try growing { try take(frozen) } } catch {
                writer.alone { try? reopenIfFailed() }
                throw error
            }
            writer.alone { drop(frozen) }
        }
    }

    /// Returns the memtable to take over next, one that could not be taken over before the active one.
    private func freeze() throws -> FrozenRows? {
        // Most of the sorting is done before writers have to wait.
        rows.withLock { $0.active }.sort()
        return try writer.alone {
            try reopenIfFailed()
            let (active, frozen) = rows.withLock { ($0.active, $0.frozen) }
            if let frozen { return frozen }
            guard !active.isEmpty else { return nil }
            let new = active.frozen()
            rows.withLock {
                ($0.active, $0.frozen) = (MemTable(capacity: new.rows.size.rowCount), new)
            }
            gate.enter()
            defer { gate.leave() }
            log?.switchFilesIfDue()
            return new
        }
    }

    /// Writes the rows of `frozen` to LMDB in one transaction.
    private func take(_ frozen: FrozenRows) throws {
        gate.enter()
        defer { gate.leave() }
        // It was opened again meanwhile, with all that was in the log.
        guard rows.withLock({ $0.frozen === frozen }) else { return }
        let handle = try begin(0)
        do {
            let transaction = WriteTransaction(handle: handle)
            try frozen.rows.forEachNewest { name, row throws(LMDBError) in
                try transaction.store(row, at: name)
            }
        } catch {
            mdb_txn_abort(handle)
            throw error
        }
        try commit(handle)
    }

    /// Forgets `frozen`, which LMDB has.
    private func drop(_ frozen: FrozenRows) {
        gate.enter()
        defer { gate.leave() }
        let isCurrent = rows.withLock { rows in
            guard rows.frozen === frozen else { return false }
            rows.frozen = nil
            return true
        }
        if isCurrent { log?.beginCheckpointIfSwitched() }
    }

    // MARK: Other processes

    /// Has LMDB's file hold all that was committed before, or waits for the process that writes to see to that.
    ///
    /// Only one who reads beside a process that writes may wait: what is left after a crash stays in the log. Throws
    /// `ETIMEDOUT` after `limit`, as where the disk is full for that process.
    package func catchUp(atMost limit: Duration = catchUpTimeMax) throws {
        guard options.isReadOnly else { return try flush() }
        let tables = openTables.withLock(\.self)
        let end = ContinuousClock.now + limit
        repeat {
            // A later commit may have undone what was the newest one's, and brings all before it.
            guard let newest = RedoRecovery.newestChanges(in: directory) else { return }
            for _ in 0..<Environment.catchUpLookCount {
                if try read({ try $0.shows(newest, in: tables) }) { return }
                usleep(Environment.catchUpMicroseconds)
            }
        } while ContinuousClock.now < end
        throw LMDBError(
            code: ETIMEDOUT, operation: "see all commits in the data file of \(directory)")
    }
}

extension ReadTransaction {
    /// Whether all keys are there that were put, and none that was deleted.
    fileprivate func shows(_ changes: [RedoChange], in tables: [Table]) throws -> Bool {
        var isPut: [RowName: Bool] = [:]
        for change in changes where change.kind == .put || change.kind == .delete {
            guard let table = tables.first(where: { $0.name == change.table }) else { continue }
            isPut[RowName(table: table.handle, key: change.key)] = change.kind == .put
        }
        for (name, isPut) in isPut {
            let table = Table(name: "table \(name.table)", handle: name.table)
            guard try contains(name.key, in: table) == isPut else { return false }
        }
        return true
    }
}

extension WriteTransaction {
    /// Stores a row, or takes it away if it has no value.
    fileprivate func store(_ row: MemRows.Row, at name: RowName) throws(LMDBError) {
        let table = Table(name: "table \(name.table)", handle: name.table)
        guard let value = row.value else {
            try delete(name.key, in: table)
            return
        }
        if row.isAppended {
            // To append fills pages where to put leaves them half empty.
            do { return try append(value, for: name.key, in: table) } catch {
                guard error.kind == .keyExists else { throw error }
            }
        }
        try put(value, for: name.key, in: table)
    }
}
