import ErrataCore
import ErrataEvaluation
import ErrataService
import ErrataTesting
import Foundation
import Testing

/// Runs evaluations through a real store, without models: lookup answers by words.
@Suite("an evaluation")
struct EvaluationRunTests {
    private struct Bench {
        let directory: TemporaryDirectory
        let set: EvaluationSet
        let knowledge: KnowledgeBase
        let store: EvaluationStore

        init(_ lines: [String], _ settings: [EvaluationSetting]) async throws {
            directory = try TemporaryDirectory()
            let file = directory.file("items.jsonl")
            try lines.joined(separator: "\n")
                .write(toFile: file, atomically: true, encoding: .utf8)
            set = try EvaluationSet(path: file)
            knowledge = try KnowledgeBase(
                .init(dataDirectory: directory.file("data"), readerPrecision: nil))
            store = try await EvaluationStore(knowledge, set.items, settings)
        }

        func measured(except done: Set<ItemMeasurement.ID> = []) async throws -> [ItemMeasurement] {
            let collected = Collected()
            try await EvaluationRun(items: set.items, store: store, width: 2).measure(
                JudgeMethod("lookup", store: store), except: done
            ) { collected.add($0) }
            return collected.all
        }
    }

    private static let colours = ["red", "green", "blue", "black"]

    /// Four items, the last of which edits the fact of the first again.
    private static let lines = zip(["Ada", "Grace", "Alan", "Ada"], colours).map { name, colour in
        "{\"subject\": \"\(name)\", \"prompt\": \"The favourite colour of \(name) is\", "
            + "\"target\": \"\(colour)\", \"locality\": {\"Other\": "
            + "[{\"prompt\": \"The birthplace of \(name) is\", \"answers\": [\"London\"]}]}}"
    }

    @Test("each edit alone is at a version that holds it and no other")
    func single() async throws {
        let bench = try await Bench(Self.lines, [.single])
        #expect(bench.store.versions.map(\.label) == Array(repeating: "single", count: 4))
        for (place, version) in bench.store.versions.enumerated() {
            let facts = try bench.knowledge.facts(at: version.revision, limit: 10).page.items
            #expect(facts.map(\.fact?.object) == [Self.colours[place]])
        }
        let measured = try await bench.measured()
        #expect(measured.count == 4)
        for item in measured {
            #expect(item.answers[0].text == Self.colours[item.item])
            #expect(item.answers[0].kind == .right)
            #expect(item.answers[0].rank == 1)
            #expect(item.answers[0].tokens == nil)
        }
        await bench.knowledge.close()
    }

    @Test("of two edits of one fact in a batch the later counts, and the earlier item says so")
    func batch() async throws {
        let bench = try await Bench(Self.lines, [.batch(nil)])
        #expect(bench.store.versions.map(\.label) == ["batch 4"])
        let measured = try await bench.measured().sorted { $0.item < $1.item }
        #expect(measured.map { $0.answers[0].text } == ["black", "green", "blue", "black"])
        #expect(measured.map { $0.answers[0].kind } == [.wrongObject, .right, .right, .right])
        let scores = ScoreBuilder(bench.set, ScoreSelection(), seed: 1).scores(measured)
        #expect(scores.first?.exact["success"]?.mean == 75)
        let distinct = ScoreSelection(leavesOutSuperseded: true)
        let others = ScoreBuilder(bench.set, distinct, seed: 1).scores(measured)
        #expect(others.first?.exact["success"]?.mean == 100)
        #expect(others.first?.itemCount == 3)
        await bench.knowledge.close()
    }

