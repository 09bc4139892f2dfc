import ErrataModels
import Foundation
import Testing

@Suite("pair tokenizer")
struct PairTokenizerTests {
    private func tokenizer() throws -> PairTokenizer {
        try SentenceEncoder(directory: fixtures + "/tiny", threads: 1).pairTokenizer()
    }

    private func ids(_ text: String) throws -> [Int32] {
        try SentenceEncoder(directory: fixtures + "/tiny", threads: 1).tokens(text).ids
    }

    @Test("a pair is both texts' own tokens between special ones")
    func layout() throws {
        let input = try tokenizer()(question: "the cat ?", edit: "a dog")
        let (question, edit) = (try ids("the cat ?"), try ids("a dog"))
        #expect(input.ids == question + edit.dropFirst())
        #expect(input.edit == question.count..<input.ids.count - 1)
        #expect(input.places.count == input.edit.count)
        #expect(!input.isTruncated)
    }

    @Test("tokens that both texts hold are marked in both")
    func matches() throws {
        let input = try tokenizer()(question: "x y", edit: "y z")
        let kinds = input.segments.compactMap(PairTokenizer.Segment.init(rawValue:))
        #expect(
            kinds == [
                .question, .question, .questionMatch, .question, .editMatch, .edit, .edit,
            ])
    }

    @Test(
        "a text cannot spell a special token", arguments: ["[SEP]", "[CLS] x", "[MASK]", "[PAD]"])
    func noSpecialTokens(text: String) throws {
        let plain = try tokenizer()(question: "x", edit: "y")
        let special: Set<Int32> = [plain.ids[0], plain.ids[2]]
        let input = try tokenizer()(question: text, edit: text)
        let inner = input.ids.dropFirst().dropLast()
        // The one between the texts is ours.
        #expect(inner.count { special.contains($0) } == 1)
    }

    @Test("places are those of words, and words make up spans")
    func places() throws {
        let edit = "It is “São-Paulo”, 12.5 km"
        let input = try tokenizer()(question: "x", edit: edit)
        let words = input.places.map { String(edit[$0]) }
        #expect(
            words.reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
                == ["It", "is", "“", "São", "-", "Paulo", "”", ",", "12", ".", "5", "km"])
        let name = try #require(edit.range(of: "São-Paulo"))
        let tokens = try #require(input.tokens(of: name))
        #expect(edit[input.places[tokens.lowerBound].lowerBound...].hasPrefix("São"))
        #expect(edit[..<input.places[tokens.upperBound - 1].upperBound].hasSuffix("Paulo"))
        // Half a word is no span.
        #expect(input.tokens(of: try #require(edit.range(of: "Sã"))) == nil)
    }

    @Test("long texts are cut, the question last, and the input says so")
    func truncation() throws {
        let long = String(repeating: "x ", count: 400)
        let both = try tokenizer()(question: long, edit: long)
        #expect(both.isTruncated && both.ids.count == PairTokenizer.tokenCountMax)
        #expect(both.edit.lowerBound == PairTokenizer.questionTokenCountMax + 2)
        let edit = try tokenizer()(question: "x y", edit: long)
        #expect(edit.isTruncated && edit.edit.lowerBound == 4)
        let question = try tokenizer()(question: long, edit: "x y")
        #expect(question.isTruncated && question.edit.count == 2)
        let empty = try tokenizer()(question: "", edit: "")
        #expect(empty.ids.count == 3 && empty.edit.isEmpty)
    }
}
