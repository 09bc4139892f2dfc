import Foundation
import Testing

@Suite("Clients at the same time", .serialized)
struct ConcurrentClientsTests {
    private static let isLong = ProcessInfo.processInfo.environment["ERRATA_LONG_TESTS"] == "1"
    private static let rounds = UInt64(1)...(isLong ? 40 : 3)

    @Test(
        "of a daemon that is killed see one history, and no update is lost", arguments: rounds)
    func linearizable(seed: UInt64) async throws {
        let recorder = try await HistoryRecorder(seed: seed)
        for _ in 0..<(Self.isLong ? 6 : 3) { try await recorder.runUntilKilled() }
        let record = try await recorder.finish()
        for branch in HistoryRecorder.branches {
            let history = try record.history(of: branch)
            #expect(history.operations.count > 30, "\(branch)")
            #expect(LinearizabilityChecker.isLinearizable(history), "\(branch)")
            #expect(record.lostUpdates(on: branch) == [], "\(branch)")
        }
        print("concurrent clients, seed \(seed): \(record.summary)")
    }
}
