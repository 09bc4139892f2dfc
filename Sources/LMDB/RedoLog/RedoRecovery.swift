import CLMDB
import Glibc

/// Brings an environment that was not closed back to its last commit; nobody may have it open.
struct RedoRecovery {
    private static let attemptCountMax = 100

    private let directory: String
    private let header: RedoHeader
    private let batches: [[RedoChange]]

    /// Reads the log in `directory`, up to record `limit`; returns nil if there is none.
    ///
    /// Throws `corrupt` if a record is missing that was on disk.
    init?(in directory: String, limit: UInt64? = nil) throws(LMDBError) {
        let path = RedoFiles.header(in: directory)
        guard access(path, F_OK) == 0 else {
            guard errno == ENOENT else { throw LMDBError(code: errno, operation: "find \(path)") }
            return nil
        }
        self.directory = directory
        header = try RedoRecovery.newestHeader(in: path)
        batches = try RedoRecovery.batches(since: header, limit ?? .max, in: directory)
    }

    /// Returns the changes of the last record in the log of an environment that another process writes.
    ///
    /// It may write while this reads: nil if no record is found.
    static func newestChanges(in directory: String) -> [RedoChange]? {
        var newest: RedoRecord?
        for generation: UInt64 in [0, 1] {
            let path = RedoFiles.records(of: generation, in: directory)
            guard let file = try? RawFile(opening: path, O_RDONLY) else { continue }
            var offset = 0
            var last: RedoRecord?
            while let record = (try? RedoRecord(in: file, at: offset)) ?? nil,
                last.map({ $0.generation == record.generation && $0.number + 1 == record.number })
                    ?? true
            {
                last = record
                offset += record.encodedByteCount
            }
            guard let last, last.number >= newest?.number ?? 0 else { continue }
            newest = last
        }
        return newest.flatMap { RedoBatch.changes(in: $0.batch) }
    }

    private static func newestHeader(in path: String) throws(LMDBError) -> RedoHeader {
        let file = try RawFile(opening: path, O_RDONLY)
        var newest: RedoHeader?
        for slot in 0..<2 {
            guard
                let bytes = try file.read(
                    RedoHeader.byteCount, at: slot * RedoHeader.slotByteCount),
                let header = RedoHeader(decoding: bytes), header.generation % 2 == slot
            else { continue }
            if header.generation >= newest?.generation ?? 0 { newest = header }
        }
        guard let newest else { throw corrupt("has no whole header", path) }
        return newest
    }

    /// Returns what was logged since `header`, which may go on in the file of the next generation.
    private static func batches(
        since header: RedoHeader, _ limit: UInt64, in directory: String
    ) throws(LMDBError) -> [[RedoChange]] {
        var batches: [[RedoChange]] = []
        var next = header.firstRecord
        for generation in [header.generation, header.generation + 1] {
            let path = RedoFiles.records(of: generation, in: directory)
            let file = try RawFile(opening: path, O_RDONLY)
            var offset = 0
            while next < limit, let record = try RedoRecord(in: file, at: offset),
                record.generation == generation, record.number == next
            {
                try checkAge(of: record, header, file)
                guard let changes = RedoBatch.changes(in: record.batch) else {
                    throw corrupt("holds record \(next), which makes no sense", path)
                }
                batches.append(changes)
                next += 1
                offset += record.encodedByteCount
            }
            try checkNothingFollows(offset, in: file, header, next: next)
        }
        return batches
    }

    /// A record is written when the one before is on disk, so none can follow the last one that counts.
    private static func checkNothingFollows(
        _ offset: Int, in file: RawFile, _ header: RedoHeader, next: UInt64
    ) throws(LMDBError) {
        let end = try file.byteCount()
        var place = offset
        while place < end {
            if let record = try RedoRecord(in: file, at: place),
                record.generation >= header.generation
            {
                try checkAge(of: record, header, file)
                guard record.number <= next else {
                    throw corrupt("lacks record \(next)", file.path)
                }
            }
            place += RedoRecord.sectorByteCount
        }
    }

