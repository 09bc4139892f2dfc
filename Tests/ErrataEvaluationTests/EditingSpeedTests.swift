import ErrataCore
import ErrataEvaluation
import ErrataModels
import ErrataService
import ErrataTesting
import Foundation
import Synchronization
import Testing

@Suite("the time of an edit")
struct EditingSpeedTests {
    /// Holds edits as an editor does, and says the last three that it made.
    private actor RecordingEditor: EvaluatedMethod {
        nonisolated let name = "recording"
        nonisolated let identity = "recording"
        nonisolated let scoresTokens = false
        nonisolated let isStateful = true
        private var held: [String] = []
        private var kept: [String] = []
        private(set) var heldWhenAsked: [[String]] = []

        func prepare(
            _ version: EvaluationVersion, after previous: EvaluationVersion?,
            _ items: [EvaluationItem]
        ) throws {
            if !version.continues(previous) { held = [] }
            let made = version.continues(previous) ? previous?.edits.upperBound ?? 0 : 0
            make(Array(items[made..<version.edits.upperBound]))
        }

        func make(_ items: [EvaluationItem]) { held += items.map(\.subject) }

        func keep() { kept = held }

        func goBack() { held = kept }

        func respond(
            to question: String, target: String?, at version: EvaluationVersion?
        ) throws -> MethodResponse {
            heldWhenAsked.append(held)
            // Edits of even subjects are wrong.
            let number = held.last.flatMap { Int($0.dropFirst()) } ?? 0
            return MethodResponse(text: number.isMultiple(of: 2) ? "no" : "red")
        }
    }

    private static func lines(_ count: Int) -> [String] {
        EvaluationBench.lines((0..<count).map { ("S\($0)", "red") }) { "The hue of \($0) is" }
    }

    @Test("an editor holds one edit fewer when it is timed, and what was timed is taken back")
    func editor() async throws {
        let bench = try await EvaluationBench(Self.lines(7), [])
        let method = RecordingEditor()
        let rows = try await EditingSpeed(bench.set.items, bench.knowledge).measure(
            method, counts: [4, 1], repeats: 3)
        let first = (0..<3).map { "S\($0)" }
        #expect(
            await method.heldWhenAsked == [
                ["S0"], ["S0"], ["S1"], ["S2"], first + ["S3"], first + ["S3"], first + ["S4"],
                first + ["S5"],
            ])
        #expect(rows.map(\.edits) == [1, 4])
        // Of S0, S1, S2 one is right, of S3, S4, S5 two.
        #expect(rows.map(\.missed) == [2, 1])
        #expect(rows.allSatisfy { $0.milliseconds != nil && $0.answered != nil })
        #expect(rows.allSatisfy { ($0.peakBytes ?? .max) > 1 << 20 })
        #expect(try bench.knowledge.facts(at: "main", limit: 10).page.items.isEmpty)
        await bench.knowledge.close()
    }

    @Test("an edit in the store is asked for at a version that holds so many")
    func store() async throws {
        let bench = try await EvaluationBench(Self.lines(6), [])
        var rows: [EditingSpeed.Row] = []
        let all = try await EditingSpeed(bench.set.items, bench.knowledge).measure(
            try JudgeMethod("lookup", store: bench.store), counts: [1, 5], repeats: 2
        ) { rows.append($0) }
        #expect(rows == all)
        #expect(rows.map(\.missed) == [0, 0])
        for row in rows {
            let (median, slowest) = (row.milliseconds ?? 0, row.slowest ?? 0)
            #expect(median > 0 && slowest >= median && row.answered == median)
        }
        let branches = try bench.knowledge.resolve("timed/lookup/4/5")
        #expect(try bench.knowledge.facts(at: branches.hex, limit: 10).page.items.count == 5)
        await bench.knowledge.close()
    }

    @Test(
        "every editor of weights is timed beside edits made before",
        arguments: WeightEditorKind.allCases)
    func weights(kind: WeightEditorKind) async throws {
        let knower = try TinyKnower.shared.get()
        let bench = try await EvaluationBench(
            EvaluationBench.lines(
                TinyKnower.edits.prefix(4).map { ($0.subject ?? "", $0.target) },
                TinyKnower.prompt), [.batch(2)])
        let editor = try EditorMethod(
            kind, directory: knower.directory, sample: TinyKnower.sample, threads: 1,
            tokenCountMax: 4, seed: 3)
        let rows = try await EditingSpeed(bench.set.items, bench.knowledge).measure(
            editor, counts: [1, 3], repeats: 2)
        #expect(rows.map(\.edits) == [1, 3])
        #expect(rows.allSatisfy { ($0.answered ?? 0) > 0 && $0.bytes != nil })
        // The weights are those with two edits again, of which the timed ones are none.
        let now = try await editor.respond(
            to: TinyKnower.prompt("zip"), target: nil,
            at: bench.store.versions[0])
        let other = try EditorMethod(
            kind, directory: knower.directory, sample: TinyKnower.sample, threads: 1,
            tokenCountMax: 4, seed: 3)
        try await other.make(Array(bench.set.items.prefix(2)))
        let expected = try await other.respond(
            to: TinyKnower.prompt("zip"), target: nil,
            at: bench.store.versions[0])
        #expect(now.text == expected.text && now.tokens == expected.tokens)
        await bench.knowledge.close()
    }
}
