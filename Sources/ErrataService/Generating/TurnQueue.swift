import Synchronization

/// Lets so many tasks in at a time; others wait in the order they came, and more than that are turned away.
final class TurnQueue: Sendable {
    private struct Waiting {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var running = 0
        var waiting: [Waiting] = []
        var nextID: UInt64 = 0
    }

    /// What `run` throws where too many wait.
    struct Full: Error {}

    private let state = Mutex(State())
    private let width: Int
    private let waitingCountMax: Int

    init(width: Int, waitingCountMax: Int) {
        precondition(width > 0)
        self.width = width
        self.waitingCountMax = waitingCountMax
    }

    var counts: (running: Int, waiting: Int) {
        state.withLock { ($0.running, $0.waiting.count) }
    }

    /// Runs `body` when it is this task's turn; a cancelled task stops waiting.
    ///
    /// `onWait` hears how many are before it, if any.
    func run<Result: Sendable>(
        onWait: (Int) -> Void, _ body: () async throws -> Result
    ) async throws -> Result {
        try await enter(onWait)
        defer { leave() }
        return try await body()
    }

    private func enter(_ onWait: (Int) -> Void) async throws {
        let before = counts
        if before.running >= width { onWait(before.waiting + 1) }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                join(Waiting(id: id, continuation: continuation))
                // Who was cancelled before is in no list that `onCancel` could have looked at.
                if Task.isCancelled { giveUp(id) }
            }
        } onCancel: {
            giveUp(id)
        }
    }

    private func join(_ waiting: Waiting) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            if state.running < width {
                state.running += 1
                return .success(())
            }
            guard state.waiting.count < waitingCountMax else { return .failure(Full()) }
            state.waiting.append(waiting)
            return nil
        }
        if let outcome { waiting.continuation.resume(with: outcome) }
    }

    private func giveUp(_ id: UInt64) {
        let waiting = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        waiting?.continuation.resume(throwing: CancellationError())
    }

    /// Gives this turn to who waits longest, if somebody does.
    private func leave() {
        let next = state.withLock { state -> Waiting? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.running -= 1
            return nil
        }
        next?.continuation.resume()
    }
}
