import ErrataEvaluation
import ErrataService
import ErrataTesting
import Foundation
import Testing

@Suite("general questions")
struct GeneralTests {
    @Test("they are asked with 10 and all edits in the store, and compared with no edits")
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
        #expect(store.versions.map(\.label) == ["general after 10", "general after 14"])
        let measured = Collected()
        try await EvaluationRun(items: set.items, store: store, width: 1)
            .measure(JudgeMethod("lookup", store: store), except: []) { measured.add($0) }
        await knowledge.close()
        #expect(measured.all.count == 6)
        let scores = ScoreBuilder(set, ScoreSelection(), seed: 1).scores(measured.all)
        // The fact about S12 is not among the first ten.
        let same = scores.map { $0.exact["locality"]?.mean.rounded() }
        #expect(same == [100, 67])
        #expect(scores.map { $0.exact["truth"]?.count } == [1, 1])
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
