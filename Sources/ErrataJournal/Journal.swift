import CErrataSystem
package import ErrataCore
import LMDB
import Synchronization

/// The store: every operation on knowledge, every version of it, and the events around it.
///
/// Reads are synchronous, take microseconds to a few milliseconds and may run on any thread. Writes are
/// queued, and those that wait at the same time become durable together. A data directory has one open journal.
package final class Journal: Sendable {
    /// The most that one batch is meant to write; one larger commit may exceed it alone.
    ///
    /// 64 commits of one edit, or 15 of 100: of more clients some prepare their next commits while those of others are
    /// written.
    private static let batchWeightMax = 2_000

    package let directory: String
    let store: JournalStore
    let eventLog: EventLog
    let signer: CheckpointSigner
    let headers = CommitHeaderCache()
    private let writer: PipelinedWriter
    private let observers: Observers

    /// Opens the store in `directory`; makes it if it is missing, its parent must exist.
    ///
    /// Throws `store_locked` if it is open already, `unsupported_format` if a later program wrote it,
    /// `unsupported_file_system` on a network file system, `corrupt` if its files do not belong together.
    package static func open(
        at directory: String, options: JournalOptions = JournalOptions()
    ) throws(JournalError) -> Journal {
        do { return try Journal(at: directory, options) } catch {
            throw JournalError(wrapping: error)
        }
    }

    private init(at directory: String, _ options: JournalOptions) throws {
        try Directory.create(directory)
        try Journal.checkFileSystem(of: directory)
        let lock = try StoreLock(in: directory)
        // A journal without its keys is damaged, so keys are drawn only where there is no journal yet.
        let isNew = !Directory.hasFile(directory + "/journal/data.mdb")
        let keys = try KeyFile(
            in: directory, create: isNew, batch: options.keyBatchCount, random: options.random)
        guard try !isNew || keys.slotCount() == 0 else {
            throw JournalError.corrupt("\(directory) has used keys but no journal")
        }
        let store = try JournalStore(in: directory, lock: lock, keys: keys, options: options)
        let events = try EventStorage(
            in: directory, lock: lock, store: keys.store, options: options)
        try Directory.sync(directory)
        signer = CheckpointSigner(in: directory, store: keys.store, random: options.random)
        // Threads come last: one that has to end first would hold the lock when the caller tries again.
        eventLog = try EventLog(events)
        let observers = Observers()
        writer = try PipelinedWriter(store, weightMax: Journal.batchWeightMax) {
            observers.tell(store.operationCount.load(ordering: .acquiring) - 1)
            // A failure here comes back, to its requester, when the keys are needed.
            try? store.keys.prepareAhead()
        }
        self.directory = directory
        self.store = store
        self.observers = observers
    }

    deinit {
        writer.beginClose()
        eventLog.beginClose()
    }

    static func checkFileSystem(of directory: String) throws(JournalError) {
        let answer = errata_is_network_file_system(directory)
        guard answer >= 0 else { throw .system(-answer, "examine \(directory)") }
        guard answer == 0 else {
            throw JournalError(
                .unsupportedFileSystem, "\(directory) is on a network file system",
                hint: "Locks and memory maps are not reliable there: use a local disk.")
        }
    }

    /// Finishes the writes in hand, then closes; later calls throw `store_closed`.
    package func close() async {
        await writer.close()
        await eventLog.close()
        store.environment.close()
        store.lock?.release()
    }

    /// Has `body` called with the last operation's number after each write that is durable.
    ///
    /// It runs on the thread that stores, before the writers go on, so it must return at once.
    package func onCommit(_ body: @escaping @Sendable (UInt64) -> Void) { observers.add(body) }

    /// Has `body` called with the last event's number after each write of events, as ``onCommit(_:)`` does.
    package func onEvent(_ body: @escaping @Sendable (UInt64) -> Void) {
        eventLog.observers.add(body)
    }

    /// Returns the id of the fact that is called `key`.
    package func factID(for key: String) -> FactID { FactID(key: key, secret: store.keys.secret) }

    /// Returns HMAC-SHA-256 of `text` under the store's secret: a name for the text that tells nothing of it.
    package func textDigest(of text: String) -> Digest {
        .hmac(Array(text.utf8), key: store.keys.secret)
    }

    /// `author` is who the client says asked for it, where no commit holds that.
    func submit(
        _ action: WriteRequest.Action, _ actor: Actor, author: String? = nil,
        loan: SlotLoan? = nil
    ) async throws(JournalError) -> WriteOutcome {
        let request = WriteRequest(
            action: action, actor: actor, author: try CommitText.author(author),
            loan: loan ?? SlotLoan(of: store.keys))
        let outcome = await writer.submit(request)
        request.loan.giveBack()
        return try outcome.get()
    }
}

/// Those who want to hear of new operations or events.
final class Observers: Sendable {
    private let bodies = Mutex<[@Sendable (UInt64) -> Void]>([])

    func add(_ body: @escaping @Sendable (UInt64) -> Void) { bodies.withLock { $0.append(body) } }

    func tell(_ sequence: UInt64) {
        for body in bodies.withLock({ $0 }) { body(sequence) }
    }
}
