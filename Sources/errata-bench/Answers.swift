import ArgumentParser
import ErrataCore
import ErrataService
import ErrataTesting
import Foundation

/// Imports the edits of a benchmark and asks its questions.
struct Answers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a KnowEdit file's prompts, rephrasings and locality questions",
        discussion: """
            All edits of FILE are committed to a fresh store; then every question is put to the version \
            that holds them all. Scored are the records whose subject no other record has, since a later \
            edit of the same fact supersedes an earlier one. A locality question whose true answer is the \
            fact's own old object asks for the edited fact itself and is left out.
            """)

    @Argument(help: "KnowEdit ZsRE file, such as zsre-test-half.json")
    var file: String?

    @Option(help: "More edits to hold in the store, unasked (can be repeated)")
    var also: [String] = []

    @Option(help: "Questions that no fact answers: JSON Lines with a 'question' field")
    var unrelated: String?

    @Flag(help: "Use no encoder: search and judge by words alone")
    var wordsOnly = false

    @Flag(help: "Print the questions that were answered wrongly")
    var misses = false

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let file = options.smoke ? BenchPaths.fixture("knowledge/wikidata-recent.json") : file
        guard let file else { throw ValidationError("name a file, or pass --smoke") }
        let records = try BenchmarkRecord.read(file)
        let directory = try TemporaryDirectory()
        let base = try BenchPaths.open(
            directory.path, wordsOnly ? nil : BenchPaths.encoderDirectory(options))
        var facts = 0
        for path in [file] + also {
            let bytes = try Array(Data(contentsOf: URL(filePath: path)))
            let outcome = try await base.importFacts(
                bytes, ImportOptions(format: .knowedit, message: "Benchmark"), actor: .ada)
            facts += outcome.edits
        }
        try await base.waitForIndex(at: "main")
        var scores = AnswerScores(base: base, showsMisses: misses)
        for record in records.withSubjectsOfTheirOwn() { try await scores.take(record) }
        if let unrelated { try await scores.takeUnrelated(unrelated) }
        scores.report(Report("Answers from \(facts) facts (\(base.answererName))"))
        await base.close()
    }
}

/// One record of a KnowEdit file: an edit and the questions about it.
private struct BenchmarkRecord: Decodable {
    struct Probe: Decodable {
        let prompt: String
        let truths: [String]

        private enum CodingKeys: String, CodingKey {
            case prompt
            case truth = "ground_truth"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            prompt = try fields.decode(String.self, forKey: .prompt)
            truths = try fields.decode(NestedTexts.self, forKey: .truth).texts
        }
    }

    let subject: String
    let prompt: String
    let target: String
    let truths: [String]
    let rephrasing: String?
    let locality: [String: [Probe]]

    private enum CodingKeys: String, CodingKey {
        case subject
        case prompt
        case target = "target_new"
        case truth = "ground_truth"
        case rephrasing = "rephrase_prompt"
        case locality
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        subject = try fields.decode(String.self, forKey: .subject)
        prompt = try fields.decode(String.self, forKey: .prompt)
        target = try fields.decode(String.self, forKey: .target)
        truths = try fields.decodeIfPresent(NestedTexts.self, forKey: .truth)?.texts ?? []
        rephrasing = try fields.decodeIfPresent(String.self, forKey: .rephrasing)
        locality = try fields.decodeIfPresent([String: [Probe]].self, forKey: .locality) ?? [:]
    }

    static func read(_ path: String) throws -> [BenchmarkRecord] {
        try JSONDecoder().decode(
            [BenchmarkRecord].self, from: Data(contentsOf: URL(filePath: path)))
    }

    /// The locality questions that do not ask for the edited fact itself.
    var probes: [Probe] {
        let old = Set(truths.map(normalizedAnswer))
        return locality.sorted { $0.key < $1.key }.flatMap(\.value)
            .filter { old.isDisjoint(with: $0.truths.map(normalizedAnswer)) }
    }
}

extension [BenchmarkRecord] {
    fileprivate func withSubjectsOfTheirOwn() -> [BenchmarkRecord] {
        let counts = Dictionary(map { (normalizedAnswer($0.subject), 1) }, uniquingKeysWith: +)
        return filter { counts[normalizedAnswer($0.subject)] == 1 }
    }
}

/// A text, or lists of texts in lists: the benchmark's ways to write accepted answers.
private struct NestedTexts: Decodable {
    let texts: [String]

    init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            texts = [text]
        } else {
            texts = try [NestedTexts](from: decoder).flatMap(\.texts)
        }
    }
}

/// Folds case and space: what is left decides whether two answers are the same.
private func normalizedAnswer(_ text: String) -> String {
    text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
}

private struct AnswerScores {
    let base: KnowledgeBase
    let showsMisses: Bool
    private var records = 0
    private var prompts = 0
    private var rephrasings = (right: 0, all: 0)
    private var locality = (edited: 0, all: 0)
    private var unrelated = (answered: 0, all: 0)
    private var time = Sample()

    init(base: KnowledgeBase, showsMisses: Bool) {
        self.base = base
        self.showsMisses = showsMisses
    }

    mutating func take(_ record: BenchmarkRecord) async throws {
        records += 1
        if try await gives(record.target, to: record.prompt) {
            prompts += 1
        } else {
            miss("prompt", record.prompt, record)
        }
        if let rephrasing = record.rephrasing {
            rephrasings.all += 1
            if try await gives(record.target, to: rephrasing) {
                rephrasings.right += 1
            } else {
                miss("rephrase", rephrasing, record)
            }
        }
        for probe in record.probes {
            locality.all += 1
            guard try await gives(record.target, to: probe.prompt) else { continue }
            locality.edited += 1
            miss("locality", probe.prompt, record)
        }
    }

    mutating func takeUnrelated(_ path: String) async throws {
        struct Line: Decodable { let question: String }
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let question = try JSONDecoder().decode(Line.self, from: Data(line.utf8)).question
            unrelated.all += 1
            if try await answer(to: question) != nil { unrelated.answered += 1 }
        }
    }

    func report(_ report: Report) {
        report.share("prompt answered with the new object", prompts, of: records)
        report.share(
            "rephrasing answered with the new object", rephrasings.right, of: rephrasings.all)
        report.share("locality question given the edited object", locality.edited, of: locality.all)
        if unrelated.all > 0 {
            report.share("unrelated question answered", unrelated.answered, of: unrelated.all)
        }
        report.row("time of an ask", time.milliseconds)
    }

    private mutating func gives(_ target: String, to question: String) async throws -> Bool {
        try await answer(to: question).map(normalizedAnswer) == normalizedAnswer(target)
    }

    private mutating func answer(to question: String) async throws -> String? {
        let base = base
        return try await time.measure {
            try await base.ask(AskRequest(question: question), actor: .ada).answer
        }
    }

    private func miss(_ kind: String, _ question: String, _ record: BenchmarkRecord) {
        guard showsMisses else { return }
        print("\(kind): \(question)  [\(record.prompt) \(record.target)]")
    }
}
