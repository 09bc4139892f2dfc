import CLMDB
import Dispatch
import Glibc
import Synchronization

// REDO LOG. A commit of LMDB writes dozens of pages all over its file and syncs twice. With a log it writes one
// record and syncs once; the pages follow in larger transactions, and nothing is lost:
//
//   commit      the changes are appended to the log and synced; views show them from memory (MemTable.swift)
//   flush       a moment later, beside the writers: LMDB takes over what is in memory, without a sync (MDB_NOSYNC)
//   checkpoint  now and then, after a flush: the data file is synced, and a header in the log says which state is on
//               disk. Records that the flush did not bring go on in the other file of the log
//   recovery    after a crash: the meta pages of the header are put back, and what was logged since is done again
//
// The first record that a header names may be in the state on disk already: to do it again, and all after it, leads
// to the same rows.
//
// LMDB must not write over the pages of the state that the header names. A read transaction of that state, which
// nobody reads in, holds them: LMDB takes no page that was freed since its oldest reader began (mdb_page_alloc).

/// The log of an environment that is open for writing.
///
/// Only who holds the environment's writer lock may use it.
final class RedoLog {
    /// What is usual to log before a checkpoint begins.
    static let checkpointByteCount = 512 << 10
    /// A writer waits for the checkpoint under way when so much was logged meanwhile.
    private static let byteCountMax = 32 << 20

    private let directory: String
    /// A checkpoint begins when so much was logged since the last one.
    private let checkpointByteCount: Int
    private let env: OpaquePointer
    private let data: DataFile
    private let headers: RawFile
    /// By generation mod 2.
    private let records: [RawFile]

    /// The newest state that a header on disk names.
    private var durable: Pinned
    private var checkpoint: Checkpoint?
    /// The first record of the generation that no checkpoint was begun for yet.
    private var switchedAt: UInt64?
    /// Of the records that are being written.
    private var generation: UInt64
    private var offset = 0
    /// The number of the next record.
    private(set) var nextRecord: UInt64 = 0
    /// Bytes of the record at `offset` that no transaction was committed for yet.
    private var openByteCount = 0
    /// Whether a record that failed may stand at `offset`.
    private var mustStrike = false
    private var hasFailed = false

    /// A state, and the read transaction that holds its pages.
    private struct Pinned {
        let generation: UInt64
        let reader: OpaquePointer
    }

    /// Makes the log of `env`, which has no transaction under way and whose state is on disk.
    init(
        of env: OpaquePointer, in directory: String, checkpointByteCount: Int
    ) throws(LMDBError) {
        self.env = env
        self.checkpointByteCount = checkpointByteCount
        self.directory = directory
        data = try DataFile(in: directory)
        let header = try RedoHeader(generation: 0, firstRecord: 0, data)
        records = [
            try RedoLog.makeRecords(of: 0, in: directory, checkpointByteCount),
            try RedoLog.makeRecords(of: 1, in: directory, checkpointByteCount),
        ]
        try RedoLog.makeHeaders(header, in: directory)
        headers = try RawFile(opening: RedoFiles.header(in: directory), O_RDWR)
        generation = header.generation
        durable = Pinned(generation: generation, reader: try RedoLog.pin(env))
        let code = mdb_env_set_flags(env, UInt32(MDB_NOSYNC), 1)
        precondition(code == MDB_SUCCESS, "MDB_NOSYNC may be set at any time (lmdb.h)")
    }

    /// Writes zeros, so that syncing a record need not sync the size of its file.
    private static func makeRecords(
        of generation: UInt64, in directory: String, _ byteCount: Int
    ) throws(LMDBError) -> RawFile {
        let path = RedoFiles.records(of: generation, in: directory)
        let file = try RawFile(opening: path, O_RDWR | O_CREAT | O_TRUNC)
        try file.write([UInt8](repeating: 0, count: byteCount + byteCount / 4), at: 0)
        try file.sync()
        return file
    }

    /// Writes the first header under another name, so that a crash leaves a whole log or none.
    private static func makeHeaders(
        _ header: RedoHeader, in directory: String
    ) throws(LMDBError) {
        let path = RedoFiles.header(in: directory)
        let draft = RedoFiles.headerDraft(in: directory)
        let file = try RawFile(opening: draft, O_RDWR | O_CREAT | O_TRUNC)
        try file.write([UInt8](repeating: 0, count: 2 * RedoHeader.slotByteCount), at: 0)
        try file.write(header.encoded, at: header.offset)
        try file.sync()
        guard rename(draft, path) == 0 else {
            throw LMDBError(code: errno, operation: "rename \(draft)")
        }
        try syncDirectory(directory)
    }

