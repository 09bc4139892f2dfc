import ErrataAlignment
import ErrataModels
import Foundation
import Glibc
import Testing

@Suite("Trainer")
struct TrainerTests {
    private static func recipe(
        rate: Double = 1e-3, shards: Int = 2, method: TrainingMethod = .lowRank(rank: 4, scale: 2)
    ) -> TrainingRecipe {
        TrainingRecipe(
            method: method, seed: 5, batchCount: 4, pairCount: 48, encoderRate: rate,
            headRate: rate, warmUp: 0.1, decay: 0.01, clip: 1, weights: LossWeights(),
            shardCount: shards)
    }

    private static func set(_ encoder: SentenceEncoder, count: Int = 30) throws -> TrainingSet {
        let tokenizer = try encoder.pairTokenizer()
        var set = TrainingSet()
        for i in 0..<count {
            let edit = "the a\(i % 7) of b\(i) is c\(i % 3)"
            let answer = "c\(i % 3)"
            let start = edit.unicodeScalars.count - answer.unicodeScalars.count
            set.add(
                ScopePair(
                    question: i.isMultiple(of: 2) ? "the a\(i % 7) of b\(i) ?" : "who is it",
                    edit: edit,
                    answer: i.isMultiple(of: 2)
                        ? .init(
                            part: .object, text: answer,
                            span: start..<start + answer.unicodeScalars.count) : nil,
                    kind: "direct", subject: "b\(i)", source: "test", sample: i), tokenizer)
        }
        return set
    }

    private static func encoder() throws -> SentenceEncoder {
        try SentenceEncoder(directory: fixtures + "/encoder/tiny", threads: 1)
    }

