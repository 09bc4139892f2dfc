import ErrataModels
import Foundation
import Testing

@testable import ErrataAlignment

@Suite("Vectors added inside of a decoder")
struct ProbeGradientTests {
    static let checkpoints = ["llama", "llama-odd", "mistral-window", "qwen2", "qwen3"]

    private struct Probed {
        let decoder: TrainedDecoder
        let values: [Float]
        let row: PackedRow
        let half: HalfwayRow
        let places: [Int]
        let goals: [LogitGoal]

        init(_ name: String, layer: Int = 0) throws {
            let path = URL(filePath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures/decoder/" + name).path
            var table = ParameterTable()
            decoder = try TrainedDecoder(
                try DecoderSource(directory: path), method: .full, seed: 1,
                work: ParallelKernels(threads: 1), table: &table)
            values = table.values
            let vocabulary = decoder.configuration.vocabularyCount
            var random = SeededGenerator(seed: 5)
            row = PackedRow(
                [12, 9, 7].map { count in
                    ChatExample(
                        tokens: (0..<count).map { _ in Int32(random.below(vocabulary)) },
                        answerStart: count - 3)
                })
            half = decoder.halfway(row, values, layer: layer)
            places = row.texts.map { $0.lowerBound + 2 }
            var goals: [LogitGoal] = []
            for text in row.texts.dropLast() {
                for target in text.suffix(3) {
                    goals.append(
                        LogitGoal(row: target - 1, .token(row.tokens[target]), weight: 0.3))
                }
            }
            var wanted = decoder.probabilities(half, values, row: row.tokens.count - 1)
            wanted.reverse()
            goals.append(
                LogitGoal(row: row.tokens.count - 1, .distribution(wanted), weight: 0.5))
            self.goals = goals
        }

        func probe(_ vector: [Float]) -> TrainedDecoder.Probe {
            decoder.probe(half, values, adding: vector, at: places, goals: goals)
        }
    }

    // Central differences of a float32 loss: a relative error of about 1e-3, of third derivatives and rounding.
    @Test("the gradient is the slope, along itself and along numbers", arguments: checkpoints)
    func slopes(name: String) throws {
        let probed = try Probed(name)
        var random = SeededGenerator(seed: 2)
        let width = probed.decoder.configuration.width
        let vector = (0..<width).map { _ in Float(random.below(201)) / 100 - 1 }
        let gradient = probed.probe(vector).gradient
        let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(norm > 1e-3)
        func slope(_ direction: [Float]) -> Double {
            let step: Float = 1e-2
            let (up, down) = (
                zip(vector, direction).map { $0 + step * $1 },
                zip(vector, direction).map { $0 - step * $1 }
            )
            return (probed.probe(up).loss - probed.probe(down).loss) / Double(2 * step)
        }
        let along = slope(gradient.map { $0 / Float(norm) })
        #expect(abs(along - norm) <= 1e-2 * norm, "slope \(along), gradient \(norm)")
        let largest = gradient.indices.sorted { abs(gradient[$0]) > abs(gradient[$1]) }.prefix(4)
        for i in largest {
            var direction = [Float](repeating: 0, count: width)
            direction[i] = 1
            let found = slope(direction)
            #expect(
                abs(found - Double(gradient[i])) <= 2e-2 * abs(found) + 1e-4,
                "number \(i): slope \(found), gradient \(gradient[i])")
        }
    }

    @Test("nothing added is nothing changed", arguments: checkpoints)
    func nothing(name: String) throws {
        let probed = try Probed(name)
        let zero = [Float](repeating: 0, count: probed.decoder.configuration.width)
        let tokens = Array(probed.goals.dropLast())
        let probe = probed.decoder.probe(
            probed.half, probed.values, adding: zero, at: probed.places, goals: tokens)
        let whole = PackedRow(
            probed.row.texts.dropLast().map { text in
                ChatExample(tokens: Array(probed.row.tokens[text]), answerStart: text.count - 3)
            })
        let score = probed.decoder.score(whole, probed.values)
        #expect(abs(probe.loss - 0.3 * score.loss) <= 1e-5 * score.loss)
        #expect(probe.isMet.count { $0 } == score.rightCount)
        // A distribution that is its own is no way off.
        let last = probed.row.tokens.count - 1
        let own = probed.decoder.probabilities(probed.half, probed.values, row: last)
        let still = probed.decoder.probe(
            probed.half, probed.values, adding: zero, at: probed.places,
            goals: [LogitGoal(row: last, .distribution(own), weight: 1)])
        #expect(abs(still.loss) <= 1e-6)
        #expect(still.gradient.allSatisfy { abs($0) <= 1e-6 })
    }

    @Test("what the last block hands on leads nowhere but to its own token")
    func lastBlock() throws {
        let probed = try Probed("llama", layer: 1)
        let vector = [Float](repeating: 1, count: probed.decoder.configuration.width)
        #expect(probed.probe(vector).gradient.allSatisfy { $0 == 0 })
    }

    @Test("gradients in focus are those of all, and others are left alone", arguments: checkpoints)
    func focus(name: String) throws {
        let probed = try Probed(name)
        var table = ParameterTable()
        let path = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/decoder/" + name).path
        _ = try TrainedDecoder(
            try DecoderSource(directory: path), method: .full, seed: 1,
            work: ParallelKernels(threads: 1), table: &table)
        func gradient(_ focus: Range<Int>?) -> [Float] {
            let sum = Tensor.zeros(rows: 1, columns: table.count)
            _ = probed.decoder.score(
                probed.row, table.values,
                training: .init(divisor: 9, gradients: sum.start, focus: focus))
            return sum.values
        }
        let all = gradient(nil)
        for entry in ["model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.up_proj.weight"]
            .compactMap({ table[$0] })
        {
            let some = gradient(entry.range)
            for i in some.indices {
                let expected = entry.range.contains(i) ? all[i] : 0
                guard some[i] != expected else { continue }
                Issue.record("\(entry.name): \(i) is \(some[i]), not \(expected)")
                return
            }
        }
    }
}
