/// Splits cleaned-up text into words, as the `BertPreTokenizer` of Hugging Face tokenizers does.
package enum BertPreTokenizer {
    /// Returns the runs between white space, each punctuation character a word of its own.
    package static func words(_ text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var words: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        for (place, scalar) in text.enumerated() {
            let isPunctuation = scalar.isBertPunctuation
            guard isPunctuation || scalar.isBertSpace else { continue }
            if start < place { words.append(text[start..<place]) }
            if isPunctuation { words.append(text[place...place]) }
            start = place + 1
        }
        if start < text.count { words.append(text[start...]) }
        return words
    }
}
