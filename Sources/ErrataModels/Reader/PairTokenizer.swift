/// Turns a question and an edit into the reader's input: `[CLS] question [SEP] edit [SEP]`.
///
/// Texts are cut into words before they are tokenized, so that each token's place in the text is known
/// and no text can spell a special token.
package struct PairTokenizer: Sendable {
    /// Which text a token belongs to, and whether the other text holds the same token.
    ///
    /// Exact matches help small models (Chen et al. 2017, section 3.2): they tell a name from a nearly
    /// identical one.
    package enum Segment: UInt8, CaseIterable, Sendable {
        case question
        case edit
        case questionMatch
        case editMatch
    }

    /// One pair as tokens.
    package struct Input: Sendable {
        package let ids: [Int32]
        package let segments: [UInt8]
        /// The edit's tokens.
        package let edit: Range<Int>
        /// For each token of the edit, the characters of the word that it is part of.
        package let places: [Range<String.Index>]
        /// Whether a text was cut at its end.
        package let isTruncated: Bool

        /// The tokens of the edit that make up `range`, nil if its ends are not those of words.
        package func tokens(of range: Range<String.Index>) -> Range<Int>? {
            guard let first = places.firstIndex(where: { $0.lowerBound == range.lowerBound }),
                let last = places.lastIndex(where: { $0.upperBound == range.upperBound }),
                first <= last
            else { return nil }
            return first..<last + 1
        }
    }

    /// Tokens of one pair, special ones included.
    package static let tokenCountMax = 256
    /// What a question may take of them if the edit needs the rest.
    package static let questionTokenCountMax = 128

    private let tokenizer: Tokenizer

    package init(_ tokenizer: Tokenizer) throws(ModelError) {
        guard tokenizer.before.count == 1, tokenizer.after.count == 1 else {
            throw ModelError(
                .unsupported,
                "a reader needs one token before and one after a text, the tokenizer puts "
                    + "\(tokenizer.before.count) and \(tokenizer.after.count)")
        }
        self.tokenizer = tokenizer
    }

    /// Returns the tokens of a pair, its texts cut where they are too long.
    package func callAsFunction(question: String, edit: String) -> Input {
        var asked = pieces(question)
        var told = pieces(edit)
        let room = Self.tokenCountMax - 3
        let isTruncated = asked.count + told.count > room
        if isTruncated {
            asked = Array(
                asked.prefix(max(Self.questionTokenCountMax, room - told.count)))
            told = Array(told.prefix(room - asked.count))
        }
        let separator = tokenizer.after[0]
        let askedIDs = Set(asked.map(\.id))
        let toldIDs = Set(told.map(\.id))
        let question: [Segment] =
            asked.map { toldIDs.contains($0.id) ? .questionMatch : .question }
        let edit: [Segment] = told.map { askedIDs.contains($0.id) ? .editMatch : .edit }
        let segments = [.question] + question + [.question] + edit + [.edit]
        return Input(
            ids: tokenizer.before + asked.map(\.id) + [separator] + told.map(\.id) + [separator],
            segments: segments.map(\.rawValue),
            edit: asked.count + 2..<asked.count + 2 + told.count, places: told.map(\.place),
            isTruncated: isTruncated)
    }

    private struct Piece {
        let id: Int32
        let place: Range<String.Index>
    }

    /// Returns the tokens of a text, word by word.
    private func pieces(_ text: String) -> [Piece] {
        Self.words(text).flatMap { place in
            tokenizer.encode(String(text[place]), addSpecialTokens: false).map {
                Piece(id: $0, place: place)
            }
        }
    }

    /// Returns the runs of characters between white space; punctuation stands alone.
    static func words(_ text: String) -> [Range<String.Index>] {
        let scalars = text.unicodeScalars
        var words: [Range<String.Index>] = []
        var start: String.Index?
        for place in scalars.indices {
            let isPunctuation = scalars[place].isBertPunctuation
            guard isPunctuation || scalars[place].isBertSpace else {
                if start == nil { start = place }
                continue
            }
            if let begin = start { words.append(begin..<place) }
            start = nil
            if isPunctuation { words.append(place..<scalars.index(after: place)) }
        }
        if let start { words.append(start..<scalars.endIndex) }
        return words
    }
}
