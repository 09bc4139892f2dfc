import Synchronization

/// Cancels what runs past its time.
///
/// One task looks every ``tick`` for as long as anything runs: a sleep for each request would cost more than many
/// requests do, and its timer would stay behind until it fires.
final class Deadlines: Sendable {
    private struct Entry {
        let end: ContinuousClock.Instant
        let cancel: @Sendable () -> Void
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var next: UInt64 = 0
        var isWatched = false
    }

    /// How late something may be cancelled.
    static let tick = Duration.milliseconds(50)
    static let shared = Deadlines()

    private let state = Mutex(State())

    /// Has `cancel` called after `limit`, unless the entry of the number that it returns is removed before.
    func add(_ limit: Duration, _ cancel: @escaping @Sendable () -> Void) -> UInt64 {
        let end = ContinuousClock.now + limit
        let (id, starts) = state.withLock { state in
            let id = state.next
            state.next += 1
            state.entries[id] = Entry(end: end, cancel: cancel)
            defer { state.isWatched = true }
            return (id, !state.isWatched)
        }
        if starts { Task.detached { await self.watch() } }
        return id
    }

    /// Returns whether the entry was there: false after its time came.
    func remove(_ id: UInt64) -> Bool {
        state.withLock { $0.entries.removeValue(forKey: id) != nil }
    }

    private func watch() async {
        while true {
            try? await Task.sleep(for: Deadlines.tick)
            let now = ContinuousClock.now
            let (late, isDone) = state.withLock { state in
                let late = state.entries.filter { $0.value.end <= now }
                for id in late.keys { state.entries[id] = nil }
                state.isWatched = !state.entries.isEmpty
                return (late.values, !state.isWatched)
            }
            for entry in late { entry.cancel() }
            if isDone { return }
        }
    }
}

/// Runs `body`, on `executor` or in the pool, and throws the refusal `timeout` if it takes longer than `limit`.
///
/// `body` is cancelled then, and when the caller is; what does not heed that is still waited for, so that nothing
/// runs unowned. The limit is looked at every ``Deadlines/tick``: what ends by itself before that is in time.
func withTimeout<Result: Sendable>(
    _ limit: Duration, on executor: (any TaskExecutor)? = nil,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let task = Task(executorPreference: executor) { try await body() }
    let deadline = Deadlines.shared.add(limit) { task.cancel() }
    let result = await withTaskCancellationHandler {
        await task.result
    } onCancel: {
        task.cancel()
    }
    withExtendedLifetime(executor) {}
    guard Deadlines.shared.remove(deadline) else {
        throw Refusal(
            .timeout, "the request took longer than \(limit.components.seconds) s",
            hint: "Ask again; a commit may have been made, 'errata log' tells.")
    }
    return try result.get()
}
