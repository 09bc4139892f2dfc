import ErrataAPI
import ErrataCore
import Testing

@testable import errata

@Suite("the drawing of history")
struct GraphDrawingTests {
    /// Draws commits called by letters, each with its parents: `"d": "bc"`.
    private func draw(
        _ commits: KeyValuePairs<String, String>, _ glyphs: GraphDrawing.Glyphs = .lines
    ) -> String {
        var drawing = GraphDrawing(glyphs)
        var lines: [String] = []
        for (name, parents) in commits {
            let row = drawing.add(id(name), parents: parents.map { id(String($0)) })
            lines += row.before + [row.node + " " + name] + row.after
        }
        return lines.joined(separator: "\n")
    }

    private func id(_ name: String) -> CommitID { CommitID(.sha256(Array(name.utf8))) }

    @Test("one line, branches, merges and several at once")
    func shapes() {
        #expect(draw(["b": "a", "a": ""]) == "○ b\n○ a")
        #expect(
            draw(["d": "b", "c": "b", "b": "a", "a": ""]) == """
                ○ d
                │ ○ c
                ├─╯
                ○ b
                ○ a
                """)
        #expect(
            draw(["d": "bc", "c": "a", "b": "a", "a": ""]) == """
                ○ d
                ├─╮
                │ ○ c
                ○ │ b
                ├─╯
                ○ a
                """)
        #expect(
            draw(["f": "ed", "e": "c", "d": "cb", "c": "a", "b": "a", "a": ""]) == """
                ○ f
                ├─╮
                ○ │ e
                │ ○ d
                │ ├─╮
                ├─╯ │
                ○   │ c
                │   ○ b
                ├───╯
                ○ a
                """)
        #expect(
            draw(["e": "bcd", "d": "a", "c": "a", "b": "a", "a": ""], .ascii) == #"""
                * e
                |-\-\
                | | * d
                | * | c
                * | | b
                |-/-/
                * a
                """#)
    }

    @Test("a merge of a line that is drawn already joins it")
    func joins() {
        #expect(
            draw(["d": "b", "c": "ab", "b": "a", "a": ""]) == """
                ○ d
                │ ○ c
                ├─┤
                ○ │ b
                ├─╯
                ○ a
                """)
    }

    @Test(
        "any history stays within its width, and each commit has one place",
        arguments: UInt64(0)..<50)
    func anyHistory(seed: UInt64) {
        var random = SystemlessRandom(state: seed)
        var drawing = GraphDrawing(.lines)
        let count = 60
        for number in (0..<count).reversed() {
            var parents: [CommitID] = []
            for _ in 0..<random.next(4) where number > 0 {
                let parent = id(String(random.next(number)))
                if !parents.contains(parent) { parents.append(parent) }
            }
            let row = drawing.add(id(String(number)), parents: parents)
            for line in row.before + [row.node] + row.after {
                #expect(line.count <= GraphDrawing.columnCountMax)
            }
            if !row.node.hasSuffix("…") { #expect(row.node.count { $0 == "○" } == 1) }
        }
    }

    private struct SystemlessRandom {
        var state: UInt64

        mutating func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
    }
}

@Suite("tables of rows")
struct CSVWriterTests {
    @Test("CSV quotes what it must, and takes the edge off formulas")
    func csv() {
        let safe = CSVWriter(isRaw: false)
        #expect(safe.line([.text("a"), .null, .integer(-1), .real(0.5)]) == "a,,-1,0.5\r\n")
        #expect(safe.line([.text("a,\"b\"\r\nc")]) == "\"a,\"\"b\"\"\r\nc\"\r\n")
        // A mark that joins the quote does not hide it.
        #expect(safe.line([.text("a\"\u{301},=1")]) == "\"a\"\"\u{301},=1\"\r\n")
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let line = safe.line([.text(formula)])
            #expect(line.hasPrefix("'") || line.hasPrefix("\"'"), "\(formula)")
        }
        #expect(CSVWriter(isRaw: true).line([.text("=1+1")]) == "=1+1\r\n")
    }
}
