import ErrataCore
import ErrataService
import Testing

@Suite("Files of facts")
struct FactFileTests {
    private func read(_ text: String, _ format: ImportFormat = .auto) -> FactFile {
        FactFile(Array(text.utf8), format: format)
    }

    @Test("JSON Lines and one array say the same")
    func linesAndArray() {
        let records = [
            #"{"subject":"A","relation":"b","object":"c"}"#,
            #"{"op":"assert","fact":{"statement":"x [1] {2} \"]\" is y"}}"#,
            #"{"op":"retract","id":"k.1"}"#,
        ]
        for text in [
            records.joined(separator: "\n"), "[" + records.joined(separator: ",\n ") + "]\n",
            "\u{feff}" + records.joined(separator: "\r\n\r\n"),
        ] {
            let file = read(text)
            #expect(file.problems.isEmpty)
            #expect(file.editCount == 3)
        }
    }

    static let broken: [(String, Int, String)] = [
        ("{\"statement\":\"x\"}\n{\"statment\":\"y\"}", 2, "the field 'statment' is unknown"),
        ("{\"statement\":\"x\"}\nnonsense", 2, "the record is not a JSON object"),
        ("\n\n{\"statement\":1}", 3, "'statement' is not a text"),
        ("{\"statement\":\"a\\nb\"}", 1, "statement: it holds the control character U+000A"),
        ("{\"op\":\"drop\",\"id\":\"x\"}", 1, "op 'drop' is not assert, revise or retract"),
        ("{\"op\":\"retract\"}", 1, "'retract' needs an 'id'"),
        ("[{\"statement\":\"x\"}", 1, "the JSON array is not closed"),
        ("[{\"statement\":\"x\"}]\n[]", 2, "something follows the JSON array"),
        ("[{\"statement\":\"x\"},\n,{}]", 2, "an element is missing before ','"),
        ("[{\"statement\":\"x\"}}]", 1, "the brackets of the JSON array do not match"),
        (
            "[\n{\"subject\":\"x\"}]", 2,
            "record 1: statement: a fact needs a statement, or a prompt and an object, or a subject, a relation and an object"
        ),
        ("{\"labels\":{\"a\":1},\"statement\":\"x\"}", 1, "'labels' is not an object of texts"),
    ]

    @Test("a line that cannot be taken is told by number", arguments: broken.indices)
    func brokenLines(index: Int) {
        let (text, line, message) = FactFileTests.broken[index]
        #expect(read(text).problems == [ImportProblem(line: line, message: message)])
    }

    @Test("bytes that are not UTF-8 are a problem of their line")
    func notUTF8() {
        let bytes =
            Array("{\"statement\":\"x\"}\n{\"statement\":\"".utf8) + [0xff, 0xfe]
            + Array("\"}".utf8)
        #expect(
            FactFile(bytes, format: .auto).problems
                == [ImportProblem(line: 2, message: "the record is not UTF-8")])
    }

    @Test("of two values for one key the later is kept, and both cases are told")
    func duplicates() {
        let file = read(
            """
            {"key":"k","statement":"one"}
            {"key":"l","statement":"two"}
            {"key":"l","statement":"two"}
            {"key":"k","statement":"three"}
            """)
        #expect(file.editCount == 2)
        #expect(
            file.duplicates == [
                ImportProblem(line: 3, message: "same as line 2"),
                ImportProblem(line: 1, message: "superseded by line 4"),
            ])
    }

    @Test("in an array, whose records may share a line, problems name the record")
    func duplicatesInArray() {
        let file = read(#"[{"key":"k","statement":"one"},{"key":"k","statement":"one"}]"#)
        #expect(
            file.duplicates == [ImportProblem(line: 1, message: "record 2: same as record 1")])
    }

    @Test("records of the benchmarks become facts whose statement is prompt and target")
    func benchmarks() {
        let records = [
            #"{"subject":"S","prompt":"S is","target_new":"new","rephrase_prompt":"?","case_id":1}"#,
            #"{"subject":"S","src":"Who is S?","alt":"new","answers":["old"]}"#,
            #"{"concept":"S","text":"S was a\n painter.","labels":"Born in\nRome."}"#,
        ]
        let statements = ["S is new", "Who is S? new", "S was a painter. Born in Rome."]
        for (record, statement) in zip(records, statements) {
            #expect(read(record).facts.map(\.statement) == [statement])
            #expect(read(record).facts.map(\.subject) == ["S"])
        }
    }

    @Test("no cut or changed file crashes the reader")
    func hostile() {
        let bytes = Array(
            #"[{"op":"assert","fact":{"statement":"é \" x","aliases":["a"]}},{"op":"retract","id":"k"}]"#
                .utf8)
        for i in bytes.indices {
            _ = FactFile(Array(bytes[..<i]), format: .auto)
            for change: UInt8 in [0x00, 0x22, 0x5b, 0x5d, 0x7d, 0xff] {
                var changed = bytes
                changed[i] = change
                _ = FactFile(changed, format: .auto)
            }
        }
        _ = FactFile(Array(repeating: UInt8(ascii: "["), count: 100_000), format: .auto)
    }
}
