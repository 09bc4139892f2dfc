import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation
import Testing

/// How many histories are run: 2,000, or as many as ERRATA_HISTORIES says; ERRATA_HISTORY runs one by its seed.
private let seeds: Range<UInt64> = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["ERRATA_HISTORY"].flatMap(UInt64.init) { return seed..<seed + 1 }
    return 0..<(environment["ERRATA_HISTORIES"].flatMap(UInt64.init) ?? 2_000)
}()

private let chunkCount: UInt64 = 100

@Suite("Against a model that stores whole versions", .inBackground)
struct ModelTests {
    @Test(
        "every version, difference, history and blame is the model's",
        arguments: Array(stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(chunkCount))))
    func journalMatchesModel(first: UInt64) async throws {
        for seed in first..<min(first + chunkCount, seeds.upperBound) {
            do { try await run(seed: seed) } catch { Issue.record("history \(seed): \(error)") }
        }
    }

    private func run(seed: UInt64) async throws {
        let store = TemporaryStore(seed: seed)
        var run = try ModelRun(store, seed: seed)
        do {
            for _ in 0..<(10 + run.random.next(upTo: 40)) { try await run.step() }
            try run.compare()
        } catch {
            await run.close()
            throw error
        }
        await run.close()
    }
}
