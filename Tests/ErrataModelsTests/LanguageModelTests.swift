import ErrataModels
import Foundation
import Testing

@Suite("A language model's text")
struct LanguageModelTests {
    @Test("is what transformers' tokens spell, in pieces that are its own")
    func text() async throws {
        try await withModel { directory, recorded in
            let model = try LanguageModel(directory: directory, threads: 1)
            let expected = model.tokenizer.decode(recorded.greedy)
            var text = ""
            var last: GeneratedText.Piece?
            let request = LanguageModel.Request(tokenCountMax: recorded.greedy.count)
            for try await piece in try model.text(continuing: recorded.prompt, request) {
                text += piece.text
                last = piece
            }
            #expect(text == expected)
            #expect(last?.end == .tokenCount)
            #expect(last?.tokenCount == recorded.greedy.count)
        }
    }

    @Test("ends before a stop string, and with the token that ends texts")
    func ends() async throws {
        try await withModel { directory, recorded in
            let model = try LanguageModel(directory: directory, threads: 1)
            let whole = model.tokenizer.decode(recorded.greedy)
            let stop = String(whole.dropFirst(9).prefix(3))
            let place = try #require(whole.range(of: stop))
            let request = LanguageModel.Request(
                tokenCountMax: recorded.greedy.count, stopStrings: ["never in it", stop])
            let (text, end) = try await collect(model, recorded.prompt, request)
            #expect(text == String(whole[..<place.lowerBound]))
            #expect(end == .stopped)

            let token = recorded.greedy[5]
            try Data("{\"eos_token_id\": [1, \(token)]}".utf8)
                .write(to: URL(filePath: directory + "/generation_config.json"))
            let other = try LanguageModel(directory: directory, threads: 1)
            #expect(other.endTokens == [1, token])
            let (short, otherEnd) = try await collect(
                other, recorded.prompt, .init(tokenCountMax: recorded.greedy.count))
            #expect(otherEnd == .stopToken(token))
            let count = try #require(recorded.greedy.firstIndex(of: token))
            #expect(short == model.tokenizer.decode(Array(recorded.greedy[..<count])))
        }
    }

    @Test("is asked for by the template of a chat, and by none where there is none")
    func chat() async throws {
        try await withModel { directory, _ in
            let plain = try LanguageModel(directory: directory, threads: 1)
            let error = #expect(throws: ModelError.self) {
                try plain.prompt(of: [("user", "Who?")])
            }
            #expect(error?.code == .unsupported)
            let template =
                "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}] {{ m.content }} "
                + "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
            let configuration = ["bos_token": "(", "chat_template": template]
            try JSONSerialization.data(withJSONObject: configuration)
                .write(to: URL(filePath: directory + "/tokenizer_config.json"))
            let model = try LanguageModel(directory: directory, threads: 1)
            let tokens = try model.prompt(of: [("system", "Be brief."), ("user", "Who?")])
            #expect(
                model.tokenizer.decode(tokens) == "([system] Be brief. [user] Who? [assistant]")
            try Data("[{{ messages[0].content }}]".utf8)
                .write(to: URL(filePath: directory + "/chat_template.jinja"))
            let other = try LanguageModel(directory: directory, threads: 1)
            #expect(other.tokenizer.decode(try other.prompt(of: [("user", "Who?")])) == "[Who?]")
        }
    }

    @Test("is refused where the tokenizer has more tokens than the decoder")
    func mismatch() async throws {
        try await withModel(extraTokenCount: 1) { directory, _ in
            let error = #expect(throws: ModelError.self) {
                try LanguageModel(directory: directory, threads: 1)
            }
            #expect(
                error?.message
                    == "the tokenizer has ids up to 96, config.json's vocab_size is 96")
        }
    }

    private func collect(
        _ model: LanguageModel, _ prompt: [Int32], _ request: LanguageModel.Request
    ) async throws -> (String, GenerationEnd?) {
        var text = ""
        var end: GenerationEnd?
        for try await piece in try model.text(continuing: prompt, request) {
            text += piece.text
            end = piece.end
        }
        return (text, end)
    }

    /// Runs `body` on a copy of the tiny Llama with a tokenizer of one token for each character.
    private func withModel(
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
}

@Suite("Stop strings")
struct StopStringsTests {
    @Test("cut a text before the first of them, however it comes in pieces")
    func cut() {
        let text = "one two three twofold"
        for size in 1...text.count {
            var stops = StopStrings(["two t", "threefold", "twof"])
            var out = ""
            var isEnd = false
            var rest = text[...]
            while !rest.isEmpty, !isEnd {
                let piece = stops.append(String(rest.prefix(size)))
                out += piece.text
                isEnd = piece.isEnd
                rest = rest.dropFirst(size)
            }
            #expect(out == "one ")
            #expect(isEnd)
        }
    }

    @Test("hold back no more than may become one of them")
    func held() {
        var stops = StopStrings(["###", ""])
        #expect(stops.append("a#").text == "a")
        #expect(stops.append("#b").text == "##b")
        #expect(stops.append("##").text == "")
        #expect(stops.finish() == "##")
        #expect(stops.append("x").text == "x")
    }
}
