import Foundation

/// Runs `body` on a copy of the tiny Llama with a tokenizer of one token for each character.
func withTinyLanguageModel(
    extraTokenCount: Int = 0, _ body: (String, RecordedDecoder) async throws -> Void
) async throws {
    let copy = FileManager.default.temporaryDirectory.appending(path: "language-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    let source = decoderFixtures + "/llama"
    try FileManager.default.copyItem(atPath: source, toPath: copy.path)
    // What a byte-level vocabulary calls the space, then the printable characters of ASCII.
    var tokens = ["<pad>", "<s>", "</s>", "\u{120}"]
    tokens += (0x21..<0x7D).map { String(UnicodeScalar(UInt8($0))) }
    tokens += (0..<extraTokenCount).map { "extra\($0)" }
    let vocabulary = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
    let tokenizer: [String: Any] = [
        "version": "1.0", "added_tokens": [], "normalizer": NSNull(),
        "pre_tokenizer": [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": true,
        ],
        "post_processor": NSNull(),
        "decoder": [
            "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
            "use_regex": true,
        ],
        "model": [
            "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(),
            "continuing_subword_prefix": NSNull(), "end_of_word_suffix": NSNull(),
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocabulary, "merges": [],
        ],
    ]
    try JSONSerialization.data(withJSONObject: tokenizer)
        .write(to: copy.appending(path: "tokenizer.json"))
    // The recorded tokens go on after the one that config.json ends texts with.
    try Data("{}".utf8).write(to: copy.appending(path: "generation_config.json"))
    try await body(copy.path, try RecordedDecoder(source))
}
