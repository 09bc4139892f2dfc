import ErrataModels
import Foundation
import Testing

/// Directories that are wrong: each is refused with an error that names what.
@Suite("hostile checkpoints")
struct HostileCheckpointTests {
    /// Returns the message with which a copy of a checkpoint is refused after `spoil` changed it.
    private func refusal(
        of name: String, precision: Linear.Precision = .float32,
        sourceLocation: SourceLocation = #_sourceLocation, _ spoil: (String) throws -> Void
    ) async throws -> String {
        try await withTemporaryDirectory { directory in
            let copy = directory + "/" + name
            try FileManager.default.copyItem(
                atPath: decoderFixtures + "/" + name, toPath: copy)
            try spoil(copy)
            return try modelError(sourceLocation: sourceLocation) {
                _ = try CausalDecoder(directory: copy, precision: precision, threads: 1)
            }.message
        }
    }

    private func config(_ name: String, _ old: String, _ new: String) async throws -> String {
        try await refusal(of: name) { try replace(old, by: new, in: $0 + "/config.json") }
    }

    @Test(
        "a key that changes a number must be there",
        arguments: [
            "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
            "intermediate_size", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings",
            "hidden_act", "model_type", "architectures", "rope_theta",
        ])
    func missingKey(key: String) async throws {
        let message = try await config("llama", "\"\(key)\":", "\"not_\(key)\":")
        #expect(message.contains("key '\(key)' is missing"), "\(message)")
    }

    @Test("keys of single families must be there")
    func familyKeys() async throws {
        for (name, key) in [
            ("mistral-window", "sliding_window"), ("mistral-window", "num_key_value_heads"),
            ("qwen2", "use_sliding_window"), ("qwen2-window", "max_window_layers"),
            ("qwen2-window", "\"sliding_window"), ("qwen3", "head_dim"),
            ("qwen3", "attention_bias"),
        ] {
            let key = key.replacingOccurrences(of: "\"", with: "")
            let message = try await config(name, "\n  \"\(key)\":", "\n  \"not_\(key)\":")
            #expect(message == "config.json: key '\(key)' is missing")
        }
    }

