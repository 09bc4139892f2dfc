import ErrataCore
import ErrataJournal
import Foundation
import Synchronization

/// Keeps the audit database in step with the journal, behind the commits.
///
/// A commit is acknowledged without waiting for it; whoever reads the tables waits until they cover what was
/// there when the question came. Where the file is damaged, missing or of another store, it is made anew.
final class AuditProjection: Sendable {
    private struct State {
        var database: AuditDatabase?
        var graph = CommitGraph()
        /// Set by a reader that found the file damaged.
        var isSuspect = false
    }

    /// How many events are taken in together, and how many operations are read at a time: each may hold 100,000 edits.
    private static let batchCountMax = 256
    /// Operations are taken in together until they have so many edits: the ends of tables are written once for all.
    private static let editCountMax = 4_096
    /// How long to wait after a failure; what failed may mend itself, as a full disk does.
    private static let retryDelay = Duration.seconds(2)
    /// How long operations are gathered after a batch, so that a run of commits shares transactions; a reader
    /// ends that.
    private static let gatherTime = Duration.milliseconds(500)

    let directory: String
    private let journal: Journal
    private let state = Mutex(State())
    private let operations = Coverage()
    private let events = Coverage()
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let thread = WorkerThreads(name: "errata-audit", count: 1)
    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(journal: Journal, directory: String) {
        self.journal = journal
        self.directory = directory
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var path: String { directory + "/" + AuditDatabase.fileName }
    var failure: String? { operations.failure }
    var coveredCount: UInt64 { operations.count }

    /// Begins to follow the journal.
    func start() {
        journal.onCommit { [wake] _ in wake.yield() }
        journal.onEvent { [wake] _ in wake.yield() }
        wake.yield()
        task.withLock { task in
            task = Task(executorPreference: thread) { await self.follow() }
        }
    }

    /// Stops between two batches and closes the file.
    func stop() async {
        wake.finish()
        let running = task.withLock { $0 }
        running?.cancel()
        await running?.value
        thread.stop()
        operations.stop()
        events.stop()
        close()
    }

    // MARK: Reading

    /// Returns the database and the lines between commits when they cover what is in the journal now.
    ///
    /// Throws `audit_not_ready` if that takes longer than `limit`.
    func ready(atMost limit: Duration) async throws(ServiceError) -> (AuditDatabase, CommitGraph) {
        let last: UInt64
        do { last = try journal.operationCount &- 1 } catch { throw ServiceError(wrapping: error) }
        let nextEvent = journal.nextEvent
        let isThere = await operations.wait(for: last, atMost: limit)
        let hasEvents =
            nextEvent == 0 ? isThere : await events.wait(for: nextEvent - 1, atMost: limit)
        let current = state.withLock { ($0.database, $0.graph) }
        if isThere, hasEvents, let database = current.0 { return (database, current.1) }
        throw notReady(last + 1)
    }

    /// Has the file looked at again, and made anew if need be: a reader found it damaged.
    func reportDamage() {
        state.withLock { $0.isSuspect = true }
        wake.yield()
        operations.endRest()
    }

    private func notReady(_ count: UInt64) -> ServiceError {
        let reason = failure.map { ": \($0)" } ?? ""
        return ServiceError(
            .auditNotReady,
            "the audit database covers \(coveredCount) of \(count) operations\(reason)",
            hint: failure == nil
                ? "Try again in a moment."
                : "It follows from the journal: mend the disk, or delete the directory 'audit'.")
    }

    // MARK: Following

    private func follow() async {
        for await _ in wakeUps {
            do {
                try catchUp()
                operations.fail(nil)
                await rest()
            } catch is CancellationError {
                return
            } catch {
                operations.fail("\((error as? ServiceError)?.message ?? "\(error)")")
                if error is AuditDatabase.Damage { removeFiles() }
                try? await Task.sleep(for: AuditProjection.retryDelay)
                wake.yield()
            }
        }
    }

    /// Returns after the time to gather, or as soon as somebody waits.
    private func rest() async {
        await withTaskGroup(of: Void.self) { group in
            for coverage in [operations, events] {
                group.addTask { await coverage.rest(AuditProjection.gatherTime) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func catchUp() throws {
        if state.withLock({ $0.isSuspect }) { close() }
        let database = try open()
        while try takeOperations(database) {}
        while try takeEvents(database) {}
    }

    /// Returns the open database; makes it anew where it does not fit the journal.
    private func open() throws -> AuditDatabase {
        if let database = state.withLock({ $0.database }) { return database }
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        var opened: (database: AuditDatabase, count: UInt64)
        do { opened = try openFitting() } catch is AuditDatabase.Damage {
            removeFiles()
            opened = try openFitting()
        }
        let graph = try opened.database.graph()
        state.withLock { $0 = State(database: opened.database, graph: graph) }
        events.cover(try opened.database.nextEvent())
        operations.cover(opened.count)
        return opened.database
    }

    private func openFitting() throws -> (AuditDatabase, UInt64) {
        let identity = AuditDatabase.identity { journal.textDigest(of: $0) }
        let database = try AuditDatabase(path: path, identity: identity)
        do {
            let count = try database.operationCount()
            try check(database, count)
            return (database, count)
        } catch {
            database.close()
            throw error
        }
    }

    /// Throws if the database is not of this journal's past: each operation's root names all before it.
    private func check(_ database: AuditDatabase, _ count: UInt64) throws {
        guard try count <= journal.operationCount, try database.nextEvent() <= journal.nextEvent
        else { throw AuditDatabase.Damage(description: "it knows more than the journal") }
        guard count > 0 else { return }
        let operation = try journal.operation(count - 1)
        let mark = try database.mark(of: count - 1)
        guard mark?.time == operation.time.description, mark?.root == operation.rootBefore.hex
        else { throw AuditDatabase.Damage(description: "it belongs to another past") }
    }

    private func close() {
        let database = state.withLock { state in
            defer { state = State() }
            return state.database
        }
        operations.cover(0)
        events.cover(0)
        database?.close()
    }

    private func removeFiles() {
        close()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
    }

    // MARK: Taking in

    /// Takes in the next operations; returns false if there are none.
    private func takeOperations(_ database: AuditDatabase) throws -> Bool {
        try Task.checkCancellation()
        let names = journal.subjectNames
        var batch: [AuditedOperation] = []
        var editCount = 0
        while editCount < AuditProjection.editCountMax {
            let read = try journal.operations(
                from: operations.count + UInt64(batch.count), limit: AuditProjection.batchCountMax)
            for operation in read {
                let audited = try AuditedOperation(operation, names)
                editCount += max(audited.summary.commit?.edits.count ?? 0, 1)
                batch.append(audited)
            }
            if read.count < AuditProjection.batchCountMax { break }
        }
        guard let last = batch.last else { return false }
        let lines = try database.add(batch, names)
        state.withLock { state in
            for line in lines { state.graph.add(line.sequence, parents: line.parents) }
        }
        operations.cover(last.summary.operation.sequence + 1)
        return true
    }

    /// Takes in the next events; returns false if there are none.
    private func takeEvents(_ database: AuditDatabase) throws -> Bool {
        try Task.checkCancellation()
        let end = journal.nextEvent
        guard events.count < end else { return false }
        let oldest = try journal.events(from: 0, limit: 1).first?.sequence
        let batch = try journal.events(from: events.count, limit: AuditProjection.batchCountMax)
        let next = batch.last.map { $0.sequence + 1 } ?? end
        try database.add(batch, oldest: oldest, next: next)
        events.cover(next)
        return true
    }
}
