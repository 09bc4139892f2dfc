import ErrataModels
import Foundation
import Testing

@testable import ErrataAlignment
@testable import ErrataEvaluation

@Suite("Closed forms of editors")
struct ClosedFormTests {
    private struct Case: Decodable {
        let moment: [Double]
        let keys: [[Double]]
        let key: [Double]
        let weight: Double
        let rankOne: [Double]
        let mass: [[Double]]
    }

    private static func cases() throws -> [Case] {
        let path = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/editors/closed_form.json")
        return try JSONDecoder().decode([Case].self, from: Data(contentsOf: path))
    }

    private func expectClose(_ a: [Double], _ b: [Double], _ tolerance: Double) {
        #expect(a.count == b.count)
        let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
        let size = b.map(abs).max() ?? 0
        #expect(worst <= tolerance * max(size, 1e-3), "largest difference \(worst) of \(size)")
    }

    // Double precision, matrices of 12 with condition numbers below 100.
    @Test("updates are numpy's")
    func numpy() throws {
        let cases = try Self.cases()
        #expect(cases.map(\.keys.count) == [1, 3, 12, 20])
        for one in cases {
            let inverse = try PositiveMatrix(one.moment, size: one.key.count)
            let mean = one.key.indices.map { i in
                one.keys.reduce(0) { $0 + $1[i] } / Double(one.keys.count)
            }
            let direction = try ClosedForm.rankOne(mean: mean, key: one.key, inverse)
            expectClose(direction, one.rankOne, 1e-10)
            let both = [
                try ClosedForm.few(one.keys, weight: one.weight, inverse),
                try ClosedForm.many(one.keys, weight: one.weight, one.moment),
                try ClosedForm.mass(
                    one.keys, weight: one.weight, moment: one.moment, inverse),
            ]
            for rows in both {
                expectClose(rows.flatMap { $0 }, one.mass.flatMap { $0 }, 1e-10)
            }
        }
    }

    @Test("equations are solved, at sizes that are no multiple of four", arguments: 1...9)
    func solved(size: Int) throws {
        var random = SeededGenerator(seed: UInt64(size))
        let root = (0..<size * size).map { _ in Double(random.below(2_001)) / 1_000 - 1 }
        var matrix = [Double](repeating: 0, count: size * size)
        for i in 0..<size {
            for j in 0..<size {
                matrix[i * size + j] = (0..<size).reduce(i == j ? 0.5 : 0) {
                    $0 + root[i * size + $1] * root[j * size + $1]
                }
            }
        }
        let x = (0..<size).map { _ in Double(random.below(100)) }
        let b = (0..<size).map { i in
            (0..<size).reduce(0) { $0 + matrix[i * size + $1] * x[$1] }
        }
        expectClose(try PositiveMatrix(matrix, size: size).solve(b), x, 1e-10)
    }

    @Test("a matrix that is not positive definite is refused", arguments: [[0.0], [-1], [.nan]])
    func indefinite(matrix: [Double]) {
        #expect(throws: ModelError.self) { try PositiveMatrix(matrix, size: 1) }
    }

    @Test("a key of zeros is refused")
    func zeroKey() throws {
        let identity = try PositiveMatrix([1, 0, 0, 1], size: 2)
        #expect(throws: ModelError.self) {
            try ClosedForm.rankOne(mean: [0, 0], key: [1, 2], identity)
        }
    }

    @Test(
        "the rank-one update gives the prompt's key its new value, and others a multiple of the change"
    )
    func rankOne() throws {
        let directory = try TinyKnower.shared.get().directory
        let base = try DecoderBase(directory: directory)
        let form = try EditForm(base)
        var weights = try EditedWeights(base, threads: 1, seed: 1)
        let edit = TinyKnower.edits[0]
        let located = LocatedEdit(
            texts: .init(
                contexts: [try form.text(edit), try form.text(edit, prefix: "say now: ")],
                essence: try form.essence(edit)))
        var statistics = try KeyStatistics(TinyKnower.sample, form, KeyStatisticsSettings())
        try statistics.prepare([1], weights.decoder, weights.original) { false }
        let range = weights.contraction(1)
        let (key, mean) = located.keys(1, weights)
        #expect(key != mean)
        let old = RankOneEditor.product(weights.values[range], key)
        let search = VectorSearch(settings: RankOneSettings().search, decoder: weights.decoder)
        var settings = RankOneSettings()
        settings.depth = 0.3
        let found = try search(
            located.texts, weights.values, layer: 1, norm: old.length, isCancelled: { false })
        let before = weights.values[range].map(Double.init)
        let outcome = try RankOneEditor(settings: settings).apply(
            located, to: &weights, statistics, isCancelled: { false })
        #expect(outcome == found.outcome)
        let change = found.vector.map(Double.init)
        let new = RankOneEditor.product(weights.values[range], key)
        // Weights of about 1 are rounded to 24 bits.
        expectClose(new, zip(old, change).map { $0 + $1 }, 1e-5)

        let moves = zip(weights.values[range].map(Double.init), before).map { $0 - $1 }
        let strongest = change.indices.max { abs(change[$0]) < abs(change[$1]) } ?? 0
        let row = Array(moves[strongest * key.count..<(strongest + 1) * key.count])
        let outer = change.flatMap { c in row.map { $0 * c / change[strongest] } }
        expectClose(moves, outer, 1e-4)
    }

    @Test("second moments are those of the keys, and the identity without a text")
    func moments() throws {
        let base = try DecoderBase(directory: try TinyKnower.shared.get().directory)
        let form = try EditForm(base)
        let weights = try EditedWeights(base, threads: 1, seed: 1)
        let width = base.configuration.intermediateWidth
        var settings = KeyStatisticsSettings()
        settings.ridge = 0.5
        var statistics = try KeyStatistics(TinyKnower.sample, form, settings)
        try statistics.prepare([1], weights.decoder, weights.original) { false }
        var sum = [Double](repeating: 0, count: width * width)
        var count = 0.0
        for text in TinyKnower.sample {
            let row = PackedRow([try form.sample(text, tokenCountMax: 128)])
            let keys = try #require(
                weights.decoder.feedForwardKeys(row, weights.original, layers: [1])[1])
            for token in 0..<keys.rows {
                let key = keys.row(token)
                for i in 0..<width { for j in 0..<width { sum[i * width + j] += key[i] * key[j] } }
                count += 1
            }
        }
        let mean = (0..<width).reduce(0) { $0 + sum[$1 * (width + 1)] / count } / Double(width)
        for i in 0..<sum.count { sum[i] /= count }
        for i in 0..<width { sum[i * (width + 1)] += 0.5 * mean }
        expectClose(statistics.moment(1), sum, 1e-5)

        var empty = try KeyStatistics([], form, settings)
        try empty.prepare([1], weights.decoder, weights.original) { false }
        let one = empty.moment(1)
        #expect((0..<width * width).allSatisfy { one[$0] == ($0 % (width + 1) == 0 ? 1 : 0) })
    }
}