    @Test("a resumed training ends with the bits of one without interruption")
    func resume() throws {
        let encoder = try Self.encoder()
        let set = try Self.set(encoder)
        let whole = try Trainer(Self.recipe(), set, dataHash: [1], encoder: encoder)
        while !whole.isFinished { _ = try whole.step() }
        try withTemporaryDirectory { directory in
            let first = try Trainer(Self.recipe(), set, dataHash: [1], encoder: encoder)
            for _ in 0..<5 { _ = try first.step() }
            try first.save(to: directory + "/c.safetensors")
            let second = try Trainer(Self.recipe(), set, dataHash: [1], encoder: encoder)
            try second.resume(directory: directory, name: "c.safetensors")
            while !second.isFinished { _ = try second.step() }
            #expect(second.losses == whole.losses)
            #expect(
                second.table.values.map(\.bitPattern) == whole.table.values.map(\.bitPattern))
        }
    }

    @Test(
        "training lowers the loss", arguments: [TrainingMethod.full, .lowRank(rank: 4, scale: 2)])
    func learns(method: TrainingMethod) throws {
        let encoder = try Self.encoder()
        let recipe = TrainingRecipe(
            method: method, seed: 5, batchCount: 4, pairCount: 800, encoderRate: 3e-3,
            headRate: 3e-3, warmUp: 0.1, decay: 0.01, clip: 1, weights: LossWeights(),
            shardCount: 2)
        let trainer = try Trainer(recipe, try Self.set(encoder), dataHash: [], encoder: encoder)
        while !trainer.isFinished { _ = try trainer.step() }
        let first = trainer.losses.prefix(20).reduce(0, +)
        #expect(trainer.losses.suffix(20).reduce(0, +) < first / 2)
    }

    @Test("a loss that is not finite is an error that leaves the checkpoint alone")
    func notFinite() throws {
        let encoder = try Self.encoder()
        let trainer = try Trainer(
            Self.recipe(rate: 0.9), try Self.set(encoder), dataHash: [], encoder: encoder)
        try withTemporaryDirectory { directory in
            try trainer.save(to: directory + "/c.safetensors")
            let before = try Data(contentsOf: URL(filePath: directory + "/c.safetensors"))
            let place = try #require(trainer.table["reader.scope.bias"]).range.lowerBound
            trainer.table.values[place] = .nan
            let error = #expect(throws: ModelError.self) { _ = try trainer.step() }
            #expect(error?.message.hasPrefix("step 1: the loss is nan") == true)
            #expect(error?.hint?.contains("resume the last checkpoint") == true)
            #expect(trainer.losses.isEmpty)
            #expect(
                try Data(contentsOf: URL(filePath: directory + "/c.safetensors")) == before)
        }
    }

    @Test("a save that fails leaves the last checkpoint and no draft")
    func failedSave() throws {
        let encoder = try Self.encoder()
        let trainer = try Trainer(
            Self.recipe(), try Self.set(encoder), dataHash: [], encoder: encoder)
        try withTemporaryDirectory { directory in
            let path = directory + "/c.safetensors"
            try trainer.save(to: path)
            let before = try Data(contentsOf: URL(filePath: path))
            _ = try trainer.step()
            // The kernel's full disk.
            symlink("/dev/full", path + ".partial")
            let error = #expect(throws: ModelError.self) { try trainer.save(to: path) }
            #expect(error?.message == "cannot write \(path): No space left on device")
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory)
                    == ["c.safetensors"])
        }
    }

    @Test("a checkpoint of another recipe, set or encoder is refused")
    func foreignCheckpoint() throws {
        let encoder = try Self.encoder()
        let set = try Self.set(encoder)
        let trainer = try Trainer(Self.recipe(), set, dataHash: [1], encoder: encoder)
        try withTemporaryDirectory { directory in
            try trainer.save(to: directory + "/c.safetensors")
            for (recipe, hash, what) in [
                (Self.recipe(rate: 2e-3), [UInt8(1)], "recipe"),
                (Self.recipe(), [UInt8(2)], "set of pairs"),
            ] {
                let other = try Trainer(recipe, set, dataHash: hash, encoder: encoder)
                let error = #expect(throws: ModelError.self) {
                    try other.resume(directory: directory, name: "c.safetensors")
                }
                #expect(
                    error?.message.hasPrefix("c.safetensors was made with another \(what):")
                        == true)
            }
            let bytes = try Data(contentsOf: URL(filePath: directory + "/c.safetensors"))
            for length in [0, 7, 100, bytes.count - 1] {
                try bytes.prefix(length).write(to: URL(filePath: directory + "/d.safetensors"))
                #expect(throws: ModelError.self) {
                    try trainer.resume(directory: directory, name: "d.safetensors")
                }
            }
        }
    }

    @Test("a reader that was written says what the trained one says", arguments: levels)
    func writtenReader(level: Kernels) throws {
        let encoder = try SentenceEncoder(
            directory: fixtures + "/encoder/tiny", threads: 1, kernels: level)
        let trainer = try Trainer(
            Self.recipe(method: .full), try Self.set(encoder), dataHash: [], encoder: encoder)
        while !trainer.isFinished { _ = try trainer.step() }
        // What the file rounds is rounded here too: then every bit must agree.
        for entry in trainer.table.entries where entry.decays && entry.group == .encoder {
            for i in entry.range {
                let bits = SafeTensorsWriter.bfloat16(trainer.table.values[i])
                trainer.table.values[i] = Float(bitPattern: UInt32(bits) << 16)
            }
        }
        trainer.reader.prepare(trainer.table.values)
        try withTemporaryDirectory { directory in
            try trainer.writeReader(
                to: directory + "/r.safetensors", calibration: .uncalibrated)
            let weights = try ReaderWeights(directory: directory, name: "r.safetensors")
            let reader = try Reader(encoder: encoder, weights: weights, threads: 2)
            let pairs = (0..<9).map { ("the a\($0) of b ?", "the a\($0) of b is c\($0)") }
            let readings = try reader.read(pairs)
            let tokenizer = try encoder.pairTokenizer()
            for ((question, edit), reading) in zip(pairs, readings) {
                let example = ReaderExample(
                    tokenizer(question: question, edit: edit), isInScope: false)
                let logits = trainer.reader.logits([example], trainer.table.values)[0]
                #expect(reading.scope.bitPattern == logits.scope.bitPattern)
                #expect(reading.subject.bitPattern == logits.direction.bitPattern)
                #expect(try reader.read([(question, edit)]) == [reading])
            }
        }
    }

    @Test("in 8 bits a reading has the same bits at every level, and is near float32's")
    func quantizedReader() throws {
        try withTemporaryDirectory { directory in
            var readings: [[Reading]] = []
            for level in levels {
                let encoder = try SentenceEncoder(
                    directory: fixtures + "/encoder/tiny", threads: 1, kernels: level)
                let trainer = try Trainer(
                    Self.recipe(), try Self.set(encoder), dataHash: [], encoder: encoder)
                while !trainer.isFinished { _ = try trainer.step() }
                let path = directory + "/r.safetensors"
                try trainer.writeReader(to: path, calibration: .uncalibrated)
                for precision in [Linear.Precision.int8, .float32] {
                    let reader = try Reader(
                        encoder: encoder, weights: ReaderWeights(file: path),
                        precision: precision, threads: 1)
                    readings.append(try reader.read((0..<5).map { ("a\($0)", "a\($0) is b") }))
                }
            }
            for i in stride(from: 2, to: readings.count, by: 2) {
                #expect(readings[i] == readings[0] && readings[i + 1] == readings[1])
            }
            for (rounded, exact) in zip(readings[0], readings[1]) {
                #expect(abs(rounded.scope - exact.scope) < 0.1)
            }
        }
    }

    @Test("a reader of another encoder, or with a tensor too many, is refused")
    func foreignReader() throws {
        let encoder = try Self.encoder()
        let error = #expect(throws: ModelError.self) {
            _ = try Reader(encoder: encoder, weights: .shipped(), threads: 1)
        }
        #expect(error?.message.hasPrefix("reader.safetensors belongs to the encoder ") == true)
        let trainer = try Trainer(
            Self.recipe(), try Self.set(encoder), dataHash: [], encoder: encoder)
        try withTemporaryDirectory { directory in
            let path = directory + "/r.safetensors"
            try trainer.writeReader(to: path, calibration: .uncalibrated)
            let bytes = try Data(contentsOf: URL(filePath: path))
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains("reader.scope.bias"))
            for (old, new, message) in [
                ("reader.scope.bias", "reader.scope.bios", "nothing uses tensor"),
                ("errata reader 1", "errata reader 9", "has format 'errata reader 9'"),
            ] {
                var copy = bytes
                let place = try #require(copy.firstRange(of: Data(old.utf8)))
                copy.replaceSubrange(place, with: Data(new.utf8))
                try copy.write(to: URL(filePath: path))
                let error = #expect(throws: ModelError.self) {
                    _ = try Reader(
                        encoder: encoder, weights: ReaderWeights(file: path), threads: 1)
                }
                #expect(error?.message.contains(message) == true)
            }
        }
    }
}
