import ErrataModels
import Foundation
import Testing

@Suite("Tokenizers")
struct TokenizerTests {
    @Test(
        "ids and texts are those of Hugging Face tokenizers, at once and token by token",
        arguments: TokenizerFixture.all)
    func recorded(fixture: TokenizerFixture) throws {
        let count = try fixture.compare(
            with: TokenizerFixture.folder + "/\(fixture.name).expected.jsonl")
        #expect(count > 200)
    }

    private static let parityFolder = ProcessInfo.processInfo.environment[
        "ERRATA_TOKENIZER_PARITY"]

    @Test(
        "the strings that make_tokenizers.py recorded give the same ids and texts",
        .enabled(if: parityFolder != nil), arguments: TokenizerFixture.all)
    func parity(fixture: TokenizerFixture) throws {
        let folder = try #require(Self.parityFolder)
        let count = try fixture.compare(with: folder + "/\(fixture.name).parity.jsonl")
        #expect(count >= 20_000)
    }

    @Test("special tokens around a text are left out on request")
    func withoutSpecialTokens() throws {
        let tokenizer = try TokenizerFixture(name: "llama3").tokenizer()
        let ids = tokenizer.encode("the river")
        let start = try #require(tokenizer.id(of: "<|begin_of_text|>"))
        #expect(ids == [start] + tokenizer.encode("the river", addSpecialTokens: false))
        #expect(tokenizer.decode(ids, skipSpecialTokens: false) == "<|begin_of_text|>the river")
        #expect(tokenizer.isSpecial(start))
    }

    @Test(
        "no text spells a special token any more once it was made plain",
        arguments: TokenizerFixture.all)
    func plainText(fixture: TokenizerFixture) throws {
        let tokenizer = try fixture.tokenizer()
        let special = (0..<Int32(tokenizer.idCount)).filter { tokenizer.isSpecial($0) }
        try #require(!special.isEmpty)
        for id in special {
            let written = tokenizer.decode([id], skipSpecialTokens: false)
            guard !written.lowercased().contains("unk") else { continue }
            for text in [written, "the \(written) river", "\(written)\(written)"] {
                #expect(tokenizer.encode(text, addSpecialTokens: false).contains(id))
                let plain = tokenizer.withoutSpecialTokens(text)
                #expect(!tokenizer.encode(plain, addSpecialTokens: false).contains(id), "\(plain)")
                #expect(plain.filter { $0 != " " } == text.filter { $0 != " " })
            }
        }
        #expect(tokenizer.withoutSpecialTokens("the river < | > 你") == "the river < | > 你")
    }

    @Test("a stream returns a character with its last byte and spaces before the next word")
    func streaming() throws {
        let bytes = try TokenizerFixture(name: "qwen2").tokenizer()
        var stream = bytes.streamDecoder()
        let parts = bytes.encode("a😀b").map { stream.append($0) }
        #expect(parts.joined() == "a😀b")
        #expect(!parts.contains { $0.contains("\u{FFFD}") })

        let pieces = try TokenizerFixture(name: "llama2").tokenizer()
        var spaced = pieces.streamDecoder()
        let texts = pieces.encode("the river 你", addSpecialTokens: false).map { spaced.append($0) }
        #expect(texts.joined() + spaced.finish() == "the river 你")
        #expect(texts.first?.hasPrefix(" ") == false)
    }

    @Test("bytes that stay no character come out as U+FFFD when the stream ends")
    func unfinishedCharacter() throws {
        let tokenizer = try TokenizerFixture(name: "qwen2").tokenizer()
        let ids = tokenizer.encode("😀")
        try #require(ids.count > 1)
        var stream = tokenizer.streamDecoder()
        #expect(ids.dropLast().map { stream.append($0) }.joined() == "")
        #expect(stream.finish() == "\u{FFFD}")
        #expect(stream.append(tokenizer.encode("x")[0]) == "x")
    }

    @Test("a stream of tokens that are no text ends in time and loses none")
    func hostileStream() throws {
        let tokenizer = try TokenizerFixture(name: "qwen2").tokenizer()
        let byte = try #require(tokenizer.id(of: "\u{13B}"))
        var stream = tokenizer.streamDecoder()
        var text = ""
        for _ in 0..<4000 { text += stream.append(byte) }
        text += stream.finish()
        #expect(text.unicodeScalars.count == 4000)
        #expect(text.unicodeScalars.allSatisfy { $0 == "\u{FFFD}" })
    }

    @Test("ids that are no token are left out")
    func unknownIDs() throws {
        for fixture in TokenizerFixture.all {
            let tokenizer = try fixture.tokenizer()
            #expect(tokenizer.decode([-1, .max, Int32(tokenizer.idCount), .min]) == "")
        }
    }

    @Test(
        "a megabyte without a place to cut is encoded in time", arguments: TokenizerFixture.all,
        ["a", "1", " ", "\n", "\u{10FFFF}"])
    func longText(fixture: TokenizerFixture, letter: String) throws {
        let tokenizer = try fixture.tokenizer()
        let text = String(repeating: letter, count: (1 << 20) / letter.utf8.count)
        let ids = tokenizer.encode(text)
        #expect(ids.allSatisfy { (0..<Int32(tokenizer.idCount)).contains($0) })
    }

    @Test("texts encoded side by side give the ids that each gives alone")
    func concurrency() async throws {
        let tokenizer = try TokenizerFixture(name: "gpt2").tokenizer()
        let texts = (0..<64).map { "river \($0) of the city \($0 * 7919)" }
        let alone = texts.map { tokenizer.encode($0) }
        let together = await withTaskGroup(of: (Int, [Int32]).self) { group in
            for (place, text) in texts.enumerated() {
                group.addTask { (place, tokenizer.encode(text)) }
            }
            var ids = [[Int32]](repeating: [], count: texts.count)
            for await (place, list) in group { ids[place] = list }
            return ids
        }
        #expect(together == alone)
    }

    @Test("a full cache starts anew and changes no id")
    func cache() throws {
        let tokenizer = try TokenizerFixture(name: "gpt2").tokenizer()
        let before = tokenizer.encode("the river of the city")
        for number in 0..<20_000 { _ = tokenizer.encode("word\(number)x") }
        #expect(tokenizer.encode("the river of the city") == before)
    }
}
