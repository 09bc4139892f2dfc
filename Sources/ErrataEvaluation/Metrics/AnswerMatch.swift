import Foundation

/// Whether a generated answer says what was asked for.
///
/// Normalised as SQuAD's evaluation does (Rajpurkar and others 2016): lower case, without punctuation and English
/// articles, white space folded. Letters of other scripts and accents count.
package enum AnswerMatch {
    private static let articles: Set<Substring> = ["a", "an", "the"]

    /// Returns the text that is compared.
    package static func normalised(_ text: String) -> String {
        let folded = text.precomposedStringWithCanonicalMapping.lowercased()
        let letters = folded.unicodeScalars.map { scalar in
            isPunctuation(scalar) ? " " : Character(scalar)
        }
        return String(letters).split(whereSeparator: \.isWhitespace)
            .filter { !articles.contains($0) }.joined(separator: " ")
    }

    /// Whether `text` is one of `answers`; an answer of which nothing is left is none.
    package static func holds(_ text: String, oneOf answers: some Sequence<String>) -> Bool {
        let said = normalised(text)
        guard !said.isEmpty else { return false }
        return answers.contains { normalised($0) == said }
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            true
        default: false
        }
    }
}
