import Foundation

/// A copy of a tiny language model that commands may use and spoil.
enum TinyLlama {
    static let fixture = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/decoder/llama")

    /// Calls `body` with a directory that holds the model as `llama`, its tokenizer's letters a, b and c as the
    /// tokens from `first` on.
    static func inDirectory(
        firstToken first: Int = 0, _ body: (URL) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "tiny-llama-\(UUID())")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let model = directory.appending(path: "llama")
        try FileManager.default.copyItem(at: fixture, to: model)
        let tokenizer = """
            {"version": "1.0", "added_tokens": [],
            "model": {"type": "BPE", "merges": [],
            "vocab": {"a": \(first), "b": \(first + 1), "c": \(first + 2)}}}
            """
        try Data(tokenizer.utf8).write(to: model.appending(path: "tokenizer.json"))
        try await body(directory)
    }
}
