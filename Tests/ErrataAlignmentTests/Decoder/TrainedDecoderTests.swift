import ErrataAlignment
import ErrataModels
import Foundation
import Testing

@Suite("Decoder gradients")
struct TrainedDecoderTests {
    static let checkpoints = [
        "llama", "llama-odd", "llama-3", "mistral-window", "mistral-shards", "qwen2",
        "qwen2-window", "qwen3",
    ]
    static let methods: [DecoderMethod] = [.full, .lora(Self.everywhere)]

    /// Updates of every map.
    static let everywhere = LoraSettings(
        rank: 3, alpha: 5, dropout: 0, isStabilized: true, modules: DecoderModule.allCases)

    /// Three texts, one longer than a block of queries.
    static func row(_ vocabulary: Int, seed: UInt64 = 3) -> PackedRow {
        var random = SeededGenerator(seed: seed)
        return PackedRow(
            [9, 70, 13].map { count in
                ChatExample(
                    tokens: (0..<count).map { _ in Int32(random.below(vocabulary)) },
                    answerStart: count / 3)
            })
    }

    // Central differences of a float32 loss: steps of 3e-3 leave a relative error of about 1e-3, of third
    // derivatives and of rounding.
    @Test("gradients are the slopes of the loss", arguments: checkpoints, methods)
    func slopes(name: String, method: DecoderMethod) throws {
        var trained = try Trained(name, method)
        trained.stir()
        let row = Self.row(trained.decoder.configuration.vocabularyCount)
        let gradient = trained.gradient(row).values
        var worst: (difference: Double, name: String) = (0, "")
        var count = 0
        for entry in trained.table.entries {
            // Along the gradient of this tensor alone, where its slope is the gradient's norm.
            let norm = entry.range.reduce(0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }
                .squareRoot()
            try #require(norm > 0, "\(entry.name)")
            let step = min(3e-3, 3e-3 / norm)
            func loss(_ sign: Double) -> Double {
                var values = trained.table.values
                for i in entry.range {
                    values[i] += Float(sign * step * Double(gradient[i]) / norm)
                }
                return trained.decoder.score(row, values).loss
            }
            let slope = (loss(1) - loss(-1)) / (2 * step * Double(row.targetCount))
            let difference = abs(slope - norm) / max(norm, 0.1)
            if !(difference <= worst.difference) { worst = (difference, entry.name) }
            count += 1
        }
        print("\(name): \(count) tensors, largest relative difference to slopes \(worst)")
        #expect(worst.difference <= 1e-2)
    }

