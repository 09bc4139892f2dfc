import ErrataModels
import Foundation
import Testing

@Suite("hostile adapters")
struct HostileAdapterTests {
    private func refusal(
        _ spoil: (String) throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        try await withTemporaryDirectory { directory in
            let copy = directory + "/llama-lora"
            try FileManager.default.copyItem(
                atPath: decoderFixtures + "/llama-lora", toPath: copy)
            try spoil(copy)
            let base = try tinyDecoder("llama").configuration
            return try modelError(sourceLocation: sourceLocation) {
                _ = try LoraAdapter(directory: copy, base: base, kernels: .current)
            }.message
        }
    }

    private func config(_ old: String, _ new: String) async throws -> String {
        try await refusal { try replace(old, by: new, in: $0 + "/adapter_config.json") }
    }

    @Test("variants of LoRA that are not built are refused by name")
    func variants() async throws {
        for (key, old, new) in [
            ("use_dora", "false", "true"), ("lora_bias", "false", "true"),
            ("modules_to_save", "null", "[\"lm_head\"]"), ("rank_pattern", "{}", "{\"q_proj\": 8}"),
            ("alpha_pattern", "{}", "{\"q_proj\": 8}"), ("layers_to_transform", "null", "[0]"),
            ("layer_replication", "null", "[[0, 1]]"), ("use_qalora", "false", "true"),
            ("target_parameters", "null", "[\"x\"]"), ("trainable_token_indices", "null", "[1]"),
            ("fan_in_fan_out", "false", "true"),
        ] {
            let message = try await config("\"\(key)\": \(old)", "\"\(key)\": \(new)")
            #expect(message == "adapter_config.json: \(key) is not supported")
        }
        var message = try await config("\"LORA\"", "\"IA3\"")
        #expect(message == "adapter_config.json: peft_type 'IA3' is not supported, only 'LORA'")
        message = try await config("\"bias\": \"none\"", "\"bias\": \"all\"")
        #expect(message == "adapter_config.json: bias 'all' is not supported, only 'none'")
        message = try await config(
            "\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa\"")
        #expect(message == "adapter_config.json: init_lora_weights 'pissa' is not supported")
        message = try await config("\"v_proj\"", "\"embed_tokens\"")
        #expect(message == "adapter_config.json: target module 'embed_tokens' is not supported")
    }

    @Test("ranks and shapes that do not fit are refused with the tensor's name")
    func shapes() async throws {
        let stem = "adapter_model.safetensors: tensor 'base_model.model.model.layers.0.self_attn"
        #expect(
            try await config("\"r\": 4", "\"r\": 5").contains(
                "lora_A.weight' has shape [4, 32], expected [5, 32]"))
        for number in ["0", "-1", "99999999999"] {
            #expect(
                try await config("\"r\": 4", "\"r\": \(number)").contains(
                    "'r' must be an integer from 1 to 4096"))
        }
        #expect(
            try await config("\"v_proj\"", "\"k_proj\"")
                == stem + ".k_proj.lora_A.weight' is missing")
        #expect(
            try await config("\"lora_alpha\": 8", "\"lora_alpha\": 1e300")
                == "adapter_config.json: lora_alpha 1e+300 is too large")
    }

    @Test("an adapter's file that is cut anywhere is refused")
    func truncated() async throws {
        let path = decoderFixtures + "/llama-lora/adapter_model.safetensors"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for count in stride(from: 0, to: whole.count, by: 251) {
            _ = try await refusal {
                try whole.prefix(count)
                    .write(to: URL(fileURLWithPath: $0 + "/adapter_model.safetensors"))
            }
        }
    }
}
