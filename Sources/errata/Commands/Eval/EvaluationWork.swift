import ErrataAPI
import ErrataCore
import ErrataEvaluation
import ErrataJournal
import ErrataModels
import ErrataService
import Foundation
import Synchronization

/// The results of a run, with the data set that they are of.
struct EvaluationResults {
    let header: EvaluationHeader
    let measured: [ItemMeasurement]
    private let dataSet: EvaluationSet

    init(_ header: EvaluationHeader, _ measured: [ItemMeasurement], _ set: EvaluationSet) {
        (self.header, self.measured, dataSet) = (header, measured, set)
    }

    /// Reads what a directory holds; `data` must be the file that was measured.
    init(_ directory: String, data: String, general: String?) throws {
        let (header, measured) = try EvaluationFiles.read(Paths.absolute(directory))
        var set = try EvaluationSet(
            path: Paths.absolute(data),
            format: EvaluationSet.Format(rawValue: header.dataFormat))
        guard set.hash.hex == header.dataHash else {
            throw Failure(
                "\(data) is not the file that was measured, \(header.dataSet)",
                hint: "Its SHA-256 was \(header.dataHash).")
        }
        if header.isHeldBack { set.keepHeldBack() }
        set.keep(header.itemCount, seed: header.seed)
        if let hash = header.generalHash {
            guard let general else {
                throw Failure(
                    "the run asked general questions too", hint: "Name their file with --general.")
            }
            try set.addGeneral(
                path: Paths.absolute(general), count: header.generalCount, seed: header.seed)
            guard set.generalHash?.hex == hash else {
                throw Failure("\(general) is not the file that the run took questions from")
            }
        }
        self.init(header, measured, set)
    }

    var supersededCount: Int { dataSet.superseded.count }

    var title: String {
        "\(header.dataSet): \(header.itemCount.counted("item"))"
            + (header.isHeldBack ? " of held-back subjects" : "")
    }

    /// Compares with another run; throws unless both are of the same items.
    func compared(
        with other: EvaluationResults, _ selection: ScoreSelection
    ) throws -> RunComparison {
        guard header.dataHash == other.header.dataHash, header.itemCount == other.header.itemCount,
            header.isHeldBack == other.header.isHeldBack, header.seed == other.header.seed
        else {
            throw Failure(
                "the runs are not of the same items",
                hint: "Run both with the same --data, --held-back, --items and --seed.")
        }
        return RunComparison(measured, other.measured, dataSet, selection, seed: header.seed)
    }

    func scores(_ selection: ScoreSelection) -> [Score] {
        let order = Dictionary(
            header.methods.enumerated().map { ($1.name, $0) }, uniquingKeysWith: min)
        let sorted = measured.sorted {
            (order[$0.method] ?? 0, $0.item) < (order[$1.method] ?? 0, $1.item)
        }
        return ScoreBuilder(dataSet, selection, seed: header.seed).scores(sorted)
            .sorted { ($0.edits, $0.version) < ($1.edits, $1.version) }
    }
}

/// Makes the store, asks the methods, and keeps what they answer.
struct EvaluationWork: Sendable {
    private let options: EvaluationOptions

    init(_ options: EvaluationOptions) { self.options = options }

    func run(into directory: String, resumes: Bool) async throws -> EvaluationResults {
        let items = try options.read()
        return try await withKnowledge {
            try await measure(items, $0, into: directory, resumes: resumes)
        }
    }

    /// Times edits of each method, with so many edits in the store.
    func speed(counts: [Int], repeats: Int) async throws -> [EditingSpeed.Row] {
        let items = try options.read().items
        let needed = EditingSpeed.itemCount(counts, repeats: repeats)
        guard items.count >= needed else {
            throw Failure(
                "there are \(items.count.counted("item")), and \(needed.grouped) are needed",
                hint: "Ask for fewer --edits or --repeats.")
        }
        return try await withKnowledge { knowledge in
            var catalog = MethodCatalog(
                try options.loadedModels(), store: try EvaluationStore(knowledge), k: options.k,
                tokenCountMax: options.maxTokens,
                seed: options.seed)
            let bar = ProgressBar("timing")
            defer { bar.clear() }
            var rows: [EditingSpeed.Row] = []
            for name in options.methodNames {
                let method = try catalog.method(name)
                let total = Set(counts).count * options.methodNames.count
                bar.update(rows.count, of: total, label: name)
                _ = try await EditingSpeed(items, knowledge).measure(
                    method, counts: counts, repeats: repeats
                ) { row in
                    rows.append(row)
                    bar.update(rows.count, of: total, label: name)
                }
            }
            return rows
        }
    }

