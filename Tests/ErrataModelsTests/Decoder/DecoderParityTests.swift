import ErrataModels
import Foundation
import Testing

/// Compares with transformers and PEFT on recorded checkpoints.
@Suite("decoders and their reference")
struct DecoderParityTests {
    static let checkpoints = [
        "llama", "llama-odd", "llama-3", "mistral-window", "mistral-shards", "qwen2",
        "qwen2-window", "qwen3",
    ]
    static let adapters = ["llama-lora", "llama-rslora", "qwen3-lora"]

    @Test("logits and greedy tokens are those of transformers", arguments: checkpoints)
    func checkpoint(name: String) throws {
        let recorded = try RecordedDecoder(decoderFixtures + "/" + name)
        let parity = try Parity(try tinyDecoder(name), recorded)
        #expect(parity.difference <= 1e-4)
        #expect(parity.sameTokenCount == recorded.greedy.count)
    }

    @Test("an adapter gives PEFT's logits and tokens, merged or not", arguments: adapters)
    func adapter(name: String) throws {
        let directory = decoderFixtures + "/" + name
        let base = try #require(name.split(separator: "-").first.map(String.init))
        let recorded = try RecordedDecoder(directory)
        let decoder = try tinyDecoder(base)
        let adapter = try LoraAdapter(
            directory: directory, base: decoder.configuration, kernels: .current)
        let applied = try Parity(decoder, recorded, adapter: adapter)
        #expect(applied.difference <= 1e-4)
        #expect(applied.sameTokenCount == recorded.greedy.count)
        let merged = try Parity(
            try CausalDecoder(
                directory: decoderFixtures + "/" + base, threads: 1, mergingAdapters: [directory]),
            recorded)
        #expect(merged.difference <= 1e-4)
        #expect(merged.sameTokenCount == recorded.greedy.count)
    }

    @Test("8-bit weights stay near the reference", arguments: checkpoints)
    func int8(name: String) throws {
        let recorded = try RecordedDecoder(decoderFixtures + "/" + name)
        let parity = try Parity(try tinyDecoder(name, precision: .int8), recorded)
        #expect(parity.difference > 0)
        #expect(parity.difference < 0.15)
    }
}

/// Compares with all checkpoints of a directory that `make_checkpoints.py --sweep` wrote.
@Suite("the sweep of decoders")
struct DecoderSweepTests {
    @Test("every checkpoint and adapter of the sweep is as exact as the recorded ones")
    func sweep() throws {
        guard let directory = ProcessInfo.processInfo.environment["ERRATA_DECODER_SWEEP"] else {
            print("skipped: ERRATA_DECODER_SWEEP names no directory")
            return
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        try #require(!names.isEmpty)
        for name in names {
            let path = directory + "/" + name
            let recorded = try RecordedDecoder(path)
            let parity = try parity(path, in: directory, recorded)
            print("\(name): \(parity.difference), \(parity.sameTokenCount) tokens")
            #expect(parity.difference <= 1e-4, "\(name)")
            #expect(parity.sameTokenCount == recorded.greedy.count, "\(name)")
        }
    }

    private func parity(
        _ path: String, in directory: String, _ recorded: RecordedDecoder
    ) throws -> Parity {
        guard let base = try? String(contentsOfFile: path + "/base.txt", encoding: .utf8) else {
            return try Parity(try CausalDecoder(directory: path, threads: 1), recorded)
        }
        let decoder = try CausalDecoder(
            directory: directory + "/" + base.trimmingCharacters(in: .newlines), threads: 1)
        let adapter = try LoraAdapter(
            directory: path, base: decoder.configuration, kernels: .current)
        return try Parity(decoder, recorded, adapter: adapter)
    }
}
