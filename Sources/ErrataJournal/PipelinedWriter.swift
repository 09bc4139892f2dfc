import Foundation
import LMDB
import Synchronization

// THE PIPELINE. To plan a batch of commits takes a processor about as long as to store it, so two threads share the
// work: one plans a batch while the other stores the batch before.
//
//   planning   read with the rows of the batch before over the stored ones (PendingRows), and written nowhere
//   storing    the changes become one record of the redo log, durable; then those who wait learn of it
//
// One batch at most waits to be stored, so a plan never needs more than one batch of rows over the stored ones. If
// storing fails, what was planned on it is void: such a batch is planned again on what is there. So is whatever needs
// more than single rows, merges for one, when all before it is stored.
//
// Small batches gain nothing: the larger a batch, the fewer syncs and pages a commit costs. So requests are planned
// ahead once there are many; few wait until nothing is being stored, and are planned and stored at once.

/// Writes the operations of a journal, in order.
final class PipelinedWriter: Sendable {
    typealias Committer = GroupCommitter<WriteRequest, WriteOutcome>

    private let planning: Committer
    private let storing: WriterThread<PipelinedBatch>

    /// Starts the two threads; `afterWrite` runs once a batch is durable, before those who wait learn of it.
    init(
        _ store: JournalStore, weightMax: Int, afterWrite: @escaping @Sendable () -> Void
    ) throws(JournalError) {
        let storer = BatchStorer(store, afterWrite: afterWrite)
        let storing = try WriterThread<PipelinedBatch>(handle: { $0.forEach(storer.store) })
        let planner = BatchPlanner(store, storer, storing)
        do {
            planning = try GroupCommitter(
                weightMax: weightMax, wake: storer.progress.idle,
                isReady: { planner.isReady($0) },
                handle: { planner.handle($0) },
                atEnd: { storing.beginClose() })
        } catch {
            storing.beginClose()
            throw error
        }
        self.storing = storing
    }

    deinit { beginClose() }

    /// Returns when the request is durable, or was refused, or could not be stored.
    func submit(_ request: WriteRequest) async -> Result<WriteOutcome, JournalError> {
        await planning.submit(request, weight: request.weight)
    }

    /// Lets no more requests in and returns when those before are done.
    func close() async {
        await planning.close()
        await storing.close()
    }

    /// Lets no more requests in.
    func beginClose() { planning.beginClose() }
}

/// A batch on its way to be stored.
private struct PipelinedBatch: Sendable {
    let submissions: PipelinedWriter.Committer.Batch
    let plan: PlannedBatch
    /// What the pipeline's epoch was when it was planned.
    let epoch: Int
}

/// Where the batches are.
private final class PipelineProgress: Sendable {
    private struct State {
        var isWaiting = false
        var isStoring = false
        /// Changes when what was planned before is void.
        var epoch = 0

        var isIdle: Bool { !isWaiting && !isStoring }
    }

    private let condition = NSCondition()
    // Used by who holds the condition's lock.
    private nonisolated(unsafe) var state = State()

    /// Signalled when a batch is stored.
    let idle = WakeUp()

    var isIdle: Bool { condition.withLock { state.isIdle } }

    /// Returns when no batch waits any more, and whether none is being stored either.
    func waitUntilBegun() -> (isIdle: Bool, epoch: Int) {
        condition.withLock {
            while state.isWaiting { condition.wait() }
            return (state.isIdle, state.epoch)
        }
    }

    /// Returns the epoch when everything is stored.
    @discardableResult
    func waitUntilIdle() -> Int {
        condition.withLock {
            while !state.isIdle { condition.wait() }
            return state.epoch
        }
    }

    func handOver() { condition.withLock { state.isWaiting = true } }

    /// Takes the batch that waits; returns whether its plan is void.
    ///
    /// Whatever is planned on a void plan is void, too.
    func begin(_ batch: PipelinedBatch) -> Bool {
        condition.withLock {
            (state.isWaiting, state.isStoring) = (false, true)
            let isVoid = batch.epoch != state.epoch
            if isVoid { state.epoch += 1 }
            condition.signal()
            return isVoid
        }
    }

    func end(hasFailed: Bool) {
        condition.withLock {
            state.isStoring = false
            if hasFailed { state.epoch += 1 }
            condition.signal()
        }
        idle.signal()
    }
}

/// Plans batches; used by one thread.
private final class BatchPlanner: Sendable {
    /// A batch that was handed over, and the rows that it will leave.
    private struct Last {
        let end: JournalPosition
        let epoch: Int
        let rows: PendingRows
    }