    @Test("a single number's slope is its gradient", arguments: checkpoints)
    func singleSlopes(name: String) throws {
        let trained = try Trained(name, .full)
        let row = Self.row(trained.decoder.configuration.vocabularyCount)
        let gradient = trained.gradient(row).values
        var random = SeededGenerator(seed: 11)
        for entry in trained.table.entries {
            // The largest of a few, so that rounding of the loss does not drown it.
            let place = (0..<24).map { _ in entry.range.lowerBound + random.below(entry.range.count)
            }
            .max { abs(gradient[$0]) < abs(gradient[$1]) }
            let i = try #require(place)
            func loss(_ step: Float) -> Double {
                var values = trained.table.values
                values[i] += step
                return trained.decoder.score(row, values).loss / Double(row.targetCount)
            }
            let slope = (loss(1e-2) - loss(-1e-2)) / 2e-2
            #expect(
                abs(slope - Double(gradient[i])) <= 2e-3 + 0.05 * abs(slope),
                "\(entry.name): slope \(slope), gradient \(gradient[i])")
        }
    }

    @Test(
        "packed texts lose what they lose alone, which is what the runtime says",
        arguments: checkpoints)
    func packed(name: String) throws {
        let trained = try Trained(name, .full)
        let row = Self.row(trained.decoder.configuration.vocabularyCount)
        let together = trained.decoder.score(row, trained.table.values)
        var alone = 0.0
        var said = 0.0
        var right = 0
        let runtime = try CausalDecoder(directory: fixtures + "/decoder/" + name, threads: 1)
        for text in row.texts {
            let tokens = Array(row.tokens[text])
            let start = try #require(text.first { row.isAnswer[$0] }) - text.lowerBound
            let example = ChatExample(tokens: tokens, answerStart: start)
            alone += trained.decoder.score(PackedRow([example]), trained.table.values).loss
            let scores = try runtime.scores(
                prompt: Array(tokens[..<start]), continuations: [Array(tokens[start...])],
                cache: try runtime.makeCache())
            said -= scores[0].reduce(0) { $0 + Double($1.logProbability) }
            right += scores[0].count { $0.isMostLikely }
        }
        #expect(abs(together.loss - alone) <= 1e-5 * alone)
        #expect(abs(together.loss - said) <= 1e-4 * said)
        #expect(together.rightCount == right)
        #expect(together.tokenCount == row.targetCount)
    }

    @Test("neither threads, kernels nor recomputing change a bit", arguments: checkpoints, methods)
    func sameBits(name: String, method: DecoderMethod) throws {
        let first = try Trained(name, method)
        let row = Self.row(first.decoder.configuration.vocabularyCount)
        let bits = first.gradient(row, dropoutSeed: 5).values.map(\.bitPattern)
        for level in levels {
            for (threads, recomputes) in [(1, false), (3, true)] {
                let other = try Trained(
                    name, method, threads: threads, recomputes: recomputes, kernels: level)
                #expect(other.gradient(row, dropoutSeed: 5).values.map(\.bitPattern) == bits)
            }
        }
    }

    @Test("logits a few rows at a time give the same bits", arguments: ["llama", "qwen2"])
    func fewLogits(name: String) throws {
        let whole = try Trained(name, .full)
        let row = Self.row(whole.decoder.configuration.vocabularyCount)
        let few = try Trained(name, .full, threads: 2, logitCountMax: 700)
        #expect(
            few.gradient(row).values.map(\.bitPattern)
                == whole.gradient(row).values.map(\.bitPattern))
        #expect(
            few.decoder.score(row, few.table.values).loss
                == whole.decoder.score(row, whole.table.values).loss)
    }

    @Test("recomputing keeps one matrix a block")
    func recomputing() throws {
        var kept: [Int] = []
        for recomputes in [true, false] {
            let trained = try Trained("llama", .full, recomputes: recomputes)
            let row = Self.row(trained.decoder.configuration.vocabularyCount)
            let gradients = Tensor.zeros(rows: 1, columns: trained.table.count)
            kept.append(
                trained.decoder.score(
                    row, trained.table.values,
                    training: .init(divisor: 1, gradients: gradients.start)
                ).keptByteCount)
        }
        let configuration = try Trained("llama", .full).decoder.configuration
        #expect(kept[0] == configuration.layerCount * 92 * configuration.width * 4)
        #expect(kept[1] > 8 * kept[0])
    }

    @Test("dropout drops its share, the same for a seed, and leaves evaluation alone")
    func dropout() throws {
        let settings = LoraSettings(
            rank: 3, alpha: 5, dropout: 0.3, modules: DecoderModule.allCases)
        var trained = try Trained("llama", .lora(settings))
        trained.stir()
        let row = Self.row(trained.decoder.configuration.vocabularyCount)
        let gradients = [nil, 1, 1, 2].map { trained.gradient(row, dropoutSeed: $0).values }
        #expect(gradients[1] == gradients[2])
        #expect(gradients[1] != gradients[3])
        #expect(gradients[0] != gradients[1])
        // Its mean over masks is near the one without: about one in eight of its length is noise.
        var mean = [Double](repeating: 0, count: gradients[0].count)
        for seed in 0..<UInt64(200) {
            for (i, g) in trained.gradient(row, dropoutSeed: seed + 10).values.enumerated() {
                mean[i] += Double(g) / 200
            }
        }
        let length = gradients[0].reduce(0) { $0 + Double($1) * Double($1) }
        let along = zip(gradients[0], mean).reduce(0) { $0 + Double($1.0) * $1.1 }
        #expect(abs(along / length - 1) < 0.2)
    }

    @Test("with dropout gradients are still slopes")
    func dropoutSlopes() throws {
        let settings = LoraSettings(
            rank: 3, alpha: 5, dropout: 0.3, modules: DecoderModule.allCases)
        var trained = try Trained("qwen3", .lora(settings))
        trained.stir()
        let row = Self.row(trained.decoder.configuration.vocabularyCount)
        let gradient = trained.gradient(row, dropoutSeed: 4).values
        for entry in trained.table.entries {
            let norm = entry.range.reduce(0) { $0 + Double(gradient[$1]) * Double(gradient[$1]) }
                .squareRoot()
            func loss(_ sign: Double) -> Double {
                var values = trained.table.values
                for i in entry.range {
                    values[i] += Float(sign * 3e-3 * Double(gradient[i]) / max(norm, 1e-9))
                }
                return trained.loss(row, values, dropoutSeed: 4)
            }
            let slope = (loss(1) - loss(-1)) / 6e-3
            #expect(abs(slope - norm) <= 1e-2 * max(norm, 0.1), "\(entry.name)")
        }
    }
}

/// A checkpoint of the fixtures, ready to train.
struct Trained {
    let decoder: TrainedDecoder
    var table: ParameterTable

    init(
        _ name: String, _ method: DecoderMethod, threads: Int = 1, recomputes: Bool = true,
        logitCountMax: Int? = nil, precision: ProductPrecision = .float32,
        kernels: Kernels = .current
    ) throws {
        var table = ParameterTable()
        decoder = try TrainedDecoder(
            try DecoderSource(directory: fixtures + "/decoder/" + name), method: method, seed: 1,
            recomputes: recomputes, logitCountMax: logitCountMax,
            work: ParallelKernels(threads: threads, precision: precision, kernels: kernels),
            table: &table)
        self.table = table
    }

    /// Gives the second factors of updates, which start at zero, numbers that matter.
    mutating func stir() {
        var random = SeededGenerator(seed: 8)
        for entry in table.entries where entry.name.contains(".lora_B.") {
            for i in entry.range { table.values[i] = Float(random.below(2001)) / 5000 - 0.2 }
        }
    }

    /// The gradient of a row's mean loss.
    func gradient(_ row: PackedRow, dropoutSeed: UInt64? = nil) -> Tensor {
        let gradients = Tensor.zeros(rows: 1, columns: table.count)
        _ = decoder.score(
            row, table.values,
            training: .init(
                divisor: Double(row.targetCount), gradients: gradients.start,
                dropoutSeed: dropoutSeed))
        return gradients
    }

    /// A row's mean loss under dropout.
    func loss(_ row: PackedRow, _ values: [Float], dropoutSeed: UInt64) -> Double {
        let gradients = Tensor.zeros(rows: 1, columns: table.count)
        return decoder.score(
            row, values,
            training: .init(
                divisor: 1, gradients: gradients.start, dropoutSeed: dropoutSeed)
        ).loss / Double(row.targetCount)
    }
}
