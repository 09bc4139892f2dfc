import ErrataModels
import Foundation
import Testing

@Suite("hostile checkpoints in 8 bits")
struct HostilePanelsTests {
    private let name = "model.layers.0.self_attn.q_proj.weight"

    /// Returns the message with which a checkpoint in 8 bits is refused after `spoil` changed it.
    private func refusal(_ spoil: (String) throws -> Void) async throws -> String {
        try await withTemporaryDirectory { directory in
            let copy = directory + "/copy"
            _ = try CheckpointQuantizer.quantize(
                directory: decoderFixtures + "/llama", to: copy)
            try spoil(copy)
            return try modelError { _ = try CausalDecoder(directory: copy, threads: 1) }.message
        }
    }

    private func tensors(
        _ spoil: (inout [String: StoredTensors.Tensor]) -> Void
    ) async throws -> String {
        try await refusal { directory in
            let path = directory + "/model.safetensors"
            var file = try StoredTensors(path)
            spoil(&file.tensors)
            try file.write(to: path)
        }
    }

    @Test("a scale that is no number, endless or negative is refused with its place")
    func scales() async throws {
        for (value, shown) in [
            (Float.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf"), (-1, "-1.0"),
            (-.leastNonzeroMagnitude, "-1e-45"),
        ] {
            let message = try await tensors { tensors in
                var scales = tensors[name + "_scale"]?.bytes.floats ?? []
                scales[5] = value
                tensors[name + "_scale"]?.bytes = Data(floats: scales)
            }
            #expect(message == "model.safetensors: tensor '\(name)_scale' holds \(shown) at 5")
        }
    }

    @Test("too few or too many scales, and panels of another shape, are refused with the name")
    func shapes() async throws {
        for change in [-1, 1] {
            let message = try await tensors { tensors in
                let count = 32 + change
                tensors[name + "_scale"]?.shape = [count]
                tensors[name + "_scale"]?.bytes = Data(
                    floats: [Float](repeating: 1, count: count))
            }
            #expect(
                message
                    == "model.safetensors: tensor '\(name)_scale' has shape [\(32 + change)], expected [32]"
            )
        }
        for shape in [[2, 8, 64], [1, 16, 16, 4], [1024], [2, 8, 4, 16]] {
            let message = try await tensors { $0[name + "_panels"]?.shape = shape }
            #expect(
                message
                    == "model.safetensors: tensor '\(name)_panels' has shape \(shape), expected [2, 8, 16, 4]"
            )
        }
    }

    @Test("panels and scales of another type are refused with the name")
    func types() async throws {
        var message = try await tensors { $0[name + "_panels"]?.type = "I8" }
        #expect(
            message == "model.safetensors: tensor '\(name)_panels' has type I8, expected U8")
        message = try await tensors { tensors in
            tensors[name + "_scale"]?.type = "BF16"
            tensors[name + "_scale"]?.bytes = Data(count: 64)
        }
        #expect(
            message == "model.safetensors: tensor '\(name)_scale' has type BF16, expected F32")
    }

    @Test("what is missing, or there as it was before, is refused with the name")
    func names() async throws {
        for part in ["_panels", "_scale"] {
            let message = try await tensors { $0[name + part] = nil }
            #expect(message == "model.safetensors: tensor '\(name)\(part)' is missing")
        }
        let message = try await tensors {
            $0[name] = StoredTensors.Tensor(type: "F32", shape: [1], bytes: Data(count: 4))
        }
        #expect(message == "model.safetensors: nothing uses tensor '\(name)'")
        let plain = try await refusal { directory in
            let path = directory + "/model.safetensors"
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.copyItem(
                atPath: decoderFixtures + "/llama/model.safetensors", toPath: path)
        }
        #expect(plain == "model.safetensors: tensor 'lm_head.weight_panels' is missing")
    }

    @Test("a method, format or version that is not built is refused by name")
    func formats() async throws {
        func config(_ old: String, _ new: String) async throws -> String {
            try await refusal { try replace(old, by: new, in: $0 + "/config.json") }
        }
        let place = "config.json: quantization_config"
        #expect(
            try await config("\"errata\"", "\"gptq\"")
                == "\(place): quant_method 'gptq' is not supported")
        let only = "only 'int8-panels' of version 1"
        #expect(
            try await config("\"version\": 1", "\"version\": 2")
                == "\(place): format 'int8-panels' of version 2 is not supported, \(only)")
        #expect(
            try await config("\"int8-panels\"", "\"int4\"")
                == "\(place): format 'int4' of version 1 is not supported, \(only)")
        #expect(
            try await config("\"version\": 1", "\"version\": 1, \"group\": 32")
                == "\(place): key 'group' is not supported")
        #expect(
            try await config("\"format\"", "\"form\"").hasPrefix(place))
    }

    @Test("a file that is cut anywhere is refused")
    func truncated() async throws {
        for share in 0..<20 {
            _ = try await refusal { directory in
                let url = URL(fileURLWithPath: directory + "/model.safetensors")
                let whole = try Data(contentsOf: url)
                try whole.prefix(whole.count * share / 20).write(to: url)
            }
        }
    }

    @Test("a changed header is an error or a decoder that computes")
    func fuzz() async throws {
        try await withTemporaryDirectory { directory in
            let copy = directory + "/copy"
            _ = try CheckpointQuantizer.quantize(
                directory: decoderFixtures + "/llama", to: copy)
            let url = URL(fileURLWithPath: copy + "/model.safetensors")
            let whole = Array(try Data(contentsOf: url))
            let length = whole[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
            var random = SplitMix(state: 32)
            for round in 0..<Mutation.roundCount(short: 40, long: 10_000) {
                var header = Array(whole[8..<8 + length])
                if round.isMultiple(of: 2) {
                    Mutation.applyGently(to: &header, &random)
                } else {
                    Mutation.apply(to: &header, count: 1, &random)
                }
                let size = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
                try Data(size + header + whole[(8 + length)...]).write(to: url)
                guard let decoder = try? CausalDecoder(directory: copy, threads: 1) else {
                    continue
                }
                var cache = try decoder.makeCache()
                #expect(try decoder.logits([1, 2, 3], &cache).rows == 3)
            }
        }
    }

    @Test("any bytes in panels are numbers, and give the same ones at every level")
    func anyBytes() async throws {
        try await withTemporaryDirectory { directory in
            let copy = directory + "/copy"
            _ = try CheckpointQuantizer.quantize(
                directory: decoderFixtures + "/llama", to: copy)
            let path = copy + "/model.safetensors"
            var file = try StoredTensors(path)
            var random = SplitMix(state: 5)
            for (name, tensor) in file.tensors.sorted(by: { $0.key < $1.key })
            where tensor.type == "U8" {
                file.tensors[name]?.bytes = Data(
                    random.bytes(tensor.bytes.count).map { UInt8(bitPattern: $0) })
            }
            try file.write(to: path)
            var seen: Set<[UInt32]> = []
            for level in levels {
                let decoder = try CausalDecoder(directory: copy, threads: 1, kernels: level)
                var cache = try decoder.makeCache()
                seen.insert(bits(try decoder.logits([1, 2, 3, 4, 5, 6, 7, 8, 9], &cache)))
            }
            #expect(seen.count == 1)
        }
    }
}
