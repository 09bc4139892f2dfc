import ErrataCore
import ErrataEvaluation
import ErrataService
import ErrataTesting
import Foundation
import Testing

@testable import ErrataModels

/// Holds the metrics against `Tests/Metrics/metrics.py`, which writes them down a second time.
@Suite("metrics")
struct MetricTests {
    /// What the second transcription is given, and what it says.
    private struct Run: Encodable {
        struct Before: Encodable {
            let text: String?
            let logits: [[Float]]
        }
        struct Question: Encodable {
            let kind: String
            let answers: [[String]]
            let text: String?
            let target: [Int32]
            let logits: [[Float]]
            let before: Before
            let rank: Int?
            let asksForEdit: Bool
        }
        struct Item: Encodable { let questions: [Question] }

        let items: [Item]
        var general: [Item] = []
        let texts: [String]
    }

    private struct Scores: Decodable {
        let forced: [String: Double]
        let exact: [String: Double]
    }

    private struct Result: Decodable {
        let all: Scores
        let paper: Scores
        let general: Scores
        let fluency: [Double]
        let normalised: [String]
    }

    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "Metrics/metrics.py")

    @Test("a second transcription of the definitions gives the same for the same logits")
    func transcription() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("items.jsonl")
        try DrawnItems(seed: 7, count: 60).text.write(
            toFile: file, atomically: true, encoding: .utf8)
        let set = try EvaluationSet(path: file)
        let knowledge = try KnowledgeBase(
            .init(dataDirectory: directory.file("data"), readerPrecision: nil))
        let store = try await EvaluationStore(knowledge, set.items, [.batch(nil)])
        let method = DrawnMethod(facts: store.facts)
        let measured = Collected()
        try await EvaluationRun(items: set.items, store: store, width: 2)
            .measure(method, except: []) { measured.add($0) }
        await knowledge.close()

        let texts = DrawnItems(seed: 11, count: 1_000).texts
        let run = Run(items: try set.items.map { try Self.item($0, method, store) }, texts: texts)
        let result = try Self.transcribed(run, in: directory)
        for (selection, expected) in [
            (ScoreSelection(), result.all), (ScoreSelection(isOfPaper: true), result.paper),
        ] {
            let score = try #require(
                ScoreBuilder(set, selection, seed: 1).scores(measured.all).first)
            #expect(score.itemCount == 60)
            #expect(Set(score.tokens.keys) == Set(expected.forced.keys))
            for (name, value) in expected.forced {
                #expect(abs((score.tokens[name]?.mean ?? -1) - value) < 1e-6, "\(name)")
            }
            #expect(Set(score.exact.keys) == Set(expected.exact.keys))
            for (name, value) in expected.exact {
                #expect(abs((score.exact[name]?.mean ?? -1) - value) < 1e-6, "\(name)")
            }
        }
        #expect(texts.map(AnswerMatch.normalised) == result.normalised)
        #expect(result.fluency.contains { $0 > 100 } && result.fluency.contains(0))
        for (text, fluency) in zip(texts, result.fluency) {
            #expect(abs(NGramEntropy.fluency(text) - fluency) < 1e-6, "\(text)")
        }
    }

    @Test("agreement, accuracy and fluency of general questions are those of the transcription")
    func general() async throws {
        let directory = try TemporaryDirectory()
        let (file, questions) = (directory.file("items.jsonl"), directory.file("general.jsonl"))
        try DrawnItems(seed: 7, count: 12).text.write(
            toFile: file, atomically: true, encoding: .utf8)
        try (0..<300).map { number in
            let answers = number.isMultiple(of: 3) ? "" : ", \"answer\": [\"azure\", \"The Ada\"]"
            return "{\"question\": \"question \(number) of all\"\(answers)}"
        }.joined(separator: "\n").write(toFile: questions, atomically: true, encoding: .utf8)
        var set = try EvaluationSet(path: file)
        try set.addGeneral(path: questions, count: 300, seed: 1)
        let knowledge = try KnowledgeBase(
            .init(dataDirectory: directory.file("data"), readerPrecision: nil))
        let store = try await EvaluationStore(knowledge, set.items, [])
        let method = DrawnMethod(facts: store.facts)
        let measured = Collected()
        try await EvaluationRun(items: set.items, store: store, width: 2)
            .measure(method, except: []) { measured.add($0) }
        await knowledge.close()
        let general = try set.items.dropFirst(12).map { try Self.item($0, method, store) }
        let result = try Self.transcribed(
            Run(items: [], general: general, texts: []), in: directory)
        let scores = ScoreBuilder(set, ScoreSelection(), seed: 1).scores(measured.all)
        #expect(
            Set(scores.map(\.version)) == [
                "general after 0", "general after 10", "general after 12",
            ])
        for score in scores {
            #expect(Set(score.exact.keys) == ["agreement", "accuracy", "fluency"])
            #expect(score.exact["accuracy"]?.count == 200)
            for (name, value) in result.general.exact {
                #expect(abs((score.exact[name]?.mean ?? -1) - value) < 1e-6, "\(name)")
            }
            #expect(
                abs(
                    (score.tokens["agreement"]?.mean ?? -1)
                        - (result.general.forced["agreement"] ?? 0)) < 1e-6)
        }
        #expect(Set(result.general.exact.keys) == ["agreement", "accuracy", "fluency"])
        #expect((result.general.exact["accuracy"] ?? 0) > 10)
    }

    private static func item(
        _ item: EvaluationItem, _ method: DrawnMethod, _ store: EvaluationStore
    ) throws -> Run.Item {
        Run.Item(
            questions: item.questions.map { question in
                let (now, before) = (
                    method.drawn(question.text, edited: true),
                    method.drawn(question.text, edited: false)
                )
                let kind =
                    switch question.kind {
                    case .success: "success"
                    case .rephrasing: "rephrasing"
                    case .portability(let name): "portability \(name)"
                    case .locality(let name): "locality \(name)"
                    case .general: "locality general"
                    }
                return Run.Question(
                    kind: kind, answers: question.answers, text: now.text, target: now.target,
                    logits: now.logits, before: .init(text: before.text, logits: before.logits),
                    rank: now.candidates.firstIndex { $0 == store.facts[item.number - 1] }
                        .map { $0 + 1 },
                    asksForEdit: question.asksForEdit)
            })
    }

    private static func transcribed(_ run: Run, in directory: TemporaryDirectory) throws -> Result {
        let file = directory.file("run.json")
        try JSONEncoder().encode(run).write(to: URL(filePath: file))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path]
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: file))
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try JSONDecoder().decode(Result.self, from: bytes)
    }
}
