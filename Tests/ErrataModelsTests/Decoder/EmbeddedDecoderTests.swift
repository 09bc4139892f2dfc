import ErrataModels
import Foundation
import Testing

@Suite("The decoder in the program")
struct EmbeddedDecoderTests {
    /// A prompt that transformers continued; see `Fixtures/decoder-recipe/export.py`.
    struct Case: Decodable {
        /// The user's message.
        let content: String
        let answer: String
        let said: String
        let prompt: [Int32]
        let tokens: [Int32]
        let topTokens: [Int]
        let topLogits: [Float]
    }

    static let root = URL(filePath: fixtures)
        .deletingLastPathComponent().deletingLastPathComponent()

    static func cases() throws -> [Case] {
        let file = root.appending(path: "Fixtures/decoder-recipe/reference.json")
        return try JSONDecoder().decode([Case].self, from: try Data(contentsOf: file))
    }

    /// Returns the text of an answer and the tokens that were generated for it.
    private func said(
        _ model: LanguageModel, _ content: String
    ) async throws -> (text: String, tokenCount: Int, end: GenerationEnd?) {
        var result: (text: String, tokenCount: Int, end: GenerationEnd?) = ("", 0, nil)
        let prompt = try model.prompt(of: [("user", content)])
        for try await piece in try model.text(continuing: prompt, .init(tokenCountMax: 32)) {
            result = (result.text + piece.text, piece.tokenCount, piece.end)
        }
        return result
    }

    @Test("reads and writes the tokens that transformers does")
    func parity() async throws {
        let model = try EmbeddedDecoder.load(threads: 1)
        let cases = try Self.cases()
        #expect(cases.count >= 20)
        for item in cases {
            #expect(try model.prompt(of: [("user", item.content)]) == item.prompt)
            var generation = try Generation(
                model.decoder, prompts: [item.prompt], caches: [try model.decoder.makeCache()],
                options: [GenerationOptions(tokenCountMax: 32, stopTokens: model.endTokens)])
            #expect(try generation.run()[0].tokens.map(\.token) == item.tokens, "\(item.content)")

            var cache = try model.decoder.makeCache()
            let logits = try model.decoder.logits(item.prompt, &cache)
            let last = logits[logits.rows - 1]
            for (token, expected) in zip(item.topTokens, item.topLogits) {
                #expect(abs(last[last.startIndex + token] - expected) < 2e-3)
            }
        }
    }

    @Test("says the edit's object, bare, or that no fact answers", arguments: [1, 3])
    func answers(threads: Int) async throws {
        let model = try EmbeddedDecoder.load(threads: threads)
        let cases = try Self.cases()
        var exact = 0
        for item in cases {
            let (text, tokenCount, end) = try await said(model, item.content)
            #expect(text == item.said)
            #expect(tokenCount == item.tokens.count)
            #expect(item.tokens.last.map { end == .stopToken($0) } == true)
            exact += text == item.answer ? 1 : 0
        }
        // A name of rare letters is one that it spells wrong.
        #expect(exact >= cases.count - 1)
        #expect(cases.contains { $0.said == EmbeddedDecoder.noAnswer })
    }

    @Test("answers most of them in 8 bits too")
    func quantized() async throws {
        let model = try EmbeddedDecoder.load(precision: .int8, threads: 1)
        let cases = try Self.cases()
        var exact = 0
        for item in cases {
            exact += try await said(model, item.content).text == item.answer ? 1 : 0
        }
        #expect(exact >= cases.count - 3)
    }

    @Test("is the checkpoint that lies beside the code")
    func files() throws {
        let directory = Self.root.appending(path: "Sources/CErrataDecoder").path
        let embedded = try EmbeddedDecoder.load(threads: 1)
        let loaded = try LanguageModel(directory: directory, threads: 1)
        #expect(embedded.decoder.configuration == loaded.decoder.configuration)
        #expect(embedded.endTokens == loaded.endTokens)
        let prompt = try Self.cases()[0].prompt
        var caches = [try embedded.decoder.makeCache(), try loaded.decoder.makeCache()]
        #expect(
            try embedded.decoder.logits(prompt, &caches[0]).values
                == loaded.decoder.logits(prompt, &caches[1]).values)
        let size = try FileManager.default.attributesOfItem(
            atPath: directory + "/model.safetensors")[.size]
        #expect(size as? Int == EmbeddedDecoder.weightByteCount)
        #expect(EmbeddedDecoder.weightByteCount <= 30_000_000)
    }

    @Test("is another one in another precision")
    func identity() throws {
        let whole = try EmbeddedDecoder.identity(precision: .float32).digest()
        let loaded = try EmbeddedDecoder.load(precision: .float32, threads: 1)
        #expect(try loaded.identity.digest() == whole)
        #expect(try EmbeddedDecoder.identity(precision: .int8).digest() != whole)
    }

    @Test("refuses a chat with a system message, which it was not made for")
    func system() throws {
        let model = try EmbeddedDecoder.load(threads: 1)
        let error = #expect(throws: ModelError.self) {
            try model.prompt(of: [("system", "Be brief."), ("user", "Who?")])
        }
        #expect(error?.message.contains("user and assistant only") == true)
    }
}
