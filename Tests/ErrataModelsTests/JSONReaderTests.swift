import ErrataModels
import Testing

@Suite("JSON reader")
struct JSONReaderTests {
    private func read(_ text: String) throws -> JSONValue {
        try JSONReader.value(Array(text.utf8), place: "x")
    }

    @Test("strings decode their escapes")
    func escapes() throws {
        let value = try read(#""a\n\u00e9\ud83d\ude00\"\/""#)
        guard case .string(let text) = value else {
            Issue.record("\(value.kind)")
            return
        }
        #expect(Array(text.utf8) == Array("a\né😀\"/".utf8))
    }

    @Test("keys that differ only in their normal form are different")
    func canonicalEquivalence() throws {
        let object = try JSONReader.object(
            Array(#"{"\u00e9":1,"e\u0301":2}"#.utf8), place: "x")
        #expect(object.members.count == 2)
        #expect(try object.integer("\u{E9}", in: 0...9) == 1)
        #expect(try object.integer("e\u{301}", in: 0...9) == 2)
    }

    @Test(
        "text that is not JSON is an error with its place",
        arguments: [
            ("", "x: expected a value at byte 0"), ("{", "x: expected a key at byte 1"),
            ("[1,]", "x: expected a value at byte 3"),
            ("[1 2]", "x: expected ',' or ']' at byte 3"),
            ("01", "x: text after the value at byte 1"), ("1.", "x: expected a value at byte 2"),
            ("nul", "x: unknown word at byte 0"), ("\"a", "x: a string does not end at byte 2"),
            ("\"\\ud800\"", "x: lone surrogate at byte 7"),
            ("\"\\ud800\\u0041\"", "x: lone surrogate at byte 13"),
            ("\"\\x\"", "x: unknown escape at byte 3"),
            ("\"\u{1}\"", "x: control character in a string at byte 2"),
            ("{\"a\":1,\"a\":2}", "x: key 'a' is repeated at byte 10"),
            ("{} {}", "x: text after the value at byte 3"),
            ("\"\\u12g4\"", "x: expected four hexadecimal digits at byte 5"),
        ])
    func malformed(text: String, message: String) throws {
        #expect(try modelError { _ = try read(text) }.message == message)
    }

    @Test("deep nesting and bytes that are not UTF-8 are errors")
    func hostile() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(
            try modelError { _ = try read(deep) }.message
                == "x: values nested deeper than 32 at byte 32")
        let error = try modelError {
            _ = try JSONReader.value([0x22, 0xFF, 0xFE, 0x22], place: "x")
        }
        #expect(error.message == "x: a string is not UTF-8 at byte 4")
    }
}
