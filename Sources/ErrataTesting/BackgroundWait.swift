import Dispatch
import Synchronization

/// Waits for asynchronous work on a thread that may wait: one that belongs to no pool.
package enum BackgroundWait {
    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Result<Value, any Error>?>(nil)
    }

    /// Returns what `body` returns.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let box = Box<Value>()
        let isDone = DispatchSemaphore(value: 0)
        Task.detached {
            let result: Result<Value, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            box.value.withLock { $0 = result }
            isDone.signal()
        }
        isDone.wait()
        guard let result = box.value.withLock({ $0 }) else {
            fatalError("unreachable: the signal comes after the result")
        }
        return try result.get()
    }
}
