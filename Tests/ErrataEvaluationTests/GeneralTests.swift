import ErrataEvaluation
import ErrataService
import ErrataTesting
import Foundation
import Testing

@Suite("general questions")
struct GeneralTests {
    @Test("they are asked with 0, 10 and all edits in the store, and compared with no edits")
    func general() async throws {
        let directory = try TemporaryDirectory()
        let (data, general) = (directory.file("items.jsonl"), directory.file("general.jsonl"))
        let items = (0..<14).map {
            "{\"subject\": \"S\($0)\", \"prompt\": \"The colour of S\($0) is\", \"target\": \"red\"}"
        }
        let questions = [
            "{\"question\": \"who wrote the iliad\", \"answer\": [\"Homer\", \"Homeros\"]}",
            "{\"instruction\": \"Write a poem.\"}", "{\"qText\": \"what is the colour of S12\"}",
        ]
        try items.joined(separator: "\n").write(toFile: data, atomically: true, encoding: .utf8)
        try questions.joined(separator: "\n")
            .write(toFile: general, atomically: true, encoding: .utf8)
        var set = try EvaluationSet(path: data)
        try set.addGeneral(path: general, count: 2, seed: 1)
        #expect(set.generalCount == 2)
        set = try EvaluationSet(path: data)
        try set.addGeneral(path: general, count: 9, seed: 1)
        #expect((set.editCount, set.generalCount) == (14, 3))

        let knowledge = try KnowledgeBase(
            .init(dataDirectory: directory.file("data"), readerPrecision: nil))
        let store = try await EvaluationStore(knowledge, set.items, [])
        #expect(
            store.versions.map(\.label) == [
                "general after 0", "general after 10", "general after 14",
            ])
        #expect(store.versions.map(\.editCount) == [0, 10, 14])
        let measured = Collected()
        try await EvaluationRun(items: set.items, store: store, width: 1)
            .measure(JudgeMethod("lookup", store: store), except: []) { measured.add($0) }
        await knowledge.close()
        #expect(measured.all.count == 9)
        let scores = ScoreBuilder(set, ScoreSelection(), seed: 1).scores(measured.all)
        // The fact about S12 is not among the first ten.
        let same = scores.map { $0.exact["agreement"]?.mean.rounded() }
        #expect(same == [100, 100, 67])
        // One of three has an answer.
        #expect(scores.map { $0.exact["accuracy"]?.count } == [1, 1, 1])
        #expect(scores.allSatisfy { $0.exact["locality"] == nil && $0.exact["truth"] == nil })
        let lines = ScoreTable(scores).lines
        #expect(lines.allSatisfy { $0.count <= ScoreTable.width })
        #expect(lines.contains("general after 10 (3 questions)"))
        #expect(lines.count == 2 + 3 * 2)
        let header = EvaluationHeader(
            version: "1", set: set, isHeldBack: false, settings: ["single"], k: nil,
            tokenCountMax: 8, seed: 1,
            methods: [.init(name: "lookup", identity: "x", bytes: nil)], machine: "here")
        let report = EvaluationReport(header, scores, ScoreSelection(), supersededCount: 0)
        #expect(report.markdown.contains("## General questions"))
        #expect(!report.markdown.contains("## Scores"))
        #expect(report.html.contains("General questions answered rightly"))
    }

    @Test("a record without a question is an error that names its place")
    func bad() throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("items.jsonl")
        try "{\"subject\": \"S\", \"prompt\": \"p\", \"target\": \"t\"}"
            .write(toFile: file, atomically: true, encoding: .utf8)
        var set = try EvaluationSet(path: file)
        #expect(throws: (any Error).self) {
            try set.addGeneral(path: file, count: 1, seed: 1)
        }
    }
}
