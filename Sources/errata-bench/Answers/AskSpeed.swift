import ArgumentParser
import ErrataAlignment
import ErrataCore
import ErrataModels
import ErrataService
import ErrataTesting
import Foundation

/// Asks the same questions of few and of many facts.
struct AskSpeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Measure an ask and its steps over 1,000 and 100,000 facts",
        discussion: """
            Facts and questions are drawn from the relations that training pairs are made of. The small \
            store holds the first of the large one's facts, and the questions are about those; each is put to \
            both stores in turn, once, so that no reading is remembered. Filling the large store takes the \
            encoder long, so --keep lets a later run use it again.
            """)

    @Option(help: "Facts of the large store")
    var facts = 100_000

    @Option(help: "Facts of the small store")
    var few = 1_000

    @Option(help: "Questions for each figure")
    var count = 300

    @Option(help: "Facts that the answerers are shown")
    var k = 3

    @Option(help: "Directory of the stores, which stay there (default: thrown away)")
    var keep: String?

    @OptionGroup var options: BenchOptions

    /// Asked before the times are taken, so that the frequent words are in memory.
    private var warmUpCount: Int { options.smoke ? 1 : 50 }

    func run() async throws {
        let (few, facts) = options.smoke ? (20, 60) : (few, facts)
        let count = options.smoke ? 3 : count
        guard count + warmUpCount <= few, few <= facts else {
            throw ValidationError("there must be a fact in the small store for each question")
        }
        var generator = SyntheticGenerator(
            relations: try RelationTable.embedded(), seed: 1_000_003 &+ options.seed)
        let drawn = (0..<facts).map { _ in generator.asked() }
        let temporary = try TemporaryDirectory()
        let directories = [few, facts].map { (keep ?? temporary.path) + "/facts-\($0)" }
        for (directory, size) in zip(directories, [few, facts]) {
            try await fill(directory, drawn.prefix(size).map(\.fact))
        }
        let questions = drawn.prefix(warmUpCount + count).map(\.question)
        let hasEncoder = BenchPaths.encoderDirectory(options) != nil
        for precision: Linear.Precision? in hasEncoder ? [.int8, .float32] : [nil] {
            let name = precision.map { "reader in \($0.rawValue)" } ?? "words alone"
            let report = Report("An ask, \(k) candidates, \(name), one thread,")
            var sizes: [AskTimes] = []
            for (directory, size) in zip(directories, [few, facts]) {
                let base = try open(directory, precision, threads: 1)
                try await renew(base)
                sizes.append(AskTimes(base: base, size: size, k: k))
            }
            try await measure(&sizes, questions, report)
            for size in sizes { await size.base.close() }
        }
    }

    private func open(
        _ directory: String, _ precision: Linear.Precision?, threads: Int
    ) throws -> KnowledgeBase {
        try KnowledgeBase(
            KnowledgeBase.Configuration(
                dataDirectory: directory, encoderDirectory: BenchPaths.encoderDirectory(options),
                encoderThreads: threads, readerPrecision: precision))
    }

    private func fill(
        _ directory: String, _ facts: [SyntheticGenerator.Statement]
    ) async throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let base = try open(
            directory, nil, threads: ProcessInfo.processInfo.activeProcessorCount)
        try await base.take(facts)
        await base.close()
    }

    /// Makes a version that nobody asked, since a receipt that is there already is not written again.
    private func renew(_ base: KnowledgeBase) async throws {
        let draft = FactDraft(key: "run", statement: "Run \(UUID().uuidString)")
        let request = CommitRequest(message: "Run", edits: [.assert(draft)])
        _ = try await base.commit(request, actor: .ada)
        try await base.waitForIndex(at: "main")
    }

    private func measure(
        _ sizes: inout [AskTimes], _ questions: [String], _ report: Report
    ) async throws {
        for question in questions.prefix(warmUpCount) {
            for i in sizes.indices { try await sizes[i].warmUp(question) }
        }
        for question in questions.dropFirst(warmUpCount) {
            for i in sizes.indices { try await sizes[i].ask(question) }
        }
        for size in sizes { size.report(report) }
        sizes[1].report(beside: sizes[0], report)
    }
}

/// The times of the questions to one store.
struct AskTimes {
    private struct Ask {
        let whole: Double
        let steps: [StepTimes.Step: Double]
        let readCount: Int

        /// Everything but the searches.
        var rest: Double { whole - (steps[.search] ?? 0) }
    }

    let base: KnowledgeBase
    let size: Int
    let k: Int
    private var first: Double?
    private var asks: [Ask] = []

    init(base: KnowledgeBase, size: Int, k: Int) {
        (self.base, self.size, self.k) = (base, size, k)
    }

    mutating func warmUp(_ question: String) async throws {
        let ask = try await timed(question)
        if first == nil { first = ask.whole }
    }

    mutating func ask(_ question: String) async throws {
        asks.append(try await timed(question))
    }

    private func timed(_ question: String) async throws -> Ask {
        let start = ContinuousClock.now
        let outcome = try await base.ask(AskRequest(question: question, k: k), actor: .ada)
        let whole = (ContinuousClock.now - start).inSeconds
        let steps = outcome.times.steps.map { ($0.step, $0.milliseconds / 1000) }
        return Ask(
            whole: whole, steps: Dictionary(uniqueKeysWithValues: steps),
            readCount: outcome.receipt.candidates.count { $0.reader != nil })
    }

    func report(_ report: Report) {
        report.row(
            "\(size) facts, the first ask", "\((1000 * (first ?? 0)).formatted(digits: 1)) ms")
        report.row("\(size) facts, an ask", sample(\.whole).milliseconds)
        for step in StepTimes.Step.allCases {
            report.row("  \(step.rawValue)", sample { $0.steps[step] ?? 0 }.milliseconds)
        }
        let read = Double(asks.reduce(0) { $0 + $1.readCount }) / Double(asks.count)
        report.row("  candidates that are read", read.formatted(digits: 2))
    }

    /// Reports what a question costs more here than there, question by question.
    func report(beside small: AskTimes, _ report: Report) {
        func row(_ name: String, isLike: Bool = false, _ part: (Ask) -> Double) {
            var sample = Sample()
            for (ask, other) in zip(asks, small.asks)
            where !isLike || ask.readCount == other.readCount {
                sample.add(seconds: part(ask) - part(other))
            }
            report.row(name, "p50 \((1000 * sample.median).formatted(digits: 3)) ms")
        }
        row("more than over \(small.size) facts") { $0.whole }
        row("  searches") { $0.steps[.search] ?? 0 }
        row("  everything else") { $0.rest }
        // Nearer candidates are read more often, whatever the store's size.
        row("  everything else, with as many read", isLike: true) { $0.rest }
    }

    private func sample(_ part: (Ask) -> Double) -> Sample {
        var sample = Sample()
        for ask in asks { sample.add(seconds: part(ask)) }
        return sample
    }
}