    @Test(
        "absurd numbers are refused before anything is made of their size",
        arguments: [
            "-1", "0", "9223372036854775807", "99999999999999999999", "1e300", "4.5", "null",
        ])
    func absurd(number: String) async throws {
        for (key, value) in [
            ("vocab_size", "96"), ("hidden_size", "32"), ("num_hidden_layers", "2"),
            ("num_attention_heads", "4"), ("num_key_value_heads", "4"),
            ("intermediate_size", "80"), ("max_position_embeddings", "512"), ("head_dim", "8"),
        ] where !(number == "null" && (key == "head_dim" || key == "num_key_value_heads")) {
            let message = try await config(
                "llama", "\"\(key)\": \(value)", "\"\(key)\": \(number)")
            #expect(
                message.contains("'\(key)' must be an integer from 1 to"), "\(key): \(message)")
        }
        for key in ["rope_theta\": 10000.0", "rms_norm_eps\": 1e-05"] where number != "4.5" {
            let (name, value) = (key.split(separator: "\"")[0], key.split(separator: " ")[1])
            if name == "rope_theta", number.count > 12 { continue }
            let message = try await config(
                "llama", "\"\(name)\": \(value)", "\"\(name)\": \(number)")
            #expect(message.contains("'\(name)' must"), "\(message)")
        }
    }

    @Test("heads that do not divide or cannot be turned are refused")
    func heads() async throws {
        var message = try await config(
            "llama", "\"num_key_value_heads\": 4", "\"num_key_value_heads\": 3")
        #expect(
            message
                == "config.json: num_attention_heads 4 is no multiple of num_key_value_heads 3")
        message = try await config("llama", "\"head_dim\": 8", "\"head_dim\": 7")
        #expect(message == "config.json: heads of odd width 7 cannot be rotated")
        message = try await refusal(of: "llama") {
            try replace("\"head_dim\": 8", by: "\"head_dim\": null", in: $0 + "/config.json")
            try replace(
                "\"hidden_size\": 32", by: "\"hidden_size\": 30", in: $0 + "/config.json")
        }
        #expect(
            message == "config.json: hidden_size 30 is no multiple of num_attention_heads 4")
    }

    @Test("what is not built is refused by name")
    func unsupported() async throws {
        var message = try await config("llama", "LlamaForCausalLM", "GemmaForCausalLM")
        #expect(message == "config.json: architecture 'GemmaForCausalLM' is not supported")
        message = try await config("llama", "\"silu\"", "\"gelu\"")
        #expect(message == "config.json: hidden_act 'gelu' is not supported, only 'silu'")
        for kind in ["yarn", "dynamic", "longrope"] {
            message = try await config("llama-odd", "\"linear\"", "\"\(kind)\"")
            #expect(
                message == "config.json: rope_parameters: rope_type '\(kind)' is not supported"
                    || message.hasSuffix("rope_type '\(kind)' is not supported"), "\(message)")
        }
        message = try await config(
            "llama", "\"use_cache\": true", "\"quantization_config\": {\"quant_method\": \"awq\"}")
        #expect(message == "config.json: quantization_config: quant_method 'awq' is not supported")
        message = try await config("qwen2-window", "\"full_attention\"", "\"linear_attention\"")
        #expect(message == "config.json: layer type 'linear_attention' is not supported")
    }

    @Test(
        "files of older programs are read: their keys for rotation, and none for windows by layer")
    func olderFiles() async throws {
        try await withTemporaryDirectory { directory in
            let copy = directory + "/llama"
            try FileManager.default.copyItem(
                atPath: decoderFixtures + "/llama", toPath: copy)
            var text = try String(contentsOfFile: copy + "/config.json", encoding: .utf8)
            let recorded = try RecordedDecoder(copy)
            for (old, new) in [
                ("\"rope_parameters\": {", "\"rope_scaling\": null, \"unused\": {"),
                ("\"transformers_version\": \"5", "\"transformers_version\": \"4.31.0.dev0-5"),
                ("\"head_dim\": 8,", ""), ("\"num_key_value_heads\": 4,", ""),
                ("\"attention_bias\": false,", ""), ("\"mlp_bias\": false,", ""),
            ] {
                #expect(text.contains(old))
                text = text.replacingOccurrences(of: old, with: new)
                try text.write(
                    toFile: copy + "/config.json", atomically: true, encoding: .utf8)
                guard old.hasPrefix("\"transformers") || !text.contains("\"5") else { continue }
                let parity = try Parity(
                    try CausalDecoder(directory: copy, threads: 1), recorded)
                #expect(parity.difference <= 1e-4)
            }
            // A newer program would have written the base.
            text = text.replacingOccurrences(of: "4.31.0", with: "4.33.0")
            try text.write(toFile: copy + "/config.json", atomically: true, encoding: .utf8)
            let error = try modelError {
                _ = try CausalDecoder(directory: copy, threads: 1)
            }
            #expect(error.message == "config.json: key 'rope_theta' is missing")
        }
    }

    @Test("a configuration that the tensors deny is refused with the tensor's name")
    func shapes() async throws {
        var message = try await config("llama", "\"vocab_size\": 96", "\"vocab_size\": 97")
        #expect(
            message
                == "model.safetensors: tensor 'lm_head.weight' has shape [96, 32], expected [97, 32]"
        )
        message = try await config(
            "llama", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")
        #expect(
            message
                == "model.safetensors: tensor 'model.layers.2.input_layernorm.weight' is missing")
        message = try await config(
            "llama", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")
        #expect(
            message
                == "model.safetensors: nothing uses tensor 'model.layers.1.input_layernorm.weight'")
        message = try await config(
            "llama", "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true")
        #expect(message == "model.safetensors: nothing uses tensor 'lm_head.weight'")
        message = try await config(
            "llama", "\"attention_bias\": false", "\"attention_bias\": true")
        #expect(
            message
                == "model.safetensors: tensor 'model.layers.0.self_attn.k_proj.bias' is missing")
        message = try await config("llama-odd", "\"mlp_bias\": true", "\"mlp_bias\": false")
        #expect(
            message
                == "model.safetensors: nothing uses tensor 'model.layers.0.mlp.down_proj.bias'")
    }

    @Test("an index that lies about names or files is refused")
    func index() async throws {
        let name = "mistral-shards"
        let index = "/model.safetensors.index.json"
        let first = "model-00001-of-00006.safetensors"
        func message(_ spoil: @escaping (String) throws -> Void) async throws -> String {
            try await refusal(of: name, spoil)
        }
        #expect(
            try await message {
                try replace(
                    "\"model.norm.weight\": ", by: "\"model.norm.width\": ", in: $0 + index)
            }.contains("tensor 'model.norm.wei"))
        for file in ["../x.safetensors", "/etc/passwd", "a/b.safetensors", "model.bin", ""] {
            let found = try await message { directory in
                let text = try String(contentsOfFile: directory + index, encoding: .utf8)
                try text.replacingOccurrences(of: first, with: file)
                    .write(toFile: directory + index, atomically: true, encoding: .utf8)
            }
            #expect(found.hasSuffix("'\(file)' is no name of a safetensors file"), "\(found)")
        }
        #expect(
            try await message { try FileManager.default.removeItem(atPath: $0 + "/" + first) }
                .hasSuffix("\(first): No such file or directory"))
        #expect(
            try await message { directory in
                let text = try String(contentsOfFile: directory + index, encoding: .utf8)
                try text.replacingOccurrences(of: first, with: "model-00002-of-00006.safetensors")
                    .write(toFile: directory + index, atomically: true, encoding: .utf8)
            }.contains("is not in model-00002-of-00006.safetensors"))
        let whole = try Data(
            contentsOf: URL(fileURLWithPath: decoderFixtures + "/" + name + index))
        for count in stride(from: 0, to: whole.count, by: 97) {
            let found = try await message {
                try whole.prefix(count).write(to: URL(fileURLWithPath: $0 + index))
            }
            #expect(found.hasPrefix("model.safetensors.index.json"), "\(found)")
        }
    }

    @Test("a weights file that is cut anywhere is refused")
    func truncated() async throws {
        let path = decoderFixtures + "/qwen2/model.safetensors"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for count in stride(from: 0, to: whole.count, by: 997) {
            _ = try await refusal(of: "qwen2") {
                try whole.prefix(count)
                    .write(to: URL(fileURLWithPath: $0 + "/model.safetensors"))
            }
        }
    }

    @Test(
        "a weight that is no number is refused in every type and precision",
        arguments: [("llama", 4), ("llama-odd", 2), ("qwen2", 2)])
    func notANumber(name: String, size: Int) async throws {
        for precision in [Linear.Precision.float32, .int8] {
            for pattern in [UInt8(0x7F), 0xFF] {
                let message = try await refusal(of: name, precision: precision) { directory in
                    let url = URL(fileURLWithPath: directory + "/model.safetensors")
                    var data = try Data(contentsOf: url)
                    // All bits of the last element's exponent.
                    data[data.count - 1] = pattern
                    data[data.count - 2] = 0xFF
                    if size == 4 { data[data.count - 3] = 0xFF }
                    try data.write(to: url)
                }
                #expect(
                    message.hasPrefix("model.safetensors: tensor '")
                        || message.contains("holds nan at"), "\(message)")
            }
        }
    }

    @Test("weights near nothing or near the largest number do not crash, in 8 bits either")
    func extreme() async throws {
        for bits in [UInt32(0x0000_0001), 0x0000_0080, 0x0080_0000, 0x7F7F_FFFF] {
            try await withTemporaryDirectory { directory in
                let copy = directory + "/llama"
                try FileManager.default.copyItem(
                    atPath: decoderFixtures + "/llama", toPath: copy)
                let url = URL(fileURLWithPath: copy + "/model.safetensors")
                var data = try Data(contentsOf: url)
                let length = data.prefix(8).enumerated().reduce(0) {
                    $0 + Int($1.element) << (8 * $1.offset)
                }
                for start in stride(from: 8 + length, to: data.count - 3, by: 4) {
                    withUnsafeBytes(of: bits.littleEndian) {
                        data.replaceSubrange(start..<start + 4, with: $0)
                    }
                }
                try data.write(to: url)
                for precision in [Linear.Precision.float32, .int8] {
                    let decoder = try CausalDecoder(
                        directory: copy, precision: precision, threads: 1)
                    var generation = try Generation(
                        decoder, prompts: [[1, 2, 3]], caches: [try decoder.makeCache()],
                        options: [GenerationOptions(tokenCountMax: 3)])
                    do {
                        #expect(try generation.run()[0].tokens.count == 3)
                    } catch let error as ModelError {
                        #expect(error.message.hasPrefix("the model computes "))
                    }
                }
            }
        }
    }
}
