import ArgumentParser
import ErrataAlignment
import ErrataModels
import ErrataService
import ErrataTesting
import Foundation

/// Imports the edits of a benchmark and asks its questions.
struct Answers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Ask a KnowEdit file's questions of the reader, the lookup and a cosine threshold",
        discussion: """
            All edits of FILE are committed to a fresh store; then every question is put to the version \
            that holds them all. Scored are the records whose subject no other record has, since a later \
            edit of the same fact supersedes an earlier one. A locality question whose true answer is the \
            fact's own old object asks for the edited fact itself and is left out.
            """)

    @Argument(help: "KnowEdit or CounterFact file, such as zsre-test-half.json")
    var file: String?

    @Option(help: "More edits to hold in the store, unasked (can be repeated)")
    var also: [String] = []

    @Option(help: "Questions that no fact answers: JSON Lines with a 'question' field")
    var unrelated: String?

    @Option(help: "Ask this many of them, the first ones (default: all)")
    var unrelatedCount: Int?

    @Flag(help: "Ask only about subjects that are held back from training")
    var heldBack = false

    @Flag(help: "Put the names that alias questions use into the facts")
    var aliases = false

    @Flag(help: "Use no encoder: search and judge by words alone")
    var wordsOnly = false

    @Flag(help: "Let the reader compute in 8 bits")
    var int8 = false

    @Option(help: "The reader's weights (default: those of the program)")
    var reader: String?

    @Option(help: "Facts that the answerers are shown")
    var k = AskRequest.candidateCountDefault

    @Flag(help: "Print the questions that the first answerer got wrong")
    var misses = false

    @Option(help: "Write every question with its candidates' scores to this file, as JSON Lines")
    var dump: String?

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let file = options.smoke ? BenchPaths.fixture("knowledge/wikidata-recent.json") : file
        guard let file else { throw ValidationError("name a file, or pass --smoke") }
        let records = try BenchmarkRecord.read(file)
        let directory = try TemporaryDirectory()
        let encoder = wordsOnly ? nil : BenchPaths.encoderDirectory(options)
        let base = try KnowledgeBase(
            KnowledgeBase.Configuration(
                dataDirectory: directory.path + "/data", encoderDirectory: encoder,
                readerPrecision: int8 ? .int8 : .float32, readerFile: reader))
        var facts = try await take(file, records, into: base)
        for path in also { facts += try await take(path, nil, into: base) }
        try await base.waitForIndex(at: "main")
        var scores = AnswerScores(
            Asker(base: base, k: k), showsMisses: misses, dump: try dump.map(QuestionDump.init))
        let asked = records.withSubjectsOfTheirOwn()
            .filter { !heldBack || HeldBack.contains($0.subject) }
        for record in asked { try await scores.take(record) }
        if let unrelated {
            try await scores.takeUnrelated(unrelated, limit: unrelatedCount ?? .max)
        }
        scores.report(Report("Answers from \(facts) facts, \(k) shown,"))
        await base.close()
    }

    /// Commits a file's edits; returns how many they are.
    private func take(
        _ path: String, _ records: [BenchmarkRecord]?, into base: KnowledgeBase
    ) async throws -> Int {
        var bytes = try Array(Data(contentsOf: URL(filePath: path)))
        var format = ImportFormat.knowedit
        if aliases, let records {
            (bytes, format) = (try records.flatMap { try $0.factLine() }, .jsonl)
        }
        return try await base.importFacts(
            bytes, ImportOptions(format: format, message: "Benchmark"), actor: .ada
        ).edits
    }
}
