import CErrataKernels
import Foundation
import Synchronization

/// Prints figures under a line that names the machine, or keeps them for one JSON object at the end.
final class Report: Sendable {
    /// What `--json` gives for each figure.
    struct Figure: Codable, Sendable {
        let section: String
        let name: String
        let value: Double
        let unit: String
        /// Of times, whose value is the median.
        var p99: Double?
    }

    private struct Summary: Encodable {
        let title: String
        let machine: String
        let figures: [Figure]
    }

    private let title: String
    private let isJSON: Bool
    private let figures = Mutex<(section: String, all: [Figure])>(("", []))

    init(_ title: String, json isJSON: Bool = false) {
        self.title = title
        self.isJSON = isJSON
        if !isJSON { print("\(title) on \(Report.machine)") }
    }

    /// Prints a line that stands above the rows that follow.
    func heading(_ text: String) {
        figures.withLock { $0.section = text }
        if !isJSON { print(" \(text):") }
    }

    func row(_ name: String, _ value: String) {
        guard !isJSON else { return }
        print("  " + name.padding(toLength: 48, withPad: " ", startingAt: 0) + " " + value)
    }

    func figure(_ name: String, _ value: Double, _ unit: String, digits: Int = 0) {
        keep(name, value, unit)
        row(name, value.formatted(digits: digits) + (unit.isEmpty ? "" : " " + unit))
    }

    /// Prints median and tail of `sample`.
    func times(_ name: String, _ sample: Sample) {
        keep(name, 1000 * sample.median, "ms", p99: 1000 * sample.percentile(0.99))
        row(name, sample.milliseconds)
    }

    // MARK: Young and aged

    /// Prints the medians of the same thing in a young and an aged store, and how many times as slow ageing made it.
    func ages(_ name: String, _ samples: [Sample]) {
        let medians = samples.map { 1000 * $0.median }
        ages(
            name, medians, "ms", digits: 3, p99: samples.map { 1000 * $0.percentile(0.99) },
            slowdown: medians[1] / medians[0])
    }

    /// Prints medians of rates, of which each round has one of a young and one of an aged store.
    func ages(_ name: String, rates rounds: [[Double]]) {
        let medians = [0, 1].map { age in rounds.map { $0[age] }.median }
        ages(name, medians, "a second", slowdown: rounds.map { $0[0] / $0[1] }.median)
    }

    /// Prints what a young and an aged store have, and how many times as slow ageing made it, where that makes sense.
    func ages(
        _ name: String, _ values: [Double], _ unit: String, digits: Int = 0, p99: [Double]? = nil,
        slowdown: Double? = nil
    ) {
        for (i, age) in ["young", "aged"].enumerated() {
            keep("\(name), \(age)", values[i], unit, p99: p99?[i])
        }
        if let slowdown { keep("\(name), ageing", slowdown, "x") }
        let both = values.map { $0.formatted(digits: digits) }.joined(separator: " / ")
        row(name, "\(both) \(unit)" + (slowdown.map { ", \($0.formatted(digits: 2)) x" } ?? ""))
    }

    private func keep(_ name: String, _ value: Double, _ unit: String, p99: Double? = nil) {
        figures.withLock {
            $0.all.append(
                Figure(section: $0.section, name: name, value: value, unit: unit, p99: p99))
        }
    }

    /// Prints everything as JSON, if that was asked for.
    func finish() throws {
        guard isJSON else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let summary = Summary(
            title: title, machine: Report.machine, figures: figures.withLock(\.all))
        print(String(decoding: try encoder.encode(summary), as: UTF8.self))
    }

    /// Prints `part` of `whole` as a count and a percentage.
    func share(_ name: String, _ part: Int, of whole: Int) {
        let percent =
            whole == 0 ? "n/a" : (100 * Double(part) / Double(whole)).formatted(digits: 1) + " %"
        row(name, "\(percent)  (\(part) of \(whole))")
    }

    private static var machine: String {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = info.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return "\(model ?? "an unnamed processor"), \(cores) cores, "
            + "\(String(cString: errata_kernel_level())) kernels"
    }
}

/// Times of the same thing, in seconds.
struct Sample {
    private var seconds: [Double] = []

    mutating func add(_ duration: Duration) { add(seconds: duration.inSeconds) }

    mutating func add(seconds: Double) { self.seconds.append(seconds) }

    /// Times one run of `body`.
    mutating func time<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer { add(ContinuousClock.now - start) }
        return try body()
    }

    /// Times one run of `body`, which may wait.
    mutating func measure<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let start = ContinuousClock.now
        defer { add(ContinuousClock.now - start) }
        return try await body()
    }

    func percentile(_ share: Double) -> Double {
        let sorted = seconds.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)]
    }

    var median: Double { percentile(0.5) }

    /// Median and tail in milliseconds.
    var milliseconds: String {
        "p50 \((1000 * median).formatted(digits: 3)) ms, "
            + "p99 \((1000 * percentile(0.99)).formatted(digits: 3)) ms"
    }
}

extension [Double] {
    /// The middle one; the upper of two.
    var median: Double { isEmpty ? .nan : sorted()[count / 2] }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Double {
    func formatted(digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
