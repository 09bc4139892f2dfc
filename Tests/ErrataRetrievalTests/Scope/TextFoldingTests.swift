import ErrataRetrieval
import Testing

@Suite("Text folding")
struct TextFoldingTests {
    @Test(
        "folds case, diacritics, compatibility forms and punctuation",
        arguments: [
            ("Kyūben KAWASAKI", ["kyuben", "kawasaki"]),
            ("Łódź, Ærø & Straße", ["lodz", "aero", "strasse"]),
            ("Ｔｏｋｙｏ ﬁre", ["tokyo", "fire"]),
            ("Jean-Louis", ["jean", "louis"]),
            ("O'Neal fa\u{02BB}afafine isn\u{2019}t", ["oneal", "faafafine", "isnt"]),
            ("İstanbul ΣΊΣΥΦΟΣ", ["istanbul", "σισυφοσ"]),
            ("UK\u{00AD}-wide 4½", ["uk", "wide", "412"]),
            ("東京 is big", ["東", "京", "is", "big"]),
            ("  …?!", []),
            ("", []),
        ])
    func folds(text: String, words: [String]) {
        #expect(TextFolding.words(text) == words)
    }

    @Test("folds the composed and the decomposed form alike")
    func normalForms() {
        let composed = "Jiří Srnka"
        let decomposed = "Jir\u{030C}i\u{0301} Srnka"
        #expect(TextFolding.words(composed) == TextFolding.words(decomposed))
        #expect(TextFolding.tokens(decomposed)[0].range.upperBound.utf16Offset(in: decomposed) == 6)
    }

    @Test("a possessive ends its word and is no part of it")
    func possessives() {
        let text = "Grandjean's and the Beatles' song"
        let tokens = TextFolding.tokens(text)
        #expect(tokens.map(\.text) == ["grandjean", "and", "the", "beatles", "song"])
        #expect(tokens.map(\.isPossessive) == [true, false, false, false, false])
        #expect(text[tokens[0].range] == "Grandjean")
    }

    @Test("capitals, digits and caseless letters look like names")
    func nameLike() {
        let tokens = TextFolding.tokens("the NGC 4293 of 京 éa Éa")
        #expect(tokens.map(\.isNameLike) == [false, true, true, false, true, false, true])
    }

    @Test("a name loses leading articles, but not its last word")
    func names() {
        #expect(TextFolding.nameWords("The Beatles") == ["beatles"])
        #expect(TextFolding.nameWords("The The") == ["the"])
    }

    @Test(
        "ranges cover the original words in order",
        arguments: ["Ærøskøbing’s “Łódź”", "a\u{0301}b"])
    func ranges(text: String) {
        let tokens = TextFolding.tokens(text)
        #expect(!tokens.isEmpty)
        for token in tokens {
            #expect(TextFolding.words(String(text[token.range])) == [token.text])
        }
        #expect(
            zip(tokens, tokens.dropFirst()).allSatisfy {
                $0.range.upperBound <= $1.range.lowerBound
            })
    }
}
