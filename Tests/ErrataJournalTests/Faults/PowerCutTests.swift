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
        var checkpointCount = 0
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
            checkpointCount += recording.checkpointCount
        }
        print(
            "power cuts: \(total.cutCount), different images: \(total.imageCount),",
            "checkpoints: \(checkpointCount)")
        #expect(checkpointCount > 5)
        #expect(total.imageCount >= (isLongRun ? 10_000 : 1_000))
    }

    @Test("is found to lose commits where the syncs of a file do nothing", arguments: LyingFile.all)
    private func lyingDisks(file: LyingFile) async throws {
        let run = try FaultScriptRun()
        _ = try await run.perform(Plan(profile: "keys", seed: 1, stepCount: 6))
        let recording = try run.recording()
        let check = try await StoreCheck(directory: run.store)
        let sweep = PowerCutSweep(survivorCount: 0, tearCount: 1, keepsBadImages: false)
        let inodes = recording.inodes(of: file.name)
        let lying = recording.events.filter {
            if case .sync(let inode) = $0.call { !inodes.contains(inode) } else { true }
        }
        let lost = try await sweep.run(
            DiskRecording(root: recording.root, events: lying), check)
        #expect(lost.violations.contains { $0.contains(file.symptom) }, "\(lost.violations)")
    }
}

/// A file whose syncs are left out, and what the check must say then, among other things.
private struct LyingFile: CustomTestStringConvertible {
    let name: String
    let symptom: String

    var testDescription: String { name }

    static let all = [
        LyingFile(name: "/keys", symptom: "key file"),
        LyingFile(name: "/redo.0", symptom: "were acknowledged"),
    ]
}

extension DiskRecording {
    /// How many headers were written to redo logs after their first ones.
    fileprivate var checkpointCount: Int {
        let headers = inodes(of: "/redo")
        return events.count { event in
            guard case .write(let inode, _, let bytes, _) = event.call else { return false }
            return headers.contains(inode) && bytes.starts(with: Array("ERRATALG".utf8))
        }
            - events.count { event in
                guard case .rename(_, let to) = event.call else { return false }
                return to.hasSuffix("/redo")
            }
    }

    /// Returns the numbers of all files that had this name, or a path that ends in it.
    fileprivate func inodes(of name: String) -> Set<UInt64> {
        Set(
            events.compactMap { event in
                guard case .open(let path, let inode, _, _) = event.call, path.hasSuffix(name)
                else { return nil }
                return inode
            })
    }
}
