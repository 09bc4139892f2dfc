import ErrataAlignment
import ErrataModels
import Foundation

/// A copy of a checkpoint of the fixtures with a tokenizer of one token for each character, and a chat template.
struct TinyBase {
    static let template =
        "{% for m in messages %}{{ '<s>' if loop.first }}[{{ m['role'] }}]{{ m['content'] }}</s>"
        + "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"

    let directory: String

    init(_ name: String = "llama", in parent: String, chatTemplate: String? = template) throws {
        directory = parent + "/" + name
        try FileManager.default.copyItem(
            atPath: fixtures + "/decoder/" + name, toPath: directory)
        try FileManager.default.removeItem(atPath: directory + "/reference.safetensors")
        try write("tokenizer.json", Self.tokenizer)
        try write("generation_config.json", ["eos_token_id": 2])
        var configuration: [String: Any] = ["eos_token": "</s>", "bos_token": "<s>"]
        configuration["chat_template"] = chatTemplate
        try write("tokenizer_config.json", configuration)
    }

    private func write(_ name: String, _ object: [String: Any]) throws {
        try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
            .write(to: URL(filePath: directory + "/" + name))
    }

    func base() throws -> DecoderBase { try DecoderBase(directory: directory) }

    private static var tokenizer: [String: Any] {
        // What a byte-level vocabulary calls the space, then the printable characters of ASCII.
        var tokens = ["<pad>", "<s>", "</s>", "\u{120}"]
        tokens += (0x21..<0x7D).map { String(UnicodeScalar(UInt8($0))) }
        let bytes: [String: Any] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": true,
        ]
        return [
            "version": "1.0",
            "added_tokens": tokens.prefix(3).enumerated().map { id, text in
                [
                    "id": id, "content": text, "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": true,
                ] as [String: Any]
            },
            "normalizer": NSNull(), "pre_tokenizer": bytes, "post_processor": NSNull(),
            "decoder": bytes,
            "model": [
                "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(),
                "continuing_subword_prefix": NSNull(), "end_of_word_suffix": NSNull(),
                "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": Dictionary(
                    uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) }),
                "merges": [],
            ],
        ]
    }

    /// Questions and answers that can be learned by heart.
    static func examples(_ base: DecoderBase, count: Int = 24) throws -> [ChatExample] {
        let end = try base.endOfMessage()
        return try (0..<count).map { i in
            let (tokens, start) = try base.tokens(
                of: [
                    ChatMessage(.user, "who is number \(i) of them"),
                    ChatMessage(.assistant, "it is \(i % 5)"),
                ], endOfMessage: end)
            return ChatExample(tokens: tokens, answerStart: start)
        }
    }
}
