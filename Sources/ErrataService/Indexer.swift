import ErrataCore
import ErrataJournal
import ErrataRetrieval
import Synchronization

/// Keeps the retrieval index in step with the journal, behind the commits.
///
/// A commit is acknowledged without waiting for it; a question waits until its version is covered.
final class Indexer: Sendable {
    /// How many operations are taken into the index together, and how many are read at a time: each may hold
    /// 100,000 edits.
    private static let operationCountMax = 1_024
    private static let operationsPerRead = 64
    /// How long commits are gathered after a batch, so that they share the pages that it writes; a question ends
    /// that.
    private static let gatherTime = Duration.milliseconds(500)
    /// How long to wait after a failure; what failed may mend itself, as a full disk does.
    private static let retryDelay = Duration.seconds(2)
    /// How many facts are read from the journal at a time.
    private static let factCountMax = 1_024

    private let journal: Journal
    private let index: RetrievalIndex
    /// Every commit among the operations below its count has its rows.
    private let coverage = Coverage()
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let thread = WorkerThreads(name: "errata-index", count: 1)
    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(journal: Journal, index: RetrievalIndex) {
        self.journal = journal
        self.index = index
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Begins to follow the journal.
    func start() {
        journal.onCommit { [wake] _ in wake.yield() }
        wake.yield()
        task.withLock { task in
            task = Task(executorPreference: thread) { await self.follow() }
        }
    }

    /// Stops between two batches and returns when nothing is being written any more.
    func stop() async {
        wake.finish()
        let running = task.withLock { $0 }
        running?.cancel()
        await running?.value
        thread.stop()
        coverage.stop()
    }

    var failure: String? { coverage.failure }

    /// How many of the journal's operations the index covers.
    var coveredCount: UInt64 { coverage.count }

    // MARK: Following

    private func follow() async {
        for await _ in wakeUps {
            do {
                // Nothing is covered before its rows have vectors.
                try await fillVectors()
                while try await takeNext() {}
                coverage.fail(nil)
                await coverage.rest(Indexer.gatherTime)
            } catch is CancellationError {
                return
            } catch {
                coverage.fail("\(error)")
                try? await Task.sleep(for: Indexer.retryDelay)
                wake.yield()
            }
        }
    }

    /// Takes the next operations into the index; returns false if there are none.
    private func takeNext() async throws -> Bool {
        var end = coveredCount
        let countMax = end + UInt64(Indexer.operationCountMax)
        var versions: [FactVersion] = []
        while end < countMax, versions.count < Indexer.factCountMax {
            let operations = try journal.operations(
                from: end, limit: Indexer.operationsPerRead)
            guard let last = operations.last else { break }
            for operation in operations {
                guard let bytes = operation.body.commitBytes else { continue }
                for edit in try Commit(decoding: bytes).edits {
                    if let leaf = edit.new { versions.append(FactVersion(edit.fact, leaf)) }
                }
            }
            end = last.sequence + 1
        }
        guard end > coveredCount else { return false }
        try await add(try index.unindexed(versions))
        coverage.cover(end)
        return true
    }

    private func add(_ versions: [FactVersion]) async throws {
        for start in stride(from: 0, to: versions.count, by: Indexer.factCountMax) {
            try Task.checkCancellation()
            let part = Array(versions[start..<min(start + Indexer.factCountMax, versions.count)])
            let facts = try journal.readableFacts(part.map { ($0.fact, $0.leaf) })
            try await index.index(zip(part, facts).map { IndexedFact($0, $1) }, areNew: true)
        }
    }

    /// Encodes the rows that were indexed when there was no encoder.
    private func fillVectors() async throws {
        guard index.hasPending else { return }
        try await index.fillVectors { [journal] version in
            try journal.readableFacts([(version.fact, version.leaf)])[0]
        }
    }

    // MARK: Waiting

    /// Returns when the index covers `operation`; throws `index_not_ready` if that takes longer than `limit`.
    func wait(for operation: UInt64, atMost limit: Duration) async throws(ServiceError) {
        guard await !coverage.wait(for: operation, atMost: limit) else { return }
        let reason = failure.map { ": \($0)" } ?? ""
        throw ServiceError(
            .indexNotReady,
            "the index covers \(coveredCount) operations, the version needs \(operation + 1)\(reason)",
            hint: "Try again in a moment; 'errata index status' shows how far it is.")
    }
}
