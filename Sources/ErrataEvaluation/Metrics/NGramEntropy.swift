import Foundation

/// How varied generated texts are, so how fluent: repetition brings it down.
///
/// KnowEdit's fluency (Zhang and others 2024, section 4.2, after Zhang and others 2018): over the words of a text
/// H2 and H3, the entropies in bits of its two- and three-word sequences; (2/3 H2 + 4/3 H3) / 2; times 100, the mean
/// of all texts. Words are runs of letters, marks and digits, or single other signs but white space.
package enum NGramEntropy {
    private static let weights: [(length: Int, weight: Double)] = [(2, 2.0 / 3), (3, 4.0 / 3)]

    /// Returns the fluency of one text: 0 for one of fewer than three words, 100 times about the logarithm of the
    /// number of words for one that never repeats itself.
    package static func fluency(_ text: String) -> Double {
        let words = words(of: text)
        let sum = weights.reduce(0) { $0 + $1.weight * entropy(words, $1.length) }
        return 100 * sum / Double(weights.count)
    }

    static func words(of text: String) -> [String] {
        var words: [String] = []
        var isOpen = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                isOpen = false
            } else if isPartOfWord(scalar) {
                if isOpen {
                    words[words.count - 1].unicodeScalars.append(scalar)
                } else {
                    words.append(String(scalar))
                }
                isOpen = true
            } else {
                words.append(String(scalar))
                isOpen = false
            }
        }
        return words
    }

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber,
            .otherNumber:
            true
        default: false
        }
    }

    /// Returns the entropy in bits of the sequences of `length` words.
    private static func entropy(_ words: [String], _ length: Int) -> Double {
        guard words.count >= length else { return 0 }
        var counts: [ArraySlice<String>: Int] = [:]
        let total = words.count - length + 1
        for start in 0..<total { counts[words[start..<start + length], default: 0] += 1 }
        return counts.values.sorted().reduce(0) { sum, count in
            let share = Double(count) / Double(total)
            return sum - share * log2(share)
        }
    }
}
