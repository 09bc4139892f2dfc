import ArgumentParser
import ErrataAPI
import ErrataEvaluation
import ErrataModels
import ErrataService
import Foundation

/// What is measured.
struct EvaluationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data set.", valueName: "file"))
    var data: String

    @Option(
        help: ArgumentHelp(
            "Its format. (default: told from the first record)", valueName: "name"))
    var format: EvaluationSet.Format?

    @Flag(help: "Only the fifth of all subjects that nothing was trained on.")
    var heldBack = false

    @Option(help: "So many items, drawn by the seed. (default: all)")
    var items: Int?

    @Option(
        help: ArgumentHelp(
            "Questions or instructions that no edit is about: asked with 0, 10, 100, 1,000 and all edits.",
            valueName: "file"))
    var general: String?

    @Option(help: "So many of them, drawn by the seed.")
    var generalCount = 200

    @Option(
        help: ArgumentHelp(
            "single, batch, batch:N, sequential, distractors:N[:before|after|mixed] or general; repeatable. (default: single)",
            valueName: "setting"))
    var setting: [String] = []

    @Option(help: ArgumentHelp("Methods, comma-separated.", valueName: "names"))
    var method = "lookup,reader,decoder"

    @Option(help: ArgumentHelp("The model before alignment.", valueName: "dir"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "The aligned model, or an adapter for --model.", valueName: "dir"))
    var aligned: String?

    @Option(
        help: ArgumentHelp(
            "Running text, for rome and memit: what the model mostly reads.", valueName: "file"))
    var text: String?

    @Option(name: .customShort("k"), help: "How many facts are considered. (default: the method's)")
    var k: Int?

    @Option(
        help: "By which texts facts are found: prompt, statement (prompt and object), or all.")
    var key = RetrievalKey.all

    @Option(help: "Tokens of the longest answer.")
    var maxTokens = 64

    @Option(help: "Where drawing items and samples starts.")
    var seed: UInt64 = 1

    @Option(help: "Items that are measured at a time. (default: one for each processor)")
    var threads: Int?

    @Flag(
        name: .customLong("no-models"),
        help: "Search by words alone, without encoder and reader.")
    var isWithoutModels = false

    @Option(help: "How the reader computes: int8 or float32.")
    var reader = ReaderChoice.int8

    var methodNames: [String] { method.split(separator: ",").map(String.init) }

    var settings: [EvaluationSetting] {
        get throws {
            try (setting.isEmpty ? ["single"] : setting).map { text in
                guard let setting = EvaluationSetting(text) else {
                    throw ValidationError(
                        "'\(text)' is no setting: single, batch, batch:100, sequential, general, distractors:2, "
                            + "distractors:2:before (1 to \(Distractors.countMax))")
                }
                return setting
            }
        }
    }

    var models: MethodCatalog.Models {
        var models = MethodCatalog.Models()
        models.base = model.map(Paths.absolute)
        models.aligned = aligned.map(Paths.absolute)
        return models
    }

    /// The same with the text that the editors need.
    func loadedModels() throws -> MethodCatalog.Models {
        var models = models
        models.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        guard let text else { return models }
        guard let bytes = FileManager.default.contents(atPath: Paths.absolute(text)) else {
            throw Failure("cannot read \(text)")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map(String.init).filter { $0.contains { !$0.isWhitespace } }
        // Evenly over the file: its beginning may be about one thing.
        let step = max(1, lines.count / EvaluationOptions.textLineCountMax)
        models.text = stride(from: 0, to: lines.count, by: step).map { lines[$0] }
        return models
    }

    /// Lines of running text that are read at most, about.
    private static let textLineCountMax = 2_000

    func check() throws {
        if ["rome", "memit"].contains(where: methodNames.contains), text == nil {
            throw ValidationError("rome and memit need --text, a file of running text")
        }
        if try settings.contains(.general), general == nil {
            throw ValidationError("the setting 'general' needs --general, a file of questions")
        }
        do { try MethodCatalog.check(methodNames, models) } catch let error as EvaluationError {
            throw ValidationError(error.message)
        }
        if methodNames.isEmpty { throw ValidationError("--method names no method") }
        if let items, items < 1 { throw ValidationError("--items takes at least 1") }
        if generalCount < 1 { throw ValidationError("--general-count takes at least 1") }
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads takes 1 to 256")
        }
        if !(1...ChatOptions.tokenCountMax).contains(maxTokens) {
            throw ValidationError("--max-tokens takes 1 to \(ChatOptions.tokenCountMax)")
        }
    }

    /// Reads the items that are measured.
    func read() throws -> EvaluationSet {
        var set = try EvaluationSet(path: Paths.absolute(data), format: format)
        if heldBack { set.keepHeldBack() }
        if let items { set.keep(items, seed: seed) }
        guard !set.items.isEmpty else {
            throw Failure("\(data) has no item of a subject that is held back")
        }
        if let general {
            try set.addGeneral(path: Paths.absolute(general), count: generalCount, seed: seed)
        }
        return set
    }
}

extension EvaluationSet.Format: ExpressibleByArgument {}

extension RetrievalKey: ExpressibleByArgument {}

/// Which measurements are shown, and how.
struct ScoreOptions: ParsableArguments {
    @Flag(help: "Count the first question of a class and its first alias alone.")
    var paper = false

    @Flag(help: "Leave out items whose fact a later item edits again.")
    var distinct = false

    @Flag(help: "Write JSON to standard output.")
    var json = false

    var selection: ScoreSelection {
        ScoreSelection(isOfPaper: paper, leavesOutSuperseded: distinct)
    }

    func show(_ results: EvaluationResults) throws {
        let scores = results.scores(selection)
        guard !json else {
            let summary = EvaluationSummary(run: results.header, scores: scores)
            return Terminal.output.write(
                Array(try JSONCoding.encodePretty(summary)) + [UInt8(ascii: "\n")])
        }
        Terminal.output.line(results.title)
        for line in ScoreTable(scores).lines { Terminal.output.line(line) }
        if results.supersededCount > 0 {
            Terminal.error.line(
                "\(results.supersededCount.counted("item")) of facts that a later item edits again"
                    + (distinct ? ", left out." : "; --distinct leaves them out."))
        }
        for score in scores where score.tooLongCount > 0 {
            Terminal.error.line(
                "\(score.method), \(score.version): \(score.tooLongCount.counted("prompt")) longer "
                    + "than the model reads")
        }
    }
}

/// What `--json` writes.
struct EvaluationSummary: Encodable {
    let run: EvaluationHeader
    let scores: [Score]
}
