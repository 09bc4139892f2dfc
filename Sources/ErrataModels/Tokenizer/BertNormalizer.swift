// For canonical decomposition, which neither the standard library nor FoundationEssentials offers.
import Foundation

/// The text clean-up of BERT's tokenizer, as the `BertNormalizer` of Hugging Face tokenizers does it.
///
/// The steps, in order: drop control characters and make white space spaces; put spaces around
/// Chinese characters; decompose and drop nonspacing marks; lower case.
package struct BertNormalizer: Equatable, Sendable {
    package let cleanText: Bool
    package let handleChineseCharacters: Bool
    package let stripAccents: Bool
    package let lowercase: Bool

    package init(
        cleanText: Bool, handleChineseCharacters: Bool, stripAccents: Bool?, lowercase: Bool
    ) {
        self.cleanText = cleanText
        self.handleChineseCharacters = handleChineseCharacters
        // Null means: as lower case, in BERT's code and in theirs.
        self.stripAccents = stripAccents ?? lowercase
        self.lowercase = lowercase
    }

    package func callAsFunction(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var text = text
        if cleanText { text = text.compactMap(Self.cleaned) }
        if handleChineseCharacters {
            text = text.flatMap { $0.isChinese ? [" ", $0, " "] : [$0] }
        }
        if stripAccents { text = Self.decomposed(text).filter { !$0.isNonspacingMark } }
        if lowercase { text = text.flatMap(Self.lowercased) }
        return text
    }

    /// Does the same with text that is ASCII, in which there are no accents and no Chinese characters.
    package func callAsFunction(ascii text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for byte in text {
            let scalar = Unicode.Scalar(byte)
            if cleanText, scalar.isBertControl { continue }
            let cleaned = cleanText && scalar.isBertSpace ? UInt8(ascii: " ") : byte
            result.append(lowercase && (0x41...0x5A).contains(cleaned) ? cleaned + 32 : cleaned)
        }
        return result
    }

    private static func cleaned(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        if scalar.value == 0xFFFD || scalar.isBertControl { return nil }
        return scalar.isBertSpace ? " " : scalar
    }

    private static func decomposed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        if text.allSatisfy(\.isASCII) { return text }
        var result: [Unicode.Scalar] = []
        var part = String.UnicodeScalarView()
        // Newer characters do not decompose in the tables, whatever Foundation's say.
        for scalar in text {
            if scalar.isNewerThanBertTables {
                result += String(part).decomposedStringWithCanonicalMapping.unicodeScalars
                result.append(scalar)
                part = String.UnicodeScalarView()
            } else {
                part.append(scalar)
            }
        }
        return result + String(part).decomposedStringWithCanonicalMapping.unicodeScalars
    }

    private static func lowercased(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        if scalar.isASCII {
            return [
                (0x41...0x5A).contains(scalar.value)
                    ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
            ]
        }
        return Array(scalar.properties.lowercaseMapping.unicodeScalars)
    }
}

extension Unicode.Scalar {
    /// Assigned after Unicode 8.0, the version of the category tables in Hugging Face tokenizers.
    ///
    /// Such a character has no category there: it is a letter like any other.
    var isNewerThanBertTables: Bool {
        guard let age = properties.age else { return true }
        return age.major > 8
    }

    /// White space where BERT splits words.
    var isBertSpace: Bool {
        isASCII ? value == 0x20 || (0x09...0x0D).contains(value) : properties.isWhitespace
    }

    /// A control character: general category C, except tab, line feed and carriage return.
    var isBertControl: Bool {
        if isASCII {
            return (value < 0x20 || value == 0x7F) && value != 0x09 && value != 0x0A
                && value != 0x0D
        }
        switch properties.generalCategory {
        case .control, .format, .surrogate: return !isNewerThanBertTables
        case .privateUse: return true
        default: return false
        }
    }

    /// A nonspacing mark of Unicode 8.0; six characters have changed their category since.
    var isNonspacingMark: Bool {
        switch value {
        case 0x1734, 0x1171E: true
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: false
        default: properties.generalCategory == .nonspacingMark && !isNewerThanBertTables
        }
    }

    /// Punctuation, each character of which is a word: ASCII symbols count too.
    var isBertPunctuation: Bool {
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case 0..<0x80: return false
        // Of another category since Unicode 8.0.
        case 0x166D, 0x111C9: return true
        default: break
        }
        switch properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            return !isNewerThanBertTables
        default: return false
        }
    }

    /// A character of the blocks that BERT calls Chinese: ideographs, not kana or hangul.
    var isChinese: Bool {
        switch value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
            0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}

extension BertNormalizer {
    /// Reads the `normalizer` of that name.
    init(_ object: JSONObject) throws(ModelError) {
        try object.require("type", is: "BertNormalizer")
        try object.refuseKeys(besides: [
            "type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase",
        ])
        var strip: Bool?
        if case .null = try object.required("strip_accents") {
        } else {
            strip = try object.boolean("strip_accents")
        }
        self.init(
            cleanText: try object.boolean("clean_text"),
            handleChineseCharacters: try object.boolean("handle_chinese_chars"),
            stripAccents: strip, lowercase: try object.boolean("lowercase"))
    }
}