    /// Throws if a newer header was on disk when the record was written: pages of this one's state may be gone.
    private static func checkAge(
        of record: RedoRecord, _ header: RedoHeader, _ file: RawFile
    ) throws(LMDBError) {
        guard record.durableGeneration <= header.generation else {
            throw corrupt("lacks the header of generation \(record.durableGeneration)", file.path)
        }
    }

    private static func corrupt(_ what: String, _ path: String) -> LMDBError {
        LMDBError(kind: .corrupt, operation: "recover from \(path): it \(what)")
    }

    /// Puts the state of the header back into the data file; LMDB may open it then, and nobody else.
    func restore() throws(LMDBError) {
        try checkAlone()
        // Its sync may have been cut short, or have failed. From here on pages of the state before it are written
        // over, so it must be on disk first; written again, since the system may call it clean.
        let headers = try RawFile(opening: RedoFiles.header(in: directory), O_RDWR)
        try headers.write(header.encoded, at: header.offset)
        try headers.sync()
        let data = try DataFile(in: directory, isWritable: true)
        for (page, bytes) in header.metas.enumerated() {
            try data.file.write(bytes, at: page * header.pageByteCount)
        }
        try data.file.sync()
    }

    /// Another process that reads would see pages change under it, and LMDB would go by its transaction numbers.
    private func checkAlone() throws(LMDBError) {
        let path = directory + "/lock.mdb"
        let raw = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard raw >= 0 else {
            if errno == ENOENT { return }
            throw LMDBError(code: errno, operation: "open \(path)")
        }
        defer { close(raw) }
        // One that belonged to a process that was killed ends in a moment.
        var pid: pid_t = 0
        for _ in 0..<RedoRecovery.attemptCountMax {
            guard let holder = try holder(of: raw) else { return }
            pid = holder
            usleep(20_000)
        }
        throw LMDBError(
            code: EBUSY, operation: "recover \(directory) while process \(pid) reads it")
    }

    /// Returns who keeps LMDB from being alone, if anybody does.
    private func holder(of raw: CInt) throws(LMDBError) -> pid_t? {
        // The lock that LMDB tries to take to find that out (mdb_env_excl_lock).
        var lock: flock = .init()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_len = 1
        guard fcntl(raw, F_GETLK, &lock) == 0 else {
            throw LMDBError(code: errno, operation: "examine the lock of \(directory)")
        }
        return lock.l_type == Int16(F_UNLCK) ? nil : lock.l_pid
    }

    /// Does again, in one transaction, what was logged since the header's state.
    func replay(_ env: OpaquePointer) throws(LMDBError) {
        guard !batches.isEmpty else { return }
        var handle: OpaquePointer?
        try check(mdb_txn_begin(env, nil, 0, &handle), "begin to recover \(directory)")
        guard let handle else { preconditionFailure("mdb_txn_begin gave no transaction") }
        do throws(LMDBError) {
            let transaction = WriteTransaction(handle: handle)
            var tables: [String: Table] = [:]
            for change in batches.joined() {
                let name = change.table
                let table: Table
                if let known = tables[name] {
                    table = known
                } else {
                    table = Table(name: name, handle: try transaction.table(name))
                    tables[name] = table
                }
                try apply(change, to: table, transaction)
            }
        } catch {
            mdb_txn_abort(handle)
            throw error
        }
        try check(mdb_txn_commit(handle), "commit the recovery of \(directory)")
    }

    private func apply(
        _ change: RedoChange, to table: Table, _ transaction: borrowing WriteTransaction
    ) throws(LMDBError) {
        switch change.kind {
        case .create: break
        case .put: try transaction.put(change.value, for: change.key, in: table)
        case .delete: try transaction.delete(change.key, in: table)
        case .empty: try transaction.empty(table)
        }
    }

    /// Removes the files of the log; from the first one on, the data file speaks for itself.
    static func removeLog(in directory: String) throws(LMDBError) {
        try remove(RedoFiles.header(in: directory))
        // Should the header come back with the power, it must not find pages written over.
        try syncDirectory(directory)
        for generation: UInt64 in [0, 1] {
            try remove(RedoFiles.records(of: generation, in: directory))
        }
        try remove(RedoFiles.headerDraft(in: directory))
    }

    private static func remove(_ path: String) throws(LMDBError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw LMDBError(code: errno, operation: "remove \(path)")
        }
    }
}
