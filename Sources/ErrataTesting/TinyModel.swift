import Foundation

/// A small random decoder of `Fixtures/decoder`, a Llama if nothing else is said, as a checkpoint that can be asked: with a tokenizer of one token
/// for each printable character.
package struct TinyModel: Sendable {
    package let directory: String

    private static let fixtures = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/decoder")

    /// A LoRA adapter of the model.
    package static var adapter: String { fixtures.appending(path: "llama-lora").path }

    /// Writes the checkpoint `fixture` into a directory `name` of its own; texts end at a token only if `ends`.
    ///
    /// `positionCount` is more than the model was made with for texts that take their time.
    package init(
        in parent: TemporaryDirectory, _ name: String = "tiny", fixture: String = "llama",
        positionCount: Int = 2_048, chatTemplate: String? = nil, ends: Bool = false
    ) throws {
        directory = parent.file(name)
        let copy = URL(filePath: directory)
        try FileManager.default.copyItem(at: Self.fixtures.appending(path: fixture), to: copy)
        let place = copy.appending(path: "config.json")
        var config = try String(contentsOf: place, encoding: .utf8)
        config = config.replacing(
            "\"max_position_embeddings\": 512",
            with: "\"max_position_embeddings\": \(positionCount)")
        if !ends {
            config = config.replacing("\"eos_token_id\": 2", with: "\"eos_token_id\": null")
        }
        try config.write(to: place, atomically: false, encoding: .utf8)
        try JSONSerialization.data(withJSONObject: Self.tokenizer)
            .write(to: copy.appending(path: "tokenizer.json"))
        guard let chatTemplate else { return }
        try JSONSerialization.data(
            withJSONObject: ["chat_template": chatTemplate, "eos_token": "</s>"]
        ).write(to: copy.appending(path: "tokenizer_config.json"))
    }

    private static var tokenizer: [String: Any] {
        // What a byte-level vocabulary calls the space, then the printable characters of ASCII, of which the
        // last two have no room: a text's line feed and braces are left out.
        var tokens = ["<pad>", "<s>", "</s>", "\u{120}"]
        tokens += (0x21..<0x7D).map { String(UnicodeScalar(UInt8($0))) }
        let vocabulary = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
        let bytes: [String: Any] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
        ]
        let special: [[String: Any]] = ["<s>", "</s>"].enumerated().map { index, content in
            [
                "id": index + 1, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true,
            ]
        }
        return [
            "version": "1.0", "added_tokens": special, "normalizer": NSNull(),
            "pre_tokenizer": bytes, "post_processor": NSNull(), "decoder": bytes,
            "model": [
                "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(),
                "continuing_subword_prefix": NSNull(), "end_of_word_suffix": NSNull(),
                "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": vocabulary, "merges": [String](),
            ] as [String: Any],
        ]
    }
}
