import ErrataAlignment
import ErrataModels
import Foundation
import Testing

/// Compares with PyTorch and PEFT; see `Fixtures/decoder/make_training_reference.py`.
@Suite("Decoder training and PyTorch")
struct TrainingReferenceTests {
    // Gradients of a float32 loss near 15, summed in another order than torch's: 1e-4 of the largest one
    // of a tensor (from 0.01 to 3) is a few hundred roundings.
    @Test(
        "every layer's gradient is PyTorch's", arguments: TrainedDecoderTests.checkpoints,
        ["full", "lora"])
    func gradients(name: String, method: String) throws {
        let reference = try TrainingReference()
        let trained = try reference.trained(name, method)
        let gradients = DecoderGradients(trained.decoder, parameterCount: trained.table.count)
        _ = try gradients(reference.rows[0], trained.table.values)
        var worst: (difference: Float, name: String) = (0, "")
        for entry in trained.table.entries {
            let expected = try reference.numbers("\(name).\(method).gradient.\(entry.name)")
            let size = expected.reduce(0) { max($0, abs($1)) }
            #expect(size > 0, "\(entry.name)")
            for (i, value) in expected.enumerated() {
                let place = entry.range.lowerBound + i * reference.record.stride
                let difference = abs(gradients.gradient[place] - value) / size
                if !(difference <= worst.difference) { worst = (difference, entry.name) }
            }
            #expect(
                expected.count
                    == (entry.range.count + reference.record.stride - 1) / reference.record.stride)
        }
        print("\(name), \(method): largest difference to PyTorch \(worst)")
        #expect(worst.difference <= 1e-4)
    }

    // bfloat16 has 8 bits: 0.4 % of a number, less of a sum of many.
    @Test(
        "ten steps lose what PyTorch's lose",
        arguments: ["llama.full", "llama.lora", "qwen2.full", "qwen2.lora"],
        [(ProductPrecision.float32, 1e-4), (.bfloat16, 5e-2)])
    func steps(run: String, precision: (ProductPrecision, tolerance: Double)) throws {
        let reference = try TrainingReference()
        let parts = run.split(separator: ".").map(String.init)
        var trained = try reference.trained(parts[0], parts[1], precision.0)
        let record = reference.record
        let gradients = DecoderGradients(trained.decoder, parameterCount: trained.table.count)
        var optimizer = AdamW(AdamW.Settings(decay: record.decay), count: trained.table.count)
        let expected = try #require(record.losses[run])
        let schedule = LearningSchedule(
            stepCount: expected.count, warmUp: Double(record.warmUp) / Double(expected.count),
            fall: .cosine)
        var worst = 0.0
        for (step, rows) in reference.rows.enumerated() {
            let loss = try gradients(rows, trained.table.values).loss
            _ = gradients.clip(to: 1)
            let rate = record.rate * schedule.factor(at: step)
            optimizer.update(
                &trained.table.values, gradients.gradient, trained.table.entries,
                work: trained.decoder.work
            ) { _ in rate }
            worst = max(worst, abs(loss - expected[step]))
        }
        print("\(run), \(precision.0): largest difference of ten losses to PyTorch \(worst)")
        #expect(worst <= precision.tolerance)
    }
}

/// What the PyTorch script recorded.
private struct TrainingReference {
    struct Record: Decodable {
        struct Text: Decodable {
            let ids: [Int32]
            let answer: Int
        }

        let batches: [[Text]]
        let rank: Int
        let alpha: Double
        let warmUp: Int
        let rate: Double
        let decay: Double
        let stride: Int
        let losses: [String: [Double]]
    }

    let record: Record
    let tensors: SafeTensors
    /// Each batch in two rows, the first of three texts.
    let rows: [[PackedRow]]

    init() throws {
        let path = fixtures + "/decoder"
        tensors = try SafeTensors(directory: path, name: "training.safetensors")
        record = try JSONDecoder().decode(
            Record.self, from: Data(contentsOf: URL(filePath: path + "/training.json")))
        rows = record.batches.map { batch in
            let texts = batch.map { ChatExample(tokens: $0.ids, answerStart: $0.answer) }
            return [PackedRow(Array(texts.prefix(3))), PackedRow(Array(texts.dropFirst(3)))]
        }
    }

    func numbers(_ name: String) throws -> [Float] {
        try tensors.floats(name, shape: try #require(tensors.shapes[name], "\(name)"))
    }

    /// Returns a decoder with the recorded first numbers.
    func trained(
        _ name: String, _ method: String, _ precision: ProductPrecision = .float32
    ) throws -> Trained {
        let settings = LoraSettings(
            rank: record.rank, alpha: record.alpha, dropout: 0, isStabilized: true,
            modules: DecoderModule.allCases)
        var trained = try Trained(
            name, method == "full" ? .full : .lora(settings), threads: 2, precision: precision)
        guard method == "lora" else { return trained }
        for entry in trained.table.entries {
            trained.table.values.replaceSubrange(
                entry.range, with: try numbers("\(name).\(method).initial.\(entry.name)"))
        }
        return trained
    }
}