    private static func pin(_ env: OpaquePointer) throws(LMDBError) -> OpaquePointer {
        var reader: OpaquePointer?
        try check(mdb_txn_begin(env, nil, UInt32(MDB_RDONLY), &reader), "hold a state's pages")
        guard let reader else { preconditionFailure("mdb_txn_begin gave no transaction") }
        return reader
    }

    /// Returns whether a checkpoint failed: the system may call pages clean that the disk lacks.
    func isFailed() -> Bool {
        takeUp(waits: false)
        return hasFailed
    }

    // MARK: Records

    /// Makes the changes of a transaction durable; it must be committed then, or the record be struck out.
    func append(_ batch: RedoBatch) throws(LMDBError) {
        takeUp(waits: offset > RedoLog.byteCountMax)
        guard !hasFailed else {
            throw LMDBError(kind: .mustReopen, operation: "write to \(directory)")
        }
        if mustStrike { try strike() }
        let record = RedoRecord(
            generation: generation, durableGeneration: durable.generation, number: nextRecord,
            batch: batch.bytes)
        openByteCount = record.encodedByteCount
        do {
            try file.write(record.encoded, at: offset)
            try file.sync()
        } catch {
            strikeIfPossible()
            throw error
        }
    }

    /// The transaction of the last record counts.
    func accept() {
        offset += openByteCount
        nextRecord += 1
    }

    /// The transaction of the last record was not committed: nobody may ever see it.
    func strikeIfPossible() {
        mustStrike = true
        // If it cannot be written now, the next record waits for it.
        try? strike()
    }

    private func strike() throws(LMDBError) {
        try file.write([UInt8](repeating: 0, count: RedoRecord.sectorByteCount), at: offset)
        try file.sync()
        mustStrike = false
    }

    private var file: RawFile { records[Int(generation % 2)] }

    // MARK: Checkpoints

    /// A checkpoint that is being made beside the writers.
    private final class Checkpoint: Sendable {
        private static let queue = DispatchQueue(label: "errata.checkpoint")

        let generation: UInt64
        // A transaction is used by one thread at a time: this one is never used but to end it.
        nonisolated(unsafe) let reader: OpaquePointer
        private let result = Mutex<Result<Void, LMDBError>?>(nil)
        private let group = DispatchGroup()

        init(_ header: RedoHeader, _ reader: OpaquePointer, _ data: RawFile, _ headers: RawFile) {
            generation = header.generation
            self.reader = reader
            Checkpoint.queue.async(group: group) { [self] in
                let outcome = Result { () throws(LMDBError) in
                    try data.writeOut()
                    try data.sync()
                    try headers.write(header.encoded, at: header.offset)
                    try headers.sync()
                }
                result.withLock { $0 = outcome }
            }
        }

        /// Returns how it ended; nil if it has not and `waits` is false.
        func outcome(waits: Bool) -> Result<Void, LMDBError>? {
            if waits { group.wait() }
            return result.withLock { $0 }
        }
    }

    /// Has later records go to the other file if a checkpoint is due; it begins when LMDB has all records before.
    func switchFilesIfDue() {
        takeUp(waits: false)
        guard checkpoint == nil, switchedAt == nil, offset >= checkpointByteCount else { return }
        switchedAt = nextRecord
        (generation, offset) = (generation + 1, 0)
    }

    /// Begins the checkpoint that the files were switched for; LMDB has all records before that.
    func beginCheckpointIfSwitched() {
        // Whatever fails here is tried again after the next flush.
        guard let switchedAt, let reader = try? RedoLog.pin(env) else { return }
        guard
            let header = try? RedoHeader(
                generation: generation, firstRecord: switchedAt, data)
        else { return mdb_txn_abort(reader) }
        checkpoint = Checkpoint(header, reader, data.file, headers)
        self.switchedAt = nil
    }

    /// Goes on from a checkpoint that is done.
    private func takeUp(waits: Bool) {
        guard let checkpoint, let outcome = checkpoint.outcome(waits: waits) else { return }
        self.checkpoint = nil
        switch outcome {
        case .success:
            mdb_txn_abort(durable.reader)
            durable = Pinned(generation: checkpoint.generation, reader: checkpoint.reader)
        case .failure:
            mdb_txn_abort(checkpoint.reader)
            hasFailed = true
        }
    }

    // MARK: End

    /// Lets go of the environment, which may be closed then; what is logged stays for the recovery.
    func detach() {
        takeUp(waits: true)
        mdb_txn_abort(durable.reader)
    }

    /// Lets go of the environment and removes the log, once all is on disk without it.
    func finish() throws(LMDBError) {
        detach()
        guard !hasFailed else { return }
        try data.file.sync()
        try RedoRecovery.removeLog(in: directory)
    }
}
