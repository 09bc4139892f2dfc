import LMDB

/// Queues requests for one environment and lets one thread write all that wait in one transaction.
final class GroupCommitter<Request: Sendable, Outcome: Sendable>: Sendable {
    typealias Write = @Sendable ([Request]) throws -> [Result<Outcome, JournalError>]

    private struct Submission: Sendable {
        let request: Request
        let weight: Int
        let continuation: CheckedContinuation<Result<Outcome, JournalError>, Never>
    }

    private let thread: WriterThread<Submission>

    /// Starts the thread.
    ///
    /// `write` stores a batch durably or throws for all of it; `afterWrite` runs once a batch is durable,
    /// before those who wait learn of it. A batch weighs at most `weightMax`, unless one request alone does.
    init(
        weightMax: Int, write: @escaping Write, afterWrite: @escaping @Sendable () -> Void
    ) throws(JournalError) {
        thread = try WriterThread { submissions in
            for batch in GroupCommitter.batches(submissions, weightMax) {
                let results = GroupCommitter.results(of: batch.map(\.request), write)
                if results.contains(where: { (try? $0.get()) != nil }) { afterWrite() }
                for (submission, result) in zip(batch, results) {
                    submission.continuation.resume(returning: result)
                }
            }
        }
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

    private static func batches(
        _ submissions: [Submission], _ weightMax: Int
    ) -> [ArraySlice<Submission>] {
        var batches: [ArraySlice<Submission>] = []
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

    private static func results(
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
