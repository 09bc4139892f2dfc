import Synchronization
import Testing

@testable import ErrataServer

@Suite("Deadlines", .timeLimit(.minutes(2)))
struct DeadlinesTests {
    @Test("what runs past its time is cancelled, waited for and refused")
    func late() async throws {
        let hasEnded = Atomic(false)
        let refusal = await #expect(throws: Refusal.self) {
            try await withTimeout(.milliseconds(1)) {
                try? await Task.sleep(for: .seconds(3_600))
                hasEnded.store(true, ordering: .sequentiallyConsistent)
            }
        }
        #expect(refusal?.code == .timeout)
        let waited = hasEnded.load(ordering: .sequentiallyConsistent)
        #expect(waited)
    }

    @Test("what is in time gives its result, or its own error")
    func inTime() async throws {
        #expect(try await withTimeout(.seconds(3_600)) { 7 } == 7)
        await #expect(throws: CancellationError.self) {
            try await withTimeout(.seconds(3_600)) { throw CancellationError() }
        }
    }

    @Test("who is cancelled cancels what it runs")
    func callerIsCancelled() async throws {
        let task = Task {
            try await withTimeout(.seconds(3_600)) { try await Task.sleep(for: .seconds(3_600)) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("an entry is cancelled or removed, once, also after there was none for a while")
    func entries() async throws {
        let deadlines = Deadlines()
        for _ in 0..<2 {
            let kept = deadlines.add(.seconds(3_600)) { Issue.record("its time has not come") }
            let late = Mutex<UInt64?>(nil)
            await withCheckedContinuation { continuation in
                let id = deadlines.add(.zero) { continuation.resume() }
                late.withLock { $0 = id }
            }
            let id = try #require(late.withLock { $0 })
            #expect(!deadlines.remove(id))
            #expect(deadlines.remove(kept))
            #expect(!deadlines.remove(kept))
            try await Task.sleep(for: Deadlines.tick * 3)
        }
    }
}
