import Synchronization

/// How far something derived is behind a log, and who waits for it to get further.
final class Coverage: Sendable {
    private struct State {
        /// Everything below this number is covered.
        var count: UInt64 = 0
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
        /// Whoever covers, resting until somebody waits.
        var rest: CheckedContinuation<Void, Never>?
        /// Why the last attempt failed, if it did.
        var failure: String?
        var isStopped = false
    }

    private struct Waiter {
        let sequence: UInt64
        let continuation: CheckedContinuation<Bool, Never>
    }

    private let state = Mutex(State())

    /// How many records of the log are covered.
    var count: UInt64 { state.withLock { $0.count } }

    var failure: String? { state.withLock { $0.failure } }

    func fail(_ reason: String?) { state.withLock { $0.failure = reason } }

    /// Says that everything below `count` is covered; less than before makes nobody wait again.
    func cover(_ count: UInt64) {
        let arrived = state.withLock { state in
            state.count = count
            let arrived = state.waiters.filter { $0.value.sequence < count }
            for id in arrived.keys { state.waiters[id] = nil }
            return arrived.values.map(\.continuation)
        }
        for continuation in arrived { continuation.resume(returning: true) }
    }

    /// Lets nobody wait any longer.
    func stop() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            state.isStopped = true
            return state.waiters.values
        }
        endRest()
        for waiter in waiters { waiter.continuation.resume(returning: false) }
    }

    /// Returns true when record `sequence` is covered, false if that takes longer than `limit`.
    func wait(for sequence: UInt64, atMost limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.arrival(of: sequence) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    private func arrival(of sequence: UInt64) async -> Bool {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if sequence < state.count { return true }
                    if Task.isCancelled || state.isStopped { return false }
                    state.waiters[id] = Waiter(sequence: sequence, continuation: continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) } else { endRest() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.continuation.resume(returning: false)
        }
    }

    // MARK: Resting

    /// Returns after `duration`, or as soon as somebody waits; one task at a time may rest.
    ///
    /// Whoever covers rests between two batches, so that a run of records shares the costs of a batch.
    func rest(_ duration: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.demand() }
            group.addTask { try? await Task.sleep(for: duration) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Returns as soon as somebody waits, or when it is cancelled.
    private func demand() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.waiters.isEmpty || state.isStopped || Task.isCancelled { return true }
                    state.rest = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            endRest()
        }
    }

    /// Ends the rest, as if somebody waited.
    func endRest() {
        let rest = state.withLock { state in
            defer { state.rest = nil }
            return state.rest
        }
        rest?.resume()
    }
}
