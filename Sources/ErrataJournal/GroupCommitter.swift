import LMDB

/// Queues requests and lets one thread handle all that wait, in batches.
final class GroupCommitter<Request: Sendable, Outcome: Sendable>: Sendable {
    typealias Write = @Sendable ([Request]) throws -> [Result<Outcome, JournalError>]
    typealias Batch = ArraySlice<Submission>

    /// A request that somebody waits for.
    struct Submission: Sendable {
        let request: Request
        fileprivate let weight: Int
        fileprivate let continuation: CheckedContinuation<Result<Outcome, JournalError>, Never>

        /// Tells who waits what became of the request; to be called once.
        func finish(_ result: Result<Outcome, JournalError>) {
            continuation.resume(returning: result)
        }
    }

    private let thread: WriterThread<Submission>

    /// Starts a thread that has `handle` finish each batch, and calls `atEnd` after the last one.
    ///
    /// A batch weighs at most `weightMax`, unless one request alone does. Requests wait until `isReady` says so of what
    /// they weigh together; it is asked after each request and each signal of `wake`.
    init(
        weightMax: Int, wake: WakeUp = WakeUp(),
        isReady: @escaping @Sendable (_ waitingWeight: Int) -> Bool = { _ in true },
        handle: @escaping @Sendable (Batch) -> Void, atEnd: @escaping @Sendable () -> Void = {}
    ) throws(JournalError) {
        thread = try WriterThread(
            wake: wake, weight: \.weight, isReady: isReady,
            handle: { submissions in
                for batch in GroupCommitter.batches(submissions, weightMax) { handle(batch) }
            }, atEnd: atEnd)
    }

    /// Starts a thread that has `write` store each batch durably, or throw for all of it.
    ///
    /// `afterWrite` runs once a batch is durable, before those who wait learn of it.
    convenience init(
        weightMax: Int, write: @escaping Write, afterWrite: @escaping @Sendable () -> Void
    ) throws(JournalError) {
        try self.init(
            weightMax: weightMax,
            handle: { batch in
                let results = GroupCommitter.results(of: batch.map(\.request), write)
                if results.contains(where: { (try? $0.get()) != nil }) { afterWrite() }
                for (submission, result) in zip(batch, results) { submission.finish(result) }
            })
    }

    deinit { thread.beginClose() }

    /// Returns when the request is durable, or was refused, or could not be stored.
    func submit(_ request: Request, weight: Int) async -> Result<Outcome, JournalError> {
        await withCheckedContinuation { continuation in
            let submission = Submission(
                request: request, weight: weight, continuation: continuation)
            if !thread.submit(submission) { continuation.resume(returning: .failure(.closed)) }
        }
    }

    /// Lets no more requests in and returns when those before are done.
    func close() async { await thread.close() }

    /// Lets no more requests in.
    func beginClose() { thread.beginClose() }

    private static func batches(_ submissions: [Submission], _ weightMax: Int) -> [Batch] {
        var batches: [Batch] = []
        var start = 0
        var weight = 0
        for (i, submission) in submissions.enumerated() {
            if i > start, weight + submission.weight > weightMax {
                batches.append(submissions[start..<i])
                (start, weight) = (i, 0)
            }
            weight += submission.weight
        }
        batches.append(submissions[start...])
        return batches
    }

    /// Returns what `write` makes of the requests, each alone if they are too much together.
    static func results(
        of requests: [Request], _ write: Write
    ) -> [Result<Outcome, JournalError>] {
        do {
            return try write(requests)
        } catch let error as LMDBError
            where error.kind == .transactionTooLarge && requests.count > 1
        {
            // Together they touch too many pages; alone each may fit.
            return requests.flatMap { results(of: [$0], write) }
        } catch {
            let failure = JournalError(wrapping: error)
            return requests.map { _ in .failure(failure) }
        }
    }
}