    /// Runs `body` with a store of which nothing stays.
    private func withKnowledge<Result>(
        _ body: (KnowledgeBase) async throws -> Result
    ) async throws -> Result {
        let encoder = options.isWithoutModels ? nil : try await encoder()
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/errata-eval-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = KnowledgeBase.Configuration(
            dataDirectory: folder, encoderDirectory: encoder,
            readerPrecision: encoder == nil ? nil : options.reader.precision)
        configuration.retrievalKey = options.key
        configuration.journal.random = .repeatable(seed: options.seed)
        let knowledge = try KnowledgeBase(configuration)
        do {
            if let failure = knowledge.readerFailure { throw Failure("no reader: \(failure)") }
            let result = try await body(knowledge)
            await knowledge.close()
            return result
        } catch {
            await knowledge.close()
            throw error
        }
    }

    private func encoder() async throws -> String {
        if let directory = try EncoderModel.installed() { return directory }
        return try await EncoderModel.pull(EncoderModel.name).directory
    }

    private func measure(
        _ set: EvaluationSet, _ knowledge: KnowledgeBase, into directory: String, resumes: Bool
    ) async throws -> EvaluationResults {
        let bar = ProgressBar("committing")
        defer { bar.clear() }
        let store = try await EvaluationStore(
            knowledge, set.items, options.settings, seed: options.seed
        ) {
            bar.update($0, of: $1)
        }
        var catalog = MethodCatalog(
            try options.loadedModels(), store: store, k: options.k,
            tokenCountMax: options.maxTokens,
            seed: options.seed)
        let methods = try options.methodNames.map { try catalog.method($0) }
        let header = header(set, methods)
        let (files, done) = try EvaluationFiles.open(directory, header, resumes: resumes)
        let run = EvaluationRun(items: set.items, store: store, width: width)
        let measured = Mutex(done)
        let known = Set(done.map(\.id))
        for method in methods {
            let progress = EvaluationProgress(
                bar, method.name, done: done.count { $0.method == method.name },
                total: run.unitCount)
            try await run.measure(method, except: known) { item in
                try files.append(item)
                measured.withLock { $0.append(item) }
                progress.step()
            }
        }
        bar.clear()
        return EvaluationResults(header, measured.withLock(\.self), set)
    }

    private var width: Int { options.threads ?? ProcessInfo.processInfo.activeProcessorCount }

    private func header(
        _ set: EvaluationSet, _ methods: [any EvaluatedMethod]
    ) -> EvaluationHeader {
        EvaluationHeader(
            version: Version.text, set: set, isHeldBack: options.heldBack,
            settings: options.setting.isEmpty ? ["single"] : options.setting, k: options.k,
            key: options.key == .all ? nil : options.key.rawValue,
            tokenCountMax: options.maxTokens, seed: options.seed,
            methods: methods.map {
                .init(name: $0.name, identity: $0.identity, bytes: $0.byteCount)
            },
            machine: Machine.description)
    }
}

/// Shows how far a method is, and when it will be done.
private final class EvaluationProgress: Sendable {
    private let bar: ProgressBar
    private let name: String
    private let first: Int
    private let total: Int
    private let start = ContinuousClock.now
    private let count: Mutex<Int>

    init(_ bar: ProgressBar, _ name: String, done: Int, total: Int) {
        self.bar = bar
        self.name = name
        self.total = total
        first = done
        count = Mutex(done)
    }

    func step() {
        let done = count.withLock { count in
            count += 1
            return count
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let left = seconds / Double(done - first) * Double(total - done)
        bar.update(done, of: total, label: name, detail: "\(Int(left.rounded(.up))) s left")
    }
}

/// The machine that a figure is of.
enum Machine {
    static var description: String {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = info.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return "\(model ?? "an unnamed processor"), \(cores.counted("core"))"
    }
}
