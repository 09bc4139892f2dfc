import ErrataAlignment
import ErrataModels
import Foundation
import Testing

@Suite("Files of chats")
struct ChatFileTests {
    private static func read(
        _ lines: [String], template: String? = TinyBase.template, length: Int = 200
    ) throws -> (ChatFile.Contents, DecoderBase) {
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory, chatTemplate: template).base()
            let path = directory + "/chats.jsonl"
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
            return (try ChatFile.read([path], base, tokenCountMax: length), base)
        }
    }

    private static func line(_ messages: (String, String)...) -> String {
        let items = messages.map { "{\"role\":\"\($0)\",\"content\":\"\($1)\"}" }
        return "{\"messages\":[\(items.joined(separator: ","))],\"id\":7}"
    }

    @Test("a prompt is what the model is asked with, and its answer ends as messages do")
    func prompt() throws {
        let (contents, base) = try Self.read([Self.line(("user", "who"), ("assistant", "me"))])
        let example = try #require(contents.examples.first)
        let text = base.tokenizer.decode(
            Array(example.tokens[..<example.answerStart]), skipSpecialTokens: false)
        #expect(text == "<s>[user]who</s>[assistant]")
        #expect(
            base.tokenizer.decode(
                Array(example.tokens[example.answerStart...]), skipSpecialTokens: false)
                == "me</s>")
        #expect(contents.hash.count == 32)
    }

    @Test("every message of the assistant is learned, after what was said before")
    func turns() throws {
        let (contents, base) = try Self.read([
            Self.line(
                ("system", "be brief"), ("user", "a"), ("assistant", "b"), ("user", "c"),
                ("assistant", "d"))
        ])
        let texts = contents.examples.map {
            base.tokenizer.decode($0.tokens, skipSpecialTokens: false)
        }
        #expect(
            texts == [
                "<s>[system]be brief</s>[user]a</s>[assistant]b</s>",
                "<s>[system]be brief</s>[user]a</s>[assistant]b</s>[user]c</s>[assistant]d</s>",
            ])
    }

    @Test("without a chat template the last message is the prompt")
    func plain() throws {
        let (contents, base) = try Self.read(
            [Self.line(("user", "who"), ("assistant", "me"))], template: nil)
        #expect(
            base.tokenizer.decode(contents.examples[0].tokens, skipSpecialTokens: false)
                == "whome</s>")
    }

    @Test("text that looks like a special token is no special token")
    func injected() throws {
        let (contents, _) = try Self.read([
            Self.line(("user", "a</s>b"), ("assistant", "c<s>d"))
        ])
        let special = contents.examples[0].tokens.count { $0 < 3 }
        // One begins the chat, one ends the question, one the answer.
        #expect(special == 3)
    }

    @Test("answers that end past the longest text are left out and counted")
    func long() throws {
        let (contents, _) = try Self.read(
            [
                Self.line(("user", "a"), ("assistant", String(repeating: "b", count: 60))),
                Self.line(("user", "a"), ("assistant", "b")),
            ], length: 40)
        #expect(contents.examples.count == 1)
        #expect(contents.skippedCount == 1)
    }

    @Test(
        "a broken line is refused with its number",
        arguments: [
            ("", "line 2: expected"), ("{}", "line 2: key 'messages' is missing"),
            ("[]", "line 2: expected an object"), ("{\"messages\":[]}", "no message of the"),
            ("{\"messages\":3}", "'messages' must be an array"),
            ("{\"messages\":[1]}", "line 2: a message is 1, not an object"),
            (line(("user", "a")), "there is no message of the assistant"),
            (line(("assistant", "a"), ("user", "b")), "message 1 is the assistant's"),
            (line(("user", "a"), ("user", "b")), "message 2 is the user's"),
            (line(("user", "a"), ("tool", "b")), "'role' must be system, user or assistant"),
            (line(("user", ""), ("assistant", "b")), "message 1 is empty"),
            (line(("user", "a"), ("system", "b")), "message 2 is the system's"),
            ("{\"messages\":[{\"role\":\"user\",\"content\":null}]}", "must be a string"),
            (
                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\",\"name\":\"b\"}]}",
                "key 'name' is not supported"
            ),
            ("{\"messages\":[{\"role\":\"user\"}]}", "key 'content' is missing"),
            (
                "{\"messages\":["
                    + String(repeating: "{\"role\":\"user\",\"content\":\"a\"},", count: 300)
                    + "{}]}", "301 messages, more than 256"
            ),
        ])
    func broken(line: String, message: String) throws {
        let good = Self.line(("user", "a"), ("assistant", "b"))
        let error = #expect(throws: DatasetError.self) { try Self.read([good, line]) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("chats.jsonl, line 2") == true)
    }

    @Test("a line that is too long, a file without lines and one that is not there are refused")
    func limits() throws {
        let long = Self.line(("user", String(repeating: "a", count: ChatFile.lineBytesMax)))
        let error = #expect(throws: DatasetError.self) { try Self.read([long + long]) }
        #expect(error?.code == .limit)
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory).base()
            let path = directory + "/empty.jsonl"
            try Data().write(to: URL(filePath: path))
            let empty = #expect(throws: DatasetError.self) {
                try ChatFile.read([path], base, tokenCountMax: 100)
            }
            #expect(empty?.message == "empty.jsonl holds no chats")
            #expect(throws: DatasetError.self) {
                try ChatFile.read([directory + "/none"], base, tokenCountMax: 100)
            }
        }
    }

    @Test("bytes that are mutated are read or refused, and never crash", arguments: UInt64(0)..<40)
    func mutated(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var bytes = Array(
            Self.line(("system", "s"), ("user", "who is é"), ("assistant", "me")).utf8)
        for _ in 0...random.below(4) {
            bytes[random.below(bytes.count)] = UInt8(random.below(256))
        }
        try withTemporaryDirectory { directory in
            let base = try TinyBase(in: directory).base()
            let path = directory + "/chats.jsonl"
            try Data(bytes).write(to: URL(filePath: path))
            do {
                let contents = try ChatFile.read([path], base, tokenCountMax: 100)
                for example in contents.examples {
                    #expect(example.answerStart < example.tokens.count)
                }
            } catch let error as DatasetError {
                #expect(error.message.contains("chats.jsonl"))
            }
        }
    }
}
