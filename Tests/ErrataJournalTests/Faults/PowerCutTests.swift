import ErrataJournal
import ErrataTesting
import Foundation
import Testing

/// Whether the long runs were asked for.
let isLongRun = ProcessInfo.processInfo.environment["ERRATA_LONG_TESTS"] == "1"

@Suite("A power cut", .serialized, .inBackground)
struct PowerCutTests {
    private typealias Plan = FaultScriptRun.Plan

    private static let plans: [Plan] = {
        let sizes = [
            ("mixed", 10), ("groups", 3), ("keys", 7), ("growth", 4), ("versions", 10),
            ("events", 6),
        ]
        return (0..<(isLongRun ? 3 : 1)).flatMap { round in
            sizes.map { profile, stepCount in
                Plan(
                    profile: profile, seed: UInt64(round + 1),
                    stepCount: isLongRun ? stepCount * 2 : stepCount)
            }
        }
    }()

    @Test(
        "at any call, creation included, leaves a prefix with every acknowledged commit that verifies"
    )
    func everyCall() async throws {
        let sweep = PowerCutSweep(survivorCount: isLongRun ? 3 : 1, tearCount: isLongRun ? 6 : 2)
        var total = PowerCutSweep.Report()
        for plan in Self.plans {
            let run = try FaultScriptRun()
            let outcome = try await run.perform(plan)
            try #require(outcome.status == 0 && !outcome.wasKilled, "\(plan): \(outcome)")
            let recording = try run.recording()
            let report = try await sweep.run(recording, StoreCheck(directory: run.store))
            #expect(report.violations.count == 0, "\(plan): \(report.violations.prefix(5))")
            print(
                "\(plan): \(recording.callCount) calls, \(report.cutCount) cuts,",
                "\(report.imageCount) images")
            total.add(report)
        }
        print("power cuts: \(total.cutCount), different images: \(total.imageCount)")
        #expect(total.imageCount >= (isLongRun ? 10_000 : 1_000))
    }

    @Test("is found to lose commits where syncs, or durable writes, do nothing")
    func lyingDisks() async throws {
        let run = try FaultScriptRun()
        _ = try await run.perform(Plan(profile: "keys", seed: 1, stepCount: 6))
        let recording = try run.recording()
        let check = try await StoreCheck(directory: run.store)
        let sweep = PowerCutSweep(survivorCount: 0, tearCount: 1, keepsBadImages: false)
        let keys = try Posix.inode(of: run.store + "/keys")
        let withoutKeys = recording.events.filter {
            if case .sync(keys) = $0.call { false } else { true }
        }
        let lost = try await sweep.run(
            DiskRecording(root: recording.root, events: withoutKeys), check)
        #expect(lost.violations.count > 10)
        let withoutMeta = recording.events.map { event in
            guard case .write(let inode, let offset, let bytes, true) = event.call else {
                return event
            }
            return DiskEvent(
                call: .write(inode: inode, offset: offset, bytes: bytes, isDurable: false), error: 0
            )
        }
        let late = try await sweep.run(
            DiskRecording(root: recording.root, events: withoutMeta), check)
        #expect(late.violations.contains { $0.contains("were acknowledged") })
    }
}