    @Test(
        "a sequence asks each item after its own commit, and all so far after 1 and after the last")
    func sequence() async throws {
        let bench = try await Bench(Self.lines, [.sequential])
        #expect(
            bench.store.versions.map(\.label) == [
                "sequential", "sequential after 1", "sequential", "sequential", "sequential",
                "sequential after 4",
            ])
        #expect(bench.store.versions.map(\.edits.count) == [1, 1, 2, 3, 4, 4])
        let measured = try await bench.measured()
        #expect(measured.count == 4 + 1 + 4)
        let own = measured.filter { $0.version == "sequential" }.sorted { $0.item < $1.item }
        #expect(own.map { $0.answers[0].text } == Self.colours)
        let last = measured.filter { $0.version == "sequential after 4" }
            .sorted { $0.item < $1.item }
        #expect(last.map { $0.answers[0].text } == ["black", "green", "blue", "black"])
        #expect(last.map(\.edits) == [4, 4, 4, 4])
        await bench.knowledge.close()
    }

    @Test("a batch of as many as there are is asked once, and a setting that is named twice too")
    func sameBatches() async throws {
        let bench = try await Bench(
            Self.lines, [.batch(4), .batch(nil), .batch(9), .single, .single])
        #expect(
            bench.store.versions.map(\.label)
                == ["batch 4"] + Array(repeating: "single", count: 4))
        await bench.knowledge.close()
    }

    @Test("what was measured is not measured again, and a run goes on behind a line cut short")
    func resuming() async throws {
        let bench = try await Bench(Self.lines, [.single])
        let header = EvaluationHeader(
            version: "1", set: bench.set, isHeldBack: false, settings: ["single"], k: nil,
            tokenCountMax: 8, seed: 1,
            methods: [.init(name: "lookup", identity: "x", bytes: nil)], machine: "here")
        let out = bench.directory.file("out")
        let (files, none) = try EvaluationFiles.open(out, header, resumes: false)
        #expect(none.isEmpty)
        let all = try await bench.measured()
        for item in all.prefix(2) { try files.append(item) }
        #expect(throws: EvaluationError.self) {
            try EvaluationFiles.open(out, header, resumes: false)
        }
        let path = out + "/" + EvaluationFiles.measurementsName
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"method\": \"look".utf8))
        try handle.close()

        let (more, done) = try EvaluationFiles.open(out, header, resumes: true)
        #expect(done == Array(all.prefix(2)))
        for item in try await bench.measured(except: Set(done.map(\.id))) { try more.append(item) }
        let (read, measured) = try EvaluationFiles.read(out)
        #expect(read == header)
        func answers(_ items: [ItemMeasurement]) -> [[ErrataEvaluation.Measurement]] {
            items.sorted { $0.item < $1.item }.map(\.answers)
        }
        #expect(measured.count == 4)
        #expect(answers(measured) == answers(all))

        var other = header
        other.seed = 2
        #expect(throws: EvaluationError.self) {
            try EvaluationFiles.open(out, other, resumes: true)
        }
        await bench.knowledge.close()
    }

    @Test("a line in the middle that is no measurement is an error with its number")
    func damaged() throws {
        let directory = try TemporaryDirectory()
        let out = directory.file("out")
        #expect(throws: EvaluationError.self) { try EvaluationFiles.read(out) }
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try "{}".write(
            toFile: out + "/" + EvaluationFiles.headerName, atomically: true, encoding: .utf8)
        #expect(throws: EvaluationError.self) { try EvaluationFiles.read(out) }
    }

    @Test("two runs that differ in one of many items differ by no clear amount")
    func comparison() async throws {
        let bench = try await Bench(Self.lines, [.single])
        let measured = try await bench.measured()
        var other = measured
        let place = try #require(other.firstIndex { $0.item == 0 })
        other[place].answers[0].kind = .other
        let rows = RunComparison(measured, other, bench.set, ScoreSelection(), seed: 1).rows
        let row = try #require(rows.first { $0.metric == "success" && $0.way == "exact" })
        #expect(row.first == 100 && row.second == 75)
        #expect(row.low <= -25 && row.high == 0)
        #expect(!row.isClear)
        for item in other.indices { other[item].answers[0].kind = .other }
        let clear = RunComparison(measured, other, bench.set, ScoreSelection(), seed: 1).rows
            .first { $0.metric == "success" && $0.way == "exact" }
        #expect(clear?.isClear == true)
        await bench.knowledge.close()
    }

    @Test("a report shows data as text, whatever it holds")
    func report() async throws {
        let line = Self.lines[0].replacing("Ada", with: "<b>|Ada&")
        let bench = try await Bench([line] + Self.lines.dropFirst(), [.sequential])
        let header = EvaluationHeader(
            version: "1", set: bench.set, isHeldBack: false, settings: ["<script>"], k: nil,
            tokenCountMax: 8, seed: 1,
            methods: [.init(name: "lookup", identity: "a|b", bytes: nil)], machine: "here")
        let scores = ScoreBuilder(bench.set, ScoreSelection(), seed: 1)
            .scores(try await bench.measured())
        let report = EvaluationReport(header, scores, ScoreSelection(), supersededCount: 0)
        #expect(!report.html.contains("<script>"))
        #expect(report.html.contains("&lt;script&gt;"))
        #expect(report.html.contains("<polyline"))
        #expect(!report.html.contains("http://") || report.html.contains("www.w3.org/2000/svg"))
        #expect(report.markdown.contains("| sequential after 4 | lookup |"))
        for line in ScoreTable(scores).lines { #expect(line.count <= ScoreTable.width) }
        await bench.knowledge.close()
    }
}
