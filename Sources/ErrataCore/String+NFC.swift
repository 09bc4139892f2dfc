import Foundation

extension String {
    /// This text in NFC (Unicode Standard Annex #15); nothing is copied if it is ASCII.
    package var inNFC: String {
        utf8.allSatisfy { $0 < 0x80 } ? self : precomposedStringWithCanonicalMapping
    }

    /// This text without tabs and Unicode's space separators at its ends.
    var trimmed: String {
        guard let first = unicodeScalars.first, let last = unicodeScalars.last,
            first.isSpace || last.isSpace
        else { return self }
        return trimmingCharacters(in: .whitespaces)
    }
}

extension Unicode.Scalar {
    /// Whether it is in `CharacterSet.whitespaces`.
    fileprivate var isSpace: Bool {
        self == "\t" || self == " " || !isASCII && properties.generalCategory == .spaceSeparator
    }
}
