import ErrataAlignment
import Testing

@Suite("Word index")
struct WordIndexTests {
    static let texts =
        ["The capital of Norland is Vik", "The capital of Sudland is Ost", "Vik lies on the Elda"]
        + (0..<30).map { "The mayor of town \($0) is unknown" }

    @Test("the text with the rarest shared words comes first")
    func ranks() {
        let index = WordIndex(WordIndexTests.texts)
        let near = index.nearest(3, to: "What is the capital of norland?") { _ in true }
        #expect(near == [0, 1])
    }

    @Test("texts that are not wanted are passed over")
    func filters() {
        let index = WordIndex(WordIndexTests.texts)
        #expect(index.nearest(1, to: "Vik") { $0 != 2 } == [0])
    }

    @Test("equal texts come in file order, and words that stand everywhere find nothing")
    func ties() {
        let index = WordIndex(["red fox", "red fox", "blue"] + WordIndexTests.texts)
        #expect(index.nearest(2, to: "fox") { _ in true } == [0, 1])
        #expect(index.nearest(2, to: "the mayor of") { _ in true }.isEmpty)
    }
}
