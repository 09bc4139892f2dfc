import ErrataAlignment
import ErrataModels
import Foundation
import Testing

@Suite("Decoder trainer")
struct DecoderTrainerTests {
    static let lora = DecoderMethod.lora(LoraSettings(rank: 4, alpha: 8, dropout: 0.2))
    static let methods = [DecoderMethod.full, lora]

    private static func recipe(
        _ method: DecoderMethod, passCount: Int = 2, rate: Double = 2e-3,
        precision: ProductPrecision = .float32
    ) -> DecoderRecipe {
        DecoderRecipe(
            method: method, seed: 5, passCount: passCount, batchCount: 8, tokenCountMax: 96,
            rate: rate, warmUp: 0.2, decay: 0.01, precision: precision)
    }

    private static func trainer(
        _ base: DecoderBase, _ method: DecoderMethod, passCount: Int = 2, rate: Double = 2e-3,
        threads: Int = 1, recomputes: Bool = true, precision: ProductPrecision = .float32
    ) throws -> DecoderTrainer {
        try DecoderTrainer(
            recipe(method, passCount: passCount, rate: rate, precision: precision),
            try TinyBase.examples(base),
            dataHash: [1], base: base, recomputes: recomputes,
            work: ParallelKernels(threads: threads))
    }

    @Test(
        "six steps are three steps, a stop, and three more, bit for bit, on any threads",
        arguments: methods, [ProductPrecision.float32, .bfloat16])
    func resume(method: DecoderMethod, precision: ProductPrecision) throws {
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory).base()
            let whole = try Self.trainer(base, method, precision: precision)
            #expect(whole.stepCount == 6)
            while !whole.isFinished { _ = try whole.step() }
            let first = try Self.trainer(base, method, precision: precision)
            for _ in 0..<3 { _ = try first.step() }
            _ = try first.evaluate(try TinyBase.examples(base, count: 3))
            try first.save(to: directory + "/c.safetensors")
            let second = try Self.trainer(
                base, method, threads: 2, recomputes: false, precision: precision)
            try second.resume(directory: directory, name: "c.safetensors")
            #expect(second.evaluations.map(\.step) == [3])
            while !second.isFinished { _ = try second.step() }
            #expect(second.losses == whole.losses)
            #expect(
                second.table.values.map(\.bitPattern) == whole.table.values.map(\.bitPattern))
        }
    }

    @Test(
        "training learns answers by heart", arguments: methods,
        [ProductPrecision.float32, .bfloat16])
    func learns(method: DecoderMethod, precision: ProductPrecision) throws {
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory).base()
            let trainer = try Self.trainer(
                base, method, passCount: 80, rate: 1e-2, precision: precision)
            let examples = try TinyBase.examples(base)
            let before = try trainer.evaluate(examples)
            while !trainer.isFinished { _ = try trainer.step() }
            let after = try trainer.evaluate(examples)
            #expect(after.loss < before.loss / 4)
            #expect(after.accuracy > before.accuracy)
            #expect(trainer.evaluations.map(\.step) == [0, trainer.stepCount])
        }
    }

    @Test("a stop between two rows changes nothing")
    func cancelled() throws {
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory).base()
            let trainer = try Self.trainer(base, .full)
            let before = trainer.table.values
            var asked = 0
            #expect(throws: CancellationError.self) {
                _ = try trainer.step(isCancelled: {
                    asked += 1
                    return asked > 1
                })
            }
            #expect(asked == 2)
            #expect(trainer.table.values == before)
            #expect(trainer.losses.isEmpty)
            let other = try Self.trainer(base, .full)
            #expect(try trainer.step().loss == other.step().loss)
        }
    }

    @Test("a loss that is not finite is an error that changes nothing")
    func notFinite() throws {
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory).base()
            let trainer = try Self.trainer(base, Self.lora, rate: 0.9)
            trainer.table.values[0] = .nan
            let error = #expect(throws: ModelError.self) { _ = try trainer.step() }
            #expect(error?.message.hasPrefix("step 1: the loss is ") == true)
            #expect(error?.message.hasSuffix("the gradient's norm nan") == true)
            #expect(trainer.losses.isEmpty)
        }
    }

    @Test("a checkpoint of another recipe, set of texts or model is refused")
    func foreignCheckpoint() throws {
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory).base()
            let trainer = try Self.trainer(base, Self.lora)
            try trainer.save(to: directory + "/c.safetensors")
            let other = try TinyBase("mistral-window", in: directory).base()
            let examples = try TinyBase.examples(base)
            for (recipe, hash, base, what) in [
                (Self.recipe(Self.lora, rate: 1e-4), [UInt8(1)], base, "recipe"),
                (Self.recipe(.full), [1], base, "recipe"),
                (Self.recipe(Self.lora, precision: .bfloat16), [1], base, "recipe"),
                (Self.recipe(Self.lora), [2], base, "set of texts"),
                (Self.recipe(Self.lora), [1], other, "model"),
            ] {
                let foreign = try DecoderTrainer(
                    recipe, examples, dataHash: hash, base: base,
                    work: ParallelKernels(threads: 1))
                let error = #expect(throws: ModelError.self) {
                    try foreign.resume(directory: directory, name: "c.safetensors")
                }
                #expect(
                    error?.message.hasPrefix("c.safetensors was made with another \(what):")
                        == true)
            }
        }
    }

    @Test("texts that the model has no room or words for are refused")
    func impossibleTexts() throws {
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory).base()
            for (tokens, start) in [
                ([Int32](repeating: 5, count: 97), 3), ([5, 96, 5], 1), ([5, -1, 5], 1),
                ([5, 6, 7], 3), ([5, 6, 7], 0), ([], 0),
            ] {
                #expect(throws: ModelError.self) {
                    _ = try DecoderTrainer(
                        Self.recipe(.full), [ChatExample(tokens: tokens, answerStart: start)],
                        dataHash: [], base: base, work: ParallelKernels(threads: 1))
                }
            }
            #expect(throws: ModelError.self) {
                _ = try DecoderTrainer(
                    Self.recipe(.full), [], dataHash: [], base: base,
                    work: ParallelKernels(threads: 1))
            }
        }
    }

    @Test("a pass takes every text once, packed into rows of bounded length")
    func batches() {
        let lengths = (0..<37).map { 3 + $0 * 7 % 30 }
        let batches = DecoderBatches(
            lengths: lengths, batchCount: 8, rowTokenCount: 64, seed: 3)
        #expect(batches.batchesPerPass == 5)
        var passes: [[Int]] = []
        for pass in 0..<2 {
            var texts: [Int] = []
            for step in 0..<5 {
                for row in batches.rows(step: pass * 5 + step) {
                    #expect(row.reduce(0) { $0 + lengths[$1] } <= 64)
                    texts += row
                }
            }
            #expect(texts.sorted() == Array(lengths.indices))
            passes.append(texts)
        }
        #expect(passes[0] != passes[1])
    }

    @Test("what training wrote, the runtime loads, and it says the same", arguments: methods)
    func written(method: DecoderMethod) throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyBase("qwen3", in: directory)
            let base = try tiny.base()
            let trainer = try Self.trainer(base, method)
            while !trainer.isFinished { _ = try trainer.step() }
            let out = directory + "/out"
            try FileManager.default.createDirectory(
                atPath: out, withIntermediateDirectories: true)
            try trainer.writeResult(to: out)
            let examples = try TinyBase.examples(base, count: 4)
            let expected = try trainer.evaluate(examples)
            for model in try Self.models(method, tiny.directory, out, exported: directory + "/x") {
                var loss = 0.0
                for example in examples {
                    let start = example.answerStart
                    let scores = try model.decoder.scores(
                        prompt: Array(example.tokens[..<start]),
                        continuations: [Array(example.tokens[start...])],
                        cache: try model.decoder.makeCache())
                    loss -= scores[0].reduce(0) { $0 + Double($1.logProbability) }
                }
                #expect(
                    abs(loss / Double(expected.tokenCount) - expected.loss) < 1e-5)
                #expect(try model.prompt(of: [("user", "a")]).first == 1)
            }
            let card = try String(contentsOfFile: out + "/README.md", encoding: .utf8)
            #expect(card.contains(trainer.recipe.json))
            #expect(card.contains(hexadecimal(try base.identity.digest())))
        }
    }

    /// The trained model as the runtime loads it, in every way.
    private static func models(
        _ method: DecoderMethod, _ base: String, _ out: String, exported: String
    ) throws -> [LanguageModel] {
        guard method != .full else { return [try LanguageModel(directory: out, threads: 1)] }
        try DecoderBase(directory: base, mergingAdapters: [out])
            .export(to: exported, as: .float32, card: "card")
        return [
            try LanguageModel(directory: base, threads: 1, mergingAdapters: [out]),
            try LanguageModel(directory: exported, threads: 1),
        ]
    }

    @Test("weights written in 16 bits are the trained ones, rounded")
    func rounded() throws {
        try withTemporaryDirectory { directory in
            let trainer = try Self.trainer(try TinyBase(in: directory).base(), .full)
            _ = try trainer.step()
            let out = directory + "/out"
            try FileManager.default.createDirectory(
                atPath: out, withIntermediateDirectories: true)
            try trainer.writeResult(to: out, as: .bfloat16)
            let written = try DecoderBase(directory: out)
            for entry in trainer.table.entries {
                let values = try written.source.floats(entry.name)
                let expected = trainer.table.values[entry.range].map {
                    SafeTensors.float(brain: SafeTensorsWriter.bfloat16($0))
                }
                #expect(values == expected)
            }
            let config = try String(contentsOfFile: out + "/config.json", encoding: .utf8)
            #expect(config.contains("\"bfloat16\""))
        }
    }

    @Test("a save that fails leaves the last checkpoint and no draft")
    func failedSave() throws {
        try withTemporaryDirectory { directory in
            let trainer = try Self.trainer(try TinyBase(in: directory).base(), Self.lora)
            let folder = directory + "/t"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let path = folder + "/c.safetensors"
            try trainer.save(to: path)
            let before = try Data(contentsOf: URL(filePath: path))
            _ = try trainer.step()
            // The kernel's full disk.
            try FileManager.default.createSymbolicLink(
                atPath: path + ".partial", withDestinationPath: "/dev/full")
            let error = #expect(throws: ModelError.self) { try trainer.save(to: path) }
            #expect(error?.message == "cannot write \(path): No space left on device")
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder) == ["c.safetensors"])
        }
    }
}
