import ErrataAlignment
import ErrataModels
import Foundation
import Testing

@Suite("Reader training")
struct TrainedReaderTests {
    private static let encoder = fixtures + "/encoder/tiny"
    private static let weights = LossWeights(scope: 1, direction: 0.3, span: 0.2)

    // Sums of a few hundred products near 1, in another order than torch's: 1e-5 of the largest gradient
    // (about 1) is a hundred roundings.
    @Test("every gradient is PyTorch's", arguments: ["full", "lowRank"])
    func gradientsMatchReference(method: String) throws {
        let reference = try TrainingReference()
        let (reader, table) = try reference.reader(method, Self.encoder)
        let pass = GradientPass(
            reader, parameterCount: table.count, shardCount: 2, kernels: .current)
        reader.prepare(table.values)
        _ = pass(reference.batches[0], weights: Self.weights, table.values)
        var worst: (difference: Float, name: String) = (0, "")
        for entry in table.entries {
            let expected = try reference.tensors.floats(
                "\(method).gradient.\(entry.name)", shape: entry.shape)
            for (i, value) in zip(entry.range, expected) {
                let difference = abs(pass.gradient[i] - value)
                if !(difference <= worst.difference) { worst = (difference, entry.name) }
            }
        }
        print("\(method): largest difference to PyTorch \(worst.difference) in \(worst.name)")
        #expect(worst.difference <= 1e-5)
    }

    @Test("ten steps lose what PyTorch's lose", arguments: ["full", "lowRank"])
    func stepsMatchReference(method: String) throws {
        let reference = try TrainingReference()
        var (reader, table) = try reference.reader(method, Self.encoder)
        let pass = GradientPass(
            reader, parameterCount: table.count, shardCount: 2, kernels: .current)
        var optimizer = AdamW(AdamW.Settings(), count: table.count)
        let schedule = LearningSchedule(stepCount: 10, warmUp: 0.2)
        var worst = 0.0
        for (step, batch) in reference.batches.enumerated() {
            reader.prepare(table.values)
            let loss = pass(batch, weights: Self.weights, table.values)
            _ = pass.clip(to: 1)
            optimizer.update(&table.values, pass.gradient, table.entries) { group in
                schedule.factor(at: step) * (group == .heads ? 2e-3 : 1e-3)
            }
            let expected = try #require(reference.losses[method])[step]
            worst = max(worst, abs(loss - expected))
        }
        print("\(method): largest difference of ten losses to PyTorch \(worst)")
        #expect(worst <= 1e-4)
    }

    // Central differences of a float32 loss: steps of 3e-3 leave a relative error of about 1e-3, of third
    // derivatives and of rounding.
    @Test("gradients are the slopes of the loss", arguments: ["full", "lowRank"])
    func gradientsMatchDifferences(method: String) throws {
        let reference = try TrainingReference()
        let (reader, table) = try reference.reader(method, Self.encoder)
        let pass = GradientPass(
            reader, parameterCount: table.count, shardCount: 1, kernels: .current)
        func loss(_ values: [Float]) -> Double {
            reader.prepare(values)
            return pass(reference.batches[0], weights: Self.weights, values)
        }
        _ = loss(table.values)
        let gradient = Array(UnsafeBufferPointer(start: pass.gradient, count: table.count))
        var worst: (difference: Double, name: String) = (0, "")
        for entry in table.entries {
            // Along the gradient of this tensor alone, where its slope is the gradient's norm.
            let norm = entry.range.reduce(0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }
                .squareRoot()
            guard norm > 1e-3 else { continue }
            let step = 3e-3
            func moved(_ sign: Double) -> [Float] {
                var values = table.values
                for i in entry.range {
                    values[i] += Float(sign * step * Double(gradient[i]) / norm)
                }
                return values
            }
            let slope = (loss(moved(1)) - loss(moved(-1))) / (2 * step)
            let difference = abs(slope - norm) / max(norm, 0.1)
            if difference > worst.difference { worst = (difference, entry.name) }
        }
        print("\(method): largest relative difference to slopes \(worst)")
        #expect(worst.difference <= 1e-2)
    }
}

/// What the PyTorch script recorded.
private struct TrainingReference {
    private struct Record: Decodable {
        struct Pair: Decodable {
            let ids: [Int32]
            let segments: [UInt8]
            let edit: [Int]
            let scope: Bool
            let subject: Bool
            let answer: [Int]?
        }

        let batches: [[Pair]]
        let rank: Int
        let scale: Float
        let losses: [String: [Double]]
    }

    let tensors: SafeTensors
    let batches: [[ReaderExample]]
    let losses: [String: [Double]]
    private let record: Record

    init() throws {
        let path = fixtures + "/reader"
        tensors = try SafeTensors(directory: path, name: "reference.safetensors")
        record = try JSONDecoder().decode(
            Record.self, from: Data(contentsOf: URL(filePath: path + "/reference.json")))
        losses = record.losses
        batches = record.batches.map { batch in
            batch.map { pair in
                ReaderExample(
                    ids: pair.ids, segments: pair.segments, edit: pair.edit[0]..<pair.edit[1],
                    isInScope: pair.scope, asksForSubject: pair.subject,
                    answer: pair.answer.map { $0[0]..<$0[1] })
            }
        }
    }

    /// Returns a reader with the recorded first values.
    func reader(
        _ method: String, _ directory: String
    ) throws -> (reader: TrainedReader, table: ParameterTable) {
        var table = ParameterTable()
        let reader = try TrainedReader(
            SentenceEncoder(directory: directory, threads: 1),
            method: method == "full" ? .full : .lowRank(rank: record.rank, scale: record.scale),
            seed: 1, table: &table)
        for entry in table.entries {
            table.values.replaceSubrange(
                entry.range,
                with: try tensors.floats("\(method).initial.\(entry.name)", shape: entry.shape))
        }
        return (reader, table)
    }
}
