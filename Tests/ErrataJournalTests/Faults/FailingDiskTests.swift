import ErrataJournal
import ErrataTesting
import Foundation
import Testing

@Suite("A disk that fails", .serialized, .inBackground)
struct FailingDiskTests {
    private typealias Plan = FaultScriptRun.Plan
    private typealias Fault = FaultScriptRun.Fault

    /// What one run with a fault came to.
    private struct Finding: Sendable {
        var violations: [String] = []
        /// How many cuts of the power followed, in how many different images.
        var cuts = PowerCutSweep.Report()
        var reportedAnError = false
    }

    private static let plan = Plan(profile: "mixed", seed: 3, stepCount: isLongRun ? 16 : 10)
    /// How many calls after the fault the power is cut at, at most.
    private static let cutRange = isLongRun ? 60 : 25

    private static let faults: [(mode: Fault.Mode, error: Int32)] = [
        (.fail, ENOSPC), (.fail, EIO), (.late, EIO), (.short, ENOSPC),
    ]

    // MARK: Tests

    @Test("once is told of, and the next try succeeds; nothing acknowledged is lost")
    func once() async throws {
        let findings = try await sweep(Self.faults, stride: 11) { plan, fault in
            try await Self.run(plan, fault, mustEnd: true)
        }
        expectClean(findings, "faults, each once")
    }

    @Test("for good is told of, and once it works again nothing acknowledged is lost")
    func forGood() async throws {
        let findings = try await sweep(
            [(.fail, ENOSPC), (.fail, EIO), (.short, ENOSPC)], stride: 11
        ) {
            plan, fault in
            var fault = fault
            fault.goesOn = true
            return try await Self.run(plan, fault, mustEnd: false)
        }
        expectClean(findings, "faults for good")
        #expect(findings.contains { $0.reportedAnError })
    }

    @Test("and loses its power later has every commit that was acknowledged after the failure")
    func failureThenPowerCut() async throws {
        let findings = try await sweep([(.fail, EIO), (.late, EIO)], stride: 19) { plan, fault in
            let run = try FaultScriptRun()
            _ = try await run.perform(plan, fault)
            let check = try await StoreCheck(directory: run.store, isWhole: false)
            var finding = Finding()
            finding.cuts = try await PowerCutSweep(survivorCount: 2, tearCount: 1).run(
                run.recording(), in: Self.cuts(from: fault.call - 1), check)
            finding.violations = finding.cuts.violations.map { "\(fault), then cut at \($0)" }
            return finding
        }
        expectClean(findings, "failures before power cuts")
    }

    @Test("under a process that was killed keeps all that the next one saw, wherever power is cut")
    func killThenPowerCut() async throws {
        let findings = try await sweep([(.kill, 0)], stride: 13) { plan, fault in
            let run = try FaultScriptRun()
            _ = try await run.perform(plan, fault)
            let start = try run.recording().events.count
            let next = Plan(profile: plan.profile, seed: plan.seed + 1, stepCount: 3)
            let outcome = try await run.perform(next)
            var finding = Finding()
            guard outcome.status == 0, !outcome.wasKilled else {
                finding.violations = ["\(fault), then: \(outcome)"]
                return finding
            }
            finding.cuts = try await PowerCutSweep(survivorCount: 1, tearCount: 1).run(
                run.recording(), in: Self.cuts(from: start), StoreCheck(directory: run.store))
            finding.violations = finding.cuts.violations.map { "\(fault), then cut at \($0)" }
            return finding
        }
        expectClean(findings, "kills before power cuts")
    }

    // MARK: Steps

    /// Makes each call of the history go wrong in each way; every `stride`th if time is short.
    private func sweep(
        _ faults: [(mode: Fault.Mode, error: Int32)], stride: Int,
        _ body: @escaping @Sendable (Plan, Fault) async throws -> Finding
    ) async throws -> [Finding] {
        let clean = try FaultScriptRun()
        let outcome = try await clean.perform(Self.plan)
        try #require(outcome.status == 0, "\(outcome)")
        let callCount = try clean.recording().callCount
        let list = faults.enumerated().flatMap { i, fault in
            Swift.stride(from: 1 + i, through: callCount, by: isLongRun ? 1 : stride).map {
                Fault(mode: fault.mode, error: fault.error, call: $0)
            }
        }
        return try await withThrowingTaskGroup(of: Finding.self) { group in
            var findings: [Finding] = []
            for (i, fault) in list.enumerated() {
                if i >= ProcessInfo.processInfo.activeProcessorCount,
                    let finding = try await group.next()
                {
                    findings.append(finding)
                }
                group.addTask { try await body(Self.plan, fault) }
            }
            for try await finding in group { findings.append(finding) }
            return findings
        }
    }

    private static func cuts(from start: Int) -> Range<Int> { start..<(start + cutRange) }

    private static func run(
        _ plan: Plan, _ fault: Fault, mustEnd: Bool
    ) async throws -> Finding {
        let run = try FaultScriptRun()
        let outcome = try await run.perform(plan, fault)
        var finding = Finding()
        finding.reportedAnError = outcome.status == 1
        if outcome.wasKilled || outcome.status > 1 || (mustEnd && outcome.status != 0) {
            finding.violations.append("\(fault): \(outcome)")
        }
        let recording = try run.recording()
        let acknowledged = recording.acknowledged(after: recording.events.count)
        // Before the directory is there, nothing is.
        guard FileManager.default.fileExists(atPath: run.store) || acknowledged.operation != nil
        else { return finding }
        do {
            let check = try await StoreCheck(directory: run.store)
            if let violation = await check.violation(in: run.store, acknowledged) {
                finding.violations.append("\(fault): \(violation)")
            }
        } catch { finding.violations.append("\(fault): \(error)") }
        return finding
    }

    private func expectClean(_ findings: [Finding], _ what: String) {
        let violations = findings.flatMap(\.violations)
        #expect(violations.count == 0, "\(violations.prefix(5))")
        var cuts = PowerCutSweep.Report()
        for finding in findings { cuts.add(finding.cuts) }
        let more = cuts.cutCount > 0 ? ", cuts: \(cuts.cutCount), images: \(cuts.imageCount)" : ""
        print("\(what): \(findings.count)\(more)")
        #expect(findings.count > (isLongRun ? 100 : 8))
    }
}
