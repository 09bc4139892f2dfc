/// Splits one text into folded words, scalar by scalar.
struct WordSplitter {
    private let text: String
    private let scalars: [Unicode.Scalar]
    /// The index of every scalar, and the text's end.
    private let places: [String.Index]
    private var tokens: [FoldedToken] = []
    private var word = ""
    private var start = 0
    private var isNameLike = false

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars)
        places = Array(text.unicodeScalars.indices) + [text.unicodeScalars.endIndex]
    }

    mutating func split() -> [FoldedToken] {
        var i = 0
        while i < scalars.count {
            i += take(at: i)
        }
        flush(at: scalars.count)
        return tokens
    }

    /// Handles the scalar at `i` and returns how many scalars it used up.
    private mutating func take(at i: Int) -> Int {
        let scalar = scalars[i]
        if isIgnorable(i) { return 1 }
        if Self.isApostrophe(scalar) { return takeApostrophe(at: i) }
        let folded = TextFolding.folded(scalar)
        if folded.isEmpty {
            flush(at: i)
        } else if Self.standsAlone(scalar) {
            flush(at: i)
            (word, start, isNameLike) = (folded, i, true)
            flush(at: i + 1)
        } else {
            if word.isEmpty { (start, isNameLike) = (i, Self.beginsName(scalar)) }
            word += folded
        }
        return 1
    }

    /// Ends the word at a possessive; drops the apostrophe inside a word ("O'Neal", "fa'afafine").
    private mutating func takeApostrophe(at i: Int) -> Int {
        guard !word.isEmpty else { return 1 }
        let next = i + 1 < scalars.count ? scalars[i + 1] : nil
        if next == "s" || next == "S", !continuesWord(at: i + 2) {
            flush(at: i, isPossessive: true)
            return 2
        }
        if !continuesWord(at: i + 1) { flush(at: i) }
        return 1
    }

    private func continuesWord(at i: Int) -> Bool {
        i < scalars.count && !TextFolding.folded(scalars[i]).isEmpty
    }

    private mutating func flush(at end: Int, isPossessive: Bool = false) {
        guard !word.isEmpty else { return }
        var end = end
        while end < scalars.count, isIgnorable(end) { end += 1 }
        tokens.append(
            FoldedToken(
                text: word, range: places[start]..<places[end], isNameLike: isNameLike,
                isPossessive: isPossessive))
        word = ""
    }

    /// Marks and invisible format characters neither make nor end a word.
    private func isIgnorable(_ i: Int) -> Bool {
        // No ASCII character is one, and to ask for the category costs a search.
        guard !scalars[i].isASCII else { return false }
        let category = scalars[i].properties.generalCategory
        return category == .nonspacingMark || category == .format
    }

    private static func beginsName(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return "A"..."Z" ~= scalar || "0"..."9" ~= scalar
        }
        let category = scalar.properties.generalCategory
        return scalar.properties.isUppercase || category == .decimalNumber
            || category == .otherLetter
    }

    private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF:
            true
        default: false
        }
    }

    private static func isApostrophe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "'", "\u{2019}", "\u{2018}", "\u{02BC}", "\u{02BB}", "\u{0060}", "\u{00B4}",
            "\u{02B9}", "\u{FF07}":
            true
        default: false
        }
    }
}
