import ErrataModels
import Foundation
import Testing

@Suite("A language model's text")
struct LanguageModelTests {
    @Test("is what transformers' tokens spell, in pieces that are its own")
    func text() async throws {
        try await withTinyLanguageModel { directory, recorded in
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
        try await withTinyLanguageModel { directory, recorded in
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
        try await withTinyLanguageModel { directory, _ in
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
        try await withTinyLanguageModel(extraTokenCount: 1) { directory, _ in
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
