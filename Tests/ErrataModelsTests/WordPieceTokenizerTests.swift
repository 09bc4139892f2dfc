import ErrataModels
import Foundation
import Testing

@Suite("WordPiece tokenizer")
struct WordPieceTokenizerTests {
    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: fixtures + "/tiny/" + name)))
    }

    private func tokenizer() throws -> Tokenizer {
        try Tokenizer(tokenizerFile: try bytes("tokenizer.json"))
    }

    @Test("ids are those of Hugging Face tokenizers")
    func reference() throws {
        let tokenizer = try tokenizer()
        for sentence in try Recorded("tiny-reference.json").sentences {
            #expect(tokenizer.encode(sentence.text, tokenCountMax: 24).ids == sentence.ids)
        }
    }

    @Test("vocab.txt with its configuration gives the same ids as tokenizer.json")
    func vocabularyFile() throws {
        let tokenizer = try tokenizer()
        let plain = try Tokenizer(
            vocabularyFile: try bytes("vocab.txt"),
            configurationFile: try bytes("tokenizer_config.json"))
        for sentence in try Recorded("minilm-reference.json").sentences {
            #expect(
                tokenizer.encode(sentence.text, tokenCountMax: 64)
                    == plain.encode(sentence.text, tokenCountMax: 64))
        }
    }

    @Test("truncation keeps the special tokens and counts what it leaves out")
    func truncation() throws {
        let tokenizer = try tokenizer()
        let whole = tokenizer.encode("the river of the city", tokenCountMax: 100)
        #expect(whole.ids.count == 7)
        #expect(whole.truncatedCount == 0)
        let cut = tokenizer.encode("the river of the city", tokenCountMax: 4)
        #expect(cut.ids == [whole.ids[0], whole.ids[1], whole.ids[2], whole.ids[6]])
        #expect(cut.truncatedCount == 3)
    }

    @Test("every scalar between two letters becomes what it becomes in Hugging Face tokenizers")
    func scalars() throws {
        let recorded = try #require(try Recorded("minilm-reference.json").scalars)
        let file = try JSONSerialization.jsonObject(with: Data(try bytes("tokenizer.json")))
        var plain = try #require(file as? [String: Any])
        plain["normalizer"] = NSNull()
        let words = try Tokenizer(
            tokenizerFile: Array(try JSONSerialization.data(withJSONObject: plain)))
        #expect(scalarDigest(words) == recorded)
    }

    @Test("ASCII text is cleaned up like any other")
    func ascii() throws {
        for options in 0..<16 {
            let normalizer = BertNormalizer(
                cleanText: options & 1 > 0, handleChineseCharacters: options & 2 > 0,
                stripAccents: options & 4 > 0, lowercase: options & 8 > 0)
            let text = (0...0x7F).map { Unicode.Scalar(UInt8($0)) }
            let expected = normalizer(text).map { UInt8($0.value) }
            #expect(normalizer(ascii: text.map { UInt8($0.value) }) == expected)
        }
    }

    @Test("a long text of one word takes time in proportion")
    func longWord() throws {
        let tokenizer = try tokenizer()
        let encoding = tokenizer.encode(
            String(repeating: "x", count: 1_000_000), tokenCountMax: 24)
        #expect(encoding.ids == [2, 1, 3])
    }

    @Test(
        "a tokenizer.json that asks for something else is refused by name",
        arguments: [
            (
                "\"BertNormalizer\"", "\"NFC\"",
                "tokenizer.json: normalizer: key 'clean_text' is not supported"
            ),
            (
                "\"clean_text\": true,", "",
                "tokenizer.json: normalizer: key 'clean_text' is missing"
            ),
            (
                "\"clean_text\": true,", "\"clean_text\": true, \"prepend\": \"x\",",
                "tokenizer.json: normalizer: key 'prepend' is not supported"
            ),
            (
                "\"BertPreTokenizer\"", "\"ByteLevel\"",
                "tokenizer.json: pre_tokenizer: key 'add_prefix_space' is missing"
            ),
            (
                "\"TemplateProcessing\"", "\"ByteLevel\"",
                "tokenizer.json: post_processor: key 'single' is not supported"
            ),
            (
                "\"type\": \"WordPiece\",\n    \"unk_token\"",
                "\"type\": \"BPE\",\n    \"unk_token\"",
                "tokenizer.json: model: key 'max_input_chars_per_word' is not supported"
            ),
            (
                "\"max_input_chars_per_word\": 100", "\"max_input_chars_per_word\": 0",
                "tokenizer.json: model: 'max_input_chars_per_word' must be an integer from 1 to 10000, not 0"
            ),
            (
                "\"[MASK]\": 4", "\"[MASK]\": 3",
                "tokenizer.json: model: vocab: token '[MASK]' has id 3, which is not a new one"
            ),
            (
                "\"[MASK]\": 4", "\"[MASK]\": 99999999999",
                "tokenizer.json: model: vocab: id 99999999999 is not below 4194304"
            ),
            (
                "\"[MASK]\": 4", "\"[MUSK]\": 4",
                "tokenizer.json: added_tokens[4]: '[MASK]' has id 4, which disagrees with the vocabulary"
            ),
            (
                "\"unk_token\": \"[UNK]\"", "\"unk_token\": \"[OOV]\"",
                "tokenizer.json: model: token '[OOV]' is not in the vocabulary"
            ),
            (
                "\"version\"", "\"features\": [], \"version\"",
                "tokenizer.json: key 'features' is not supported"
            ),
        ])
    func refusals(old: String, new: String, message: String) throws {
        let text = String(decoding: try bytes("tokenizer.json"), as: UTF8.self)
        let parts = text.components(separatedBy: old)
        try #require(parts.count == 2, "'\(old)' is there \(parts.count - 1) times")
        let error = try modelError {
            _ = try Tokenizer(tokenizerFile: Array(parts.joined(separator: new).utf8))
        }
        #expect(error.message == message)
    }

    @Test("a damaged tokenizer.json is an error or a tokenizer, never a crash")
    func damaged() throws {
        let whole = try bytes("tokenizer.json")
        var random = SplitMix(state: 15)
        for _ in 0..<150 {
            var damaged = whole
            for _ in 0..<4 {
                damaged[Int.random(in: 0..<whole.count, using: &random)] =
                    UInt8.random(in: 0x20...0x7E, using: &random)
            }
            if let tokenizer = try? Tokenizer(tokenizerFile: damaged) {
                let ids = tokenizer.encode("The river [MASK] 你好!", tokenCountMax: 20).ids
                #expect(ids.allSatisfy { (0..<Int32(tokenizer.idCount)).contains($0) })
            }
        }
    }
}
