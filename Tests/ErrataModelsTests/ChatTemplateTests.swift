import ErrataModels
import Foundation
import Testing

@Suite("Chat templates")
struct ChatTemplateTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/chat-templates").path

    /// Compares with what transformers rendered; returns how many cases there were.
    private func compare(_ path: String) throws -> Int {
        var count = 0
        for line in try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: 0x0A) {
            let record = try JSONReader.object(Array(line), place: "case \(count)")
            let name = try record.string("template")
            let values = Dictionary(
                uniqueKeysWithValues: try record.object("values").members.map {
                    ($0.key, TemplateValue($0.value))
                })
            let text = try rendered(try source(of: record, name), values, name)
            var expected: String?
            if record["text"] != nil { expected = try record.string("text") }
            #expect(text.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(name)")
            count += 1
        }
        return count
    }

    private func source(of record: JSONObject, _ name: String) throws -> String {
        if record["source"] != nil { return try record.string("source") }
        return try String(contentsOfFile: Self.folder + "/\(name)", encoding: .utf8)
    }

    /// Returns what a template gives, or nil if it refuses the values.
    private func rendered(
        _ source: String, _ values: [String: TemplateValue], _ name: String
    ) throws -> String? {
        let template = try ChatTemplate(source)
        do {
            return try template.render(values)
        } catch {
            #expect(error.code == .malformed, "\(name): \(error.message)")
            return nil
        }
    }

    @Test("templates render what transformers renders, and refuse what it refuses")
    func recorded() throws {
        #expect(try compare(Self.folder + "/cases.jsonl") > 150)
    }

    private static let parityFile = ProcessInfo.processInfo.environment["ERRATA_TEMPLATE_PARITY"]

    @Test(
        "the templates that make_templates.py was given render the same",
        .enabled(if: parityFile != nil))
    func parity() throws {
        #expect(try compare(try #require(Self.parityFile)) > 0)
    }

    @Test("a prompt holds the messages and the start of the answer")
    func prompt() throws {
        let source =
            "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
            + "{% if add_generation_prompt %}<assistant>{% endif %}"
        let message = TemplateValue.object(
            .init([("role", .string("user")), ("content", .string("hi"))]))
        let template = try ChatTemplate(source)
        #expect(try template.prompt(messages: [message]) == "<user>hi<assistant>")
        #expect(
            try template.prompt(messages: [message], addGenerationPrompt: false) == "<user>hi")
    }

    @Test(
        "what is not built is refused by name when the template is read",
        arguments: [
            ("{{ x | xmlattr }}", "filter 'xmlattr'"), ("{{ x is callable }}", "test 'callable'"),
            ("{{ lipsum() }}", "function 'lipsum'"), ("{{ x.format(1) }}", "method 'format'"),
            ("{% macro f() %}{% endmacro %}", "statement 'macro'"),
            ("{% include 'x' %}", "statement 'include'"), ("{{ 2 ** 3 }}", "operator '**'"),
            ("{% for x in y recursive %}{% endfor %}", "a recursive loop"),
            ("{{ (1, 2) }}", "a tuple"), ("{% set a, b = x %}", "setting several names"),
            ("{{ 'a\\N{DIGIT ONE}' }}", "escape '\\N'"),
        ])
    func refusals(source: String, what: String) throws {
        let error = try modelError { _ = try ChatTemplate(source) }
        #expect(error.message == "chat template: \(what) is not supported")
        #expect(error.code == .unsupported)
    }

    @Test(
        "a template that is none says why",
        arguments: [
            ("{{ x", "a tag does not end"), ("{# x", "a comment does not end"),
            ("{{ 'x }}", "a string does not end"), ("{% if x %}", "'elif' is missing at the end"),
            ("{% endif %}", "'endif' without a start"),
            ("{{ }}", "expected an expression, found the end of the tag"),
            ("{{ 99999999999999999999 }}", "the number 99999999999999999999 is too large"),
            ("{{ x ! y }}", "unexpected character '!'"),
        ])
    func malformed(source: String, message: String) throws {
        let error = try modelError { _ = try ChatTemplate(source) }
        #expect(error.message == "chat template: \(message)")
    }

    @Test(
        "a template that would run or grow without end is stopped",
        arguments: [
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% set ns = namespace(s='aaaaaaaa') %}"
                + "{% for a in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "{% set ns = namespace(s=[1]) %}"
                + "{% for a in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
            "{{ range(99999999) }}",
        ])
    func bounded(source: String) throws {
        let error = try modelError { _ = try ChatTemplate(source).render([:]) }
        #expect(error.code == .limit)
    }

    @Test("deep nesting is an error")
    func nesting() throws {
        let depth = 100_000
        for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("{1:", "}")] {
            let source =
                "{{ " + String(repeating: open, count: depth) + "1"
                + String(repeating: close, count: depth) + " }}"
            _ = try? ChatTemplate(source).render([:])
        }
        let blocks =
            String(repeating: "{% if 1 %}", count: depth)
            + String(repeating: "{% endif %}", count: depth)
        #expect(
            try modelError { _ = try ChatTemplate(blocks) }.message
                == "chat template: 2100000 bytes, more than 1048576")
        let fewer = String(repeating: "{% if 1 %}", count: 1000)
        #expect(
            try modelError { _ = try ChatTemplate(fewer) }.message
                == "chat template: statements nested deeper than 32")
    }

    @Test("numbers that overflow or divide by zero are errors")
    func arithmetic() throws {
        for source in [
            "{{ 9223372036854775807 + 1 }}", "{{ 9223372036854775807 * 2 }}", "{{ 1 // 0 }}",
            "{{ 1 % 0 }}", "{{ (0 - 9223372036854775807 - 1) // -1 }}", "{{ 1 / 0 }}",
            "{{ 'a'[0:1:0] }}", "{{ -(0 - 9223372036854775807 - 1) }}",
        ] {
            #expect(try modelError { _ = try ChatTemplate(source).render([:]) }.code == .malformed)
        }
        #expect(
            try ChatTemplate("{{ 'abc'[-9223372036854775807:9223372036854775807] }}").render([:])
                == "abc")
    }

    @Test("the tokenizer's configuration names special tokens and templates")
    func configuration() throws {
        let json = """
            {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null,
             "chat_template": [{"name": "default", "template": "{{ bos_token }}x{{ eos_token }}"}]}
            """
        let configuration = try TokenizerConfiguration(Array(json.utf8))
        #expect(configuration.specialTokens == ["bos_token": "<s>", "eos_token": "</s>"])
        #expect(
            try configuration.chatTemplate().render(configuration.templateValues) == "<s>x</s>")
        #expect(
            try modelError { _ = try configuration.chatTemplate("tool_use") }.message
                == "the tokenizer has no chat template 'tool_use'")
    }

    @Test("changed templates are errors or render, and never crash")
    func fuzz() throws {
        let isLong = ProcessInfo.processInfo.environment["ERRATA_LONG_TESTS"] == "1"
        let names = ["turns", "headers", "marks", "calls", "language"]
        var random = SplitMix(state: 31)
        var renderedCount = 0
        let values: [String: TemplateValue] = [
            "messages": .list([
                .object(.init([("role", .string("user")), ("content", .string("hi"))]))
            ])
        ]
        for name in names {
            let source = try Data(
                contentsOf: URL(fileURLWithPath: Self.folder + "/\(name).jinja"))
            for _ in 0..<(isLong ? 20_000 : 100) {
                var bytes = [UInt8](source)
                Mutation.apply(to: &bytes, count: Int.random(in: 1...4, using: &random), &random)
                let text = String(decoding: bytes, as: UTF8.self)
                if let template = try? ChatTemplate(text), (try? template.render(values)) != nil {
                    renderedCount += 1
                }
            }
        }
        #expect(renderedCount > 0)
    }
}
