import ErrataAlignment
import Testing

@Suite("Scope pair")
struct ScopePairTests {
    static let inScope = ScopePair(
        question: "Wer leitet \"Kirvex\"?", edit: "Kirvex wird geführt von Äda Roe",
        answer: ScopePair.Answer(part: .object, text: "Äda Roe", span: 24..<31), kind: "rephrase",
        subject: "Kirvex", source: "synthetic", sample: 7)

    static let line =
        #"{"question":"Wer leitet \"Kirvex\"?","edit":"Kirvex wird geführt von Äda Roe","scope":"in","#
        + #""part":"object","answer":"Äda Roe","span":[24,31],"kind":"rephrase","subject":"Kirvex","#
        + #""source":"synthetic","sample":7}"#

    @Test("a pair is written as one line whose spans count scalars")
    func writes() {
        #expect(ScopePairTests.inScope.json == ScopePairTests.line)
    }

    @Test("what is written is read back the same")
    func roundTrip() throws {
        let outOfScope = ScopePair(
            question: "a\nb\t\u{1}\\", edit: "e", answer: nil, kind: "open", subject: "s",
            source: "x", sample: 0)
        let withoutSpan = ScopePair(
            question: "q", edit: "e",
            answer: ScopePair.Answer(part: .subject, text: "nowhere", span: nil), kind: "k",
            subject: "s", source: "x", sample: 1)
        for pair in [ScopePairTests.inScope, outOfScope, withoutSpan] {
            #expect(try ScopePair(json: Array(pair.json.utf8), place: "x") == pair)
        }
    }

    @Test(
        "a line that is no pair is refused with what is wrong",
        arguments: [
            ("{", "pairs, line 3: expected a key at byte 1"),
            (line + "x", "pairs, line 3: text after the value at byte \(line.utf8.count)"),
            (
                line.replacing("\"kind\"", with: "\"sort\""),
                "pairs, line 3: key 'sort' is not known"
            ),
            (line.replacing(",\"sample\":7", with: ""), "pairs, line 3: key 'sample' is missing"),
            (
                line.replacing("\"in\"", with: "\"maybe\""),
                "pairs, line 3: 'scope' must be \"in\" or \"out\", not \"maybe\""
            ),
            (
                line.replacing("\"in\"", with: "\"out\""),
                "pairs, line 3: 'part' belongs to pairs in scope, and this one is out"
            ),
            (
                line.replacing("\"answer\":\"Äda Roe\",", with: ""),
                "pairs, line 3: key 'answer' is missing"
            ),
            (
                line.replacing("[24,31]", with: "[24,32]"),
                "pairs, line 3: 'span' ends at 32, but the edit has 31 scalars"
            ),
            (
                line.replacing("[24,31]", with: "[23,30]"),
                "pairs, line 3: 'span' holds ' Äda Ro', but the answer is 'Äda Roe'"
            ),
            (
                line.replacing("[24,31]", with: "[31,24]"),
                "pairs, line 3: 'span' must be null or [start, end) with 0 <= start < end"
            ),
            (
                line.replacing("\"object\"", with: "\"verb\""),
                "pairs, line 3: 'part' must be \"object\" or \"subject\", not \"verb\""
            ),
            (
                line.replacing("\"source\":\"synthetic\"", with: "\"source\":\"\""),
                "pairs, line 3: 'source' is empty"
            ),
            (
                line.replacing("Wer leitet", with: String(repeating: "w", count: 2_000)),
                "pairs, line 3: 'question' has 2010 bytes, more than 2000"
            ),
        ])
    func refuses(line: String, message: String) {
        #expect {
            try ScopePair(json: Array(line.utf8), place: "pairs, line 3")
        } throws: { error in
            (error as? DatasetError)?.message == message
        }
    }

    @Test("a subject is held back by its digest, however its accents are composed")
    func heldBack() {
        #expect(HeldBack.contains("東京"))
        #expect(!HeldBack.contains("Twitter"))
        #expect(HeldBack.contains("Zu\u{308}rich") == HeldBack.contains("Z\u{fc}rich"))
        let count = (0..<5_000).count { HeldBack.contains("subject \($0)") }
        #expect((900...1_100).contains(count))
    }
}
