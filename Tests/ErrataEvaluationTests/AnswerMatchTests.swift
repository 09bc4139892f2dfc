import ErrataEvaluation
import Testing

@Suite("matching answers")
struct AnswerMatchTests {
    @Test(
        "case, articles, punctuation and white space do not count",
        arguments: [
            ("The  Netherlands.", "netherlands"), ("\"Nur-Sultan\"", "nur sultan"),
            ("a man of the people", "man of people"), ("Émile", "Émile"), ("U.S.", "u s"),
        ])
    func normalised(text: String, answer: String) {
        #expect(AnswerMatch.holds(text, oneOf: ["something else", answer]))
    }

    @Test(
        "accents, other words and nothing at all do count",
        arguments: [("Emile", "Émile"), ("Nur", "Nur-Sultan"), ("", ""), ("the", "a"), ("?", "!")])
    func different(text: String, answer: String) {
        #expect(!AnswerMatch.holds(text, oneOf: [answer]))
    }
}
