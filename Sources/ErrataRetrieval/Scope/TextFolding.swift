import Foundation

/// One word of a text, folded so that spelling variants compare equal.
package struct FoldedToken: Sendable, Equatable {
    /// Lower case, without diacritics, apostrophes and compatibility forms; never empty.
    package let text: String
    /// Where the word stands in the text it came from, diacritics included, a possessive "'s" not.
    package let range: Range<String.Index>
    /// Whether the word can begin a name: a capital, a digit, or a letter of a script without case.
    package let isNameLike: Bool
    /// Whether a possessive "'s" follows.
    package let isPossessive: Bool
}

/// Unicode folding of questions and facts into words.
///
/// Every scalar is folded by itself (NFKD, marks dropped, lower case, a few letters that Unicode does
/// not decompose), so the result depends neither on a locale nor on the text's normal form.
package enum TextFolding {
    /// Returns the folded words of `text`; Han and kana letters are words of their own.
    package static func tokens(_ text: String) -> [FoldedToken] {
        var splitter = WordSplitter(text)
        return splitter.split()
    }

    /// Returns the folded words of `text` without their places.
    package static func words(_ text: String) -> [String] {
        tokens(text).map(\.text)
    }

    /// Returns the folded words of a name, without leading articles.
    package static func nameWords(_ name: String) -> [String] {
        var words = words(name)
        while words.count > 1, let first = words.first, WordLists.articles.contains(first) {
            words.removeFirst()
        }
        return words
    }

    /// Returns what `scalar` contributes to a word: nothing for marks, spaces and punctuation.
    static func folded(_ scalar: Unicode.Scalar) -> String {
        if scalar.isASCII { return foldedASCII(scalar) }
        var result = ""
        for part in String(scalar).decomposedStringWithCompatibilityMapping.unicodeScalars {
            if part.properties.generalCategory == .nonspacingMark { continue }
            for lower in part.properties.lowercaseMapping.unicodeScalars {
                if let special = undecomposed[lower] {
                    result += special
                } else if isWordPart(lower) {
                    result.unicodeScalars.append(lower)
                }
            }
        }
        return result
    }

    private static func foldedASCII(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "a"..."z", "0"..."9": String(scalar)
        case "A"..."Z": String(Unicode.Scalar(UInt8(scalar.value) + 0x20))
        default: ""
        }
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber, .spacingMark:
            true
        default: false
        }
    }

    /// Latin letters that people replace by others but Unicode does not decompose.
    private static let undecomposed: [Unicode.Scalar: String] = [
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe",
        "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n", "ə": "e",
    ]
}
