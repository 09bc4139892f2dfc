import CLMDB
import Synchronization

// The map grows with the data: see `mdb_env_set_mapsize` in lmdb.h.

extension Environment {
    package struct Size: Equatable, Sendable {
        package let mapBytes: Int
        /// Bytes up to the last page in use, free pages before it included.
        package let usedBytes: Int
    }

    package func size() throws -> Size {
        gate.enter()
        defer { gate.leave() }
        return try sizeInGate()
    }

    private func sizeInGate() throws(LMDBError) -> Size {
        let env = try handleInGate()
        var info = MDB_envinfo()
        var statistics = MDB_stat()
        try check(mdb_env_info(env, &info), "measure \(directory)")
        try check(mdb_env_stat(env, &statistics), "measure \(directory)")
        return Size(
            mapBytes: info.me_mapsize,
            usedBytes: (info.me_last_pgno + 1) * Int(statistics.ms_psize))
    }

    /// Grows the map when four fifths are used, before a write finds it full.
    private func growIfNearlyFull() throws {
        let size = try size()
        if size.usedBytes / 4 >= size.mapBytes / 5 { try grow() }
    }

    /// Prepares the file for new pages; where that fails the next transaction is slower, and nothing else.
    private func makeRoom() {
        guard options.checkpointByteCount != nil, let used = try? size().usedBytes,
            used >= options.roomByteCountMin
        else { return }
        room.withLock { room in
            if room == nil { room = try? PageRoom(in: directory, usedByteCount: used) }
            try? room?.prepare(usedByteCount: used)
        }
    }

    /// Takes over the size that another process has grown the data to.
    func adoptSize() throws {
        try gate.alone {
            guard isOpen, let env else { return }
            try check(mdb_env_set_mapsize(env, 0), "grow the map of \(directory)")
        }
    }

    /// Doubles the map.
    private func grow() throws {
        try gate.alone {
            let size = try sizeInGate()
            let (doubled, overflow) = size.mapBytes.multipliedReportingOverflow(by: 2)
            guard !overflow else { throw LMDBError(code: MDB_MAP_FULL, operation: "grow the map") }
            try check(mdb_env_set_mapsize(env, doubled), "grow the map to \(doubled) bytes")
        }
    }

    /// Runs `body`, which writes to LMDB, again with a larger map while the map is full.
    func growing<Result>(_ body: () throws -> Result) throws -> Result {
        try growIfNearlyFull()
        makeRoom()
        while true {
            do { return try body() } catch let error as LMDBError where error.kind == .mapFull {
                try grow()
            }
        }
    }
}