    private let store: JournalStore
    private let storer: BatchStorer
    private let storing: WriterThread<PipelinedBatch>
    // Used by the planning thread alone.
    private nonisolated(unsafe) var last: Last?

    init(_ store: JournalStore, _ storer: BatchStorer, _ storing: WriterThread<PipelinedBatch>) {
        self.store = store
        self.storer = storer
        self.storing = storing
    }

    /// Whether requests of this weight are enough to plan them now.
    func isReady(_ waitingWeight: Int) -> Bool {
        waitingWeight >= store.options.aheadWeightMin || storer.progress.isIdle
    }

    func handle(_ batch: PipelinedWriter.Committer.Batch) {
        let weight = batch.reduce(0) { $0 + $1.request.weight }
        if weight < store.options.aheadWeightMin, storer.progress.isIdle {
            return writeAtOnce(batch)
        }
        let rest = batch.dropFirst(planAhead(batch))
        if !rest.isEmpty {
            storer.progress.waitUntilIdle()
            writeAtOnce(rest)
        }
    }

    /// Plans and stores in one, while nothing is being stored.
    private func writeAtOnce(_ batch: PipelinedWriter.Committer.Batch) {
        last = nil
        storer.write(batch)
    }

    /// Plans what it can of `batch`, from the first on, and hands it over; returns how much that was.
    private func planAhead(_ batch: PipelinedWriter.Committer.Batch) -> Int {
        guard case .commit? = batch.first?.request.action else { return 0 }
        var (isIdle, epoch) = storer.progress.waitUntilBegun()
        if last?.epoch != epoch, !isIdle {
            (isIdle, epoch) = (true, storer.progress.waitUntilIdle())
        }
        if isIdle { last = nil }
        let rows = PendingRows(after: last?.rows)
        let start = last?.end ?? store.position.withLock(\.self)
        let plan = store.planAhead(batch.map(\.request), from: start, over: rows)
        let count = plan.requests.count
        guard count > 0 else { return 0 }
        last = Last(end: plan.end, epoch: epoch, rows: rows)
        storer.progress.handOver()
        let planned = PipelinedBatch(
            submissions: batch.prefix(count), plan: plan, epoch: epoch)
        let isTaken = storing.submit(planned)
        precondition(isTaken, "the storing thread ends after the planning thread")
        return count
    }
}

/// Stores batches and tells those who wait.
private final class BatchStorer: Sendable {
    let progress = PipelineProgress()
    private let store: JournalStore
    private let afterWrite: @Sendable () -> Void

    init(_ store: JournalStore, afterWrite: @escaping @Sendable () -> Void) {
        self.store = store
        self.afterWrite = afterWrite
    }

    /// Stores what was planned; plans it again if that is void.
    func store(_ batch: PipelinedBatch) {
        guard !progress.begin(batch) else {
            let results = planAndStore(batch.submissions)
            progress.end(hasFailed: false)
            return finish(batch.submissions, results)
        }
        var results = batch.plan.outcomes
        var hasFailed = false
        do {
            try store.store(batch.plan)
            tellIfWritten(results)
        } catch {
            hasFailed = true
            store.forgetPlans()
            // Where it was too much together, each is written alone.
            if (error as? LMDBError)?.kind == .transactionTooLarge {
                results = planAndStore(batch.submissions)
            } else {
                results = results.map { _ in .failure(JournalError(wrapping: error)) }
            }
        }
        progress.end(hasFailed: hasFailed)
        finish(batch.submissions, results)
    }

    /// Plans and stores requests; the caller has nothing else stored meanwhile.
    func write(_ batch: PipelinedWriter.Committer.Batch) {
        finish(batch, planAndStore(batch))
    }

    private func planAndStore(
        _ batch: PipelinedWriter.Committer.Batch
    ) -> [Result<WriteOutcome, JournalError>] {
        let results = store.write(batch.map(\.request))
        tellIfWritten(results)
        return results
    }

    private func tellIfWritten(_ results: [Result<WriteOutcome, JournalError>]) {
        if results.contains(where: { (try? $0.get()) != nil }) { afterWrite() }
    }

    private func finish(
        _ batch: PipelinedWriter.Committer.Batch, _ results: [Result<WriteOutcome, JournalError>]
    ) {
        for (submission, result) in zip(batch, results) { submission.finish(result) }
    }
}
