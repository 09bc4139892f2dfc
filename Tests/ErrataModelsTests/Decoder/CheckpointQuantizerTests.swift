import ErrataModels
import Foundation
import Testing

@Suite("Checkpoints in 8 bits")
struct CheckpointQuantizerTests {
    private let prompt: [Int32] = (0..<60).map { $0 * 7 % 90 }

    /// Calls `body` with a checkpoint's directory in 8 bits.
    private func withQuantized(
        _ name: String, merging adapters: [String] = [], _ body: (String) throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let target = directory + "/" + name
            _ = try CheckpointQuantizer.quantize(
                directory: decoderFixtures + "/" + name, to: target, mergingAdapters: adapters)
            try body(target)
        }
    }

    private func logits(_ decoder: CausalDecoder) throws -> [UInt32] {
        var cache = try decoder.makeCache()
        return bits(try decoder.logits(prompt, &cache))
    }

    @Test(
        "give the bits that the original gives in 8 bits, whatever precision is asked for",
        arguments: [
            "llama", "llama-odd", "llama-3", "mistral-shards", "mistral-window", "qwen2", "qwen3",
        ])
    func sameBits(name: String) async throws {
        try await withQuantized(name) { directory in
            for level in levels {
                let expected = try logits(tinyDecoder(name, precision: .int8, kernels: level))
                for precision in [Linear.Precision.float32, .int8] {
                    let decoder = try CausalDecoder(
                        directory: directory, precision: precision, threads: 2, kernels: level)
                    #expect(try logits(decoder) == expected, "\(level.name)")
                    #expect(decoder.precision == .int8)
                }
            }
        }
    }

    @Test("have adapters merged into them like the original in 8 bits")
    func adapters() async throws {
        let adapter = decoderFixtures + "/llama-lora"
        let expected = try CausalDecoder(
            directory: decoderFixtures + "/llama", precision: .int8, threads: 1,
            mergingAdapters: [adapter])
        try await withQuantized("llama", merging: [adapter]) { directory in
            let decoder = try CausalDecoder(directory: directory, threads: 1)
            #expect(try logits(decoder) == logits(expected))
            let error = try modelError {
                _ = try CausalDecoder(
                    directory: directory, threads: 1, mergingAdapters: [adapter])
            }
            #expect(
                error.message
                    == "model.safetensors: no adapter can be merged into weights in 8 bits")
        }
    }

    @Test("hold panels, scales and everything else as their description says")
    func layout() async throws {
        try await withQuantized("qwen2") { directory in
            let source = try SafeTensors(
                directory: decoderFixtures + "/qwen2", name: "model.safetensors")
            let original = try StoredTensors(decoderFixtures + "/qwen2/model.safetensors")
            var stored = try StoredTensors(directory + "/model.safetensors").tensors
            for (name, tensor) in original.tensors {
                guard tensor.shape.count == 2 else {
                    let same = try #require(stored[name])
                    stored[name] = nil
                    #expect(same.bytes == tensor.bytes && same.type == tensor.type, "\(name)")
                    continue
                }
                let (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
                let panels = try #require(stored[name + "_panels"])
                let scales = try #require(stored[name + "_scale"]).bytes.floats
                stored[name + "_panels"] = nil
                stored[name + "_scale"] = nil
                let quads = (inputs + 3) / 4
                #expect(panels.type == "U8" && panels.shape == [(outputs + 15) / 16, quads, 16, 4])
                let weights = try source.floats(name, shape: tensor.shape)
                for o in 0..<outputs {
                    let row = weights[o * inputs..<(o + 1) * inputs]
                    let largest = row.map(abs).max() ?? 0
                    #expect(scales[o] == largest / 127)
                    for (i, weight) in row.enumerated() {
                        let place = ((o / 16 * quads + i / 4) * 16 + o % 16) * 4 + i % 4
                        let steps = Int(panels.bytes[place]) - 128
                        #expect(steps == Int((weight / scales[o]).rounded()))
                    }
                }
            }
            #expect(stored.isEmpty)
            let config = try String(contentsOfFile: directory + "/config.json", encoding: .utf8)
            let before = try String(
                contentsOfFile: decoderFixtures + "/qwen2/config.json", encoding: .utf8)
            #expect(config.contains("\"quant_method\": \"errata\""))
            for line in before.split(separator: "\n")
            where line.contains(": ") && !line.hasSuffix("{") {
                #expect(config.contains(line.trimmingPrefix { $0 == " " }), "\(line)")
            }
        }
    }

    @Test("come with the texts of the original, and are what it says of itself")
    func description() async throws {
        try await withTinyLanguageModel { directory, _ in
            try Data("weights".utf8).write(to: URL(filePath: directory + "/pytorch_model.bin"))
            try Data("free".utf8).write(to: URL(filePath: directory + "/LICENSE"))
            try await withTemporaryDirectory { parent in
                let target = parent + "/small"
                let report = try CheckpointQuantizer.quantize(directory: directory, to: target)
                let names = try FileManager.default.contentsOfDirectory(atPath: target).sorted()
                #expect(
                    names == [
                        "LICENSE", "config.json", "generation_config.json", "model.safetensors",
                        "tokenizer.json",
                    ])
                let original = try ModelDescription(directory: directory)
                let described = try ModelDescription(directory: target)
                #expect(described.name == "small")
                #expect(described.parameterCount == original.parameterCount)
                #expect(described.byteCounts.values.reduce(0, +) == report.byteCount)
                #expect(original.byteCounts == ["F32": report.sourceByteCount])
                #expect(described.tokenizerKind == "byte-level BPE")
                #expect(described.chatTemplate == .none)
                #expect(original.configuration.quantization == nil)
                #expect(described.configuration.quantization == .int8Panels)
                let model = try LanguageModel(directory: target, precision: .float32, threads: 1)
                #expect(try described.identity.digest() == model.identity.digest())
                #expect(try described.identity.digest() != original.identity.digest())
            }
        }
    }

    @Test("are not written where something is, where nothing can be, or twice")
    func refusals() async throws {
        let source = decoderFixtures + "/llama"
        try await withQuantized("llama") { directory in
            var error = try modelError {
                _ = try CheckpointQuantizer.quantize(directory: source, to: directory)
            }
            #expect(error.message == "'\(directory)' exists already")
            error = try modelError {
                _ = try CheckpointQuantizer.quantize(
                    directory: source, to: directory + "/none/there")
            }
            #expect(error.message == "there is no directory '\(directory)/none'")
            error = try modelError {
                _ = try CheckpointQuantizer.quantize(directory: directory, to: directory + "-2")
            }
            #expect(error.message == "the weights of 'llama' are in 8 bits already")
        }
    }

    @Test("leave nothing behind when writing them is cancelled anywhere")
    func cancelled() async throws {
        try await withTemporaryDirectory { directory in
            func isCancelled(at stop: Int) throws -> Bool {
                var asked = 0
                do {
                    _ = try CheckpointQuantizer.quantize(
                        directory: decoderFixtures + "/llama", to: directory + "/out",
                        isCancelled: {
                            asked += 1
                            return asked == stop
                        })
                    return false
                } catch is CancellationError {
                    return true
                }
            }
            var stop = 1
            while try isCancelled(at: stop) {
                let left = try FileManager.default.contentsOfDirectory(atPath: directory)
                #expect(left.isEmpty, "\(stop)")
                stop += 1
            }
            // Once a tensor, and before the directory gets its name.
            #expect(stop == 16 + 16 + 5 + 1 + 1)
            let left = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(left == ["out"])
        }
    }

    @Test("tell how far writing them is, up to the whole")
    func progress() async throws {
        try await withTemporaryDirectory { directory in
            var heard: [Int] = []
            var total = 0
            let report = try CheckpointQuantizer.quantize(
                directory: decoderFixtures + "/llama", to: directory + "/out",
                progress: {
                    heard.append($0)
                    total = $1
                })
            #expect(heard == heard.sorted() && heard.last == total)
            #expect(report.byteCount == total)
        }
    }
}
