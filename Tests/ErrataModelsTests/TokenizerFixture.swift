import ErrataModels
import Foundation
import Testing

/// A small tokenizer that Hugging Face tokenizers trained, and what the library makes of strings.
struct TokenizerFixture: CustomTestStringConvertible, Sendable {
    /// One string as the library encodes and decodes it.
    struct Line: Decodable {
        let text: String
        let ids: [Int32]
        let decoded: String
    }

    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/tokenizers").path

    static let all = [
        "llama3", "qwen2", "qwen-marks", "gpt2", "llama2", "mistral", "wordpiece",
    ].map { TokenizerFixture(name: $0) }

    let name: String

    var testDescription: String { name }

    func bytes() throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: Self.folder + "/\(name).json")))
    }

    func tokenizer() throws -> Tokenizer { try Tokenizer(tokenizerFile: try bytes()) }

    /// Calls `body` with each line of a recording.
    static func forEachLine(of path: String, _ body: (Line) throws -> Void) throws {
        let decoder = JSONDecoder()
        for line in try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: 0x0A) {
            try body(try decoder.decode(Line.self, from: line))
        }
    }

    /// Compares a tokenizer with a recording; returns how many strings it holds.
    func compare(with path: String) throws -> Int {
        let tokenizer = try tokenizer()
        var count = 0
        var differences: [String] = []
        try Self.forEachLine(of: path) { line in
            count += 1
            let text = tokenizer.decode(line.ids)
            var stream = tokenizer.streamDecoder()
            var streamed = line.ids.map { stream.append($0) }.joined()
            streamed += stream.finish()
            if tokenizer.encode(line.text) != line.ids
                || !text.utf8.elementsEqual(line.decoded.utf8)
                || !streamed.utf8.elementsEqual(line.decoded.utf8)
            {
                differences.append(line.text)
            }
        }
        #expect(
            differences.isEmpty,
            "\(differences.count) of \(count) differ: \(differences.prefix(3).map(\.debugDescription))"
        )
        return count
    }
}
