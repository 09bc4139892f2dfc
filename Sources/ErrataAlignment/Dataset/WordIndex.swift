import Glibc

/// Finds the texts that share the rarest words with a question (BM25, Robertson and Zaragoza 2009).
///
/// In memory and read-only: an index of a store is on disk and versioned, which costs more than a training set
/// that is read once can repay.
package struct WordIndex: Sendable {
    private static let saturation: Float = 1.2
    private static let lengthWeight: Float = 0.75

    private struct Posting { let text: Int32, count: Int32 }

    private var postings: [String: [Posting]] = [:]
    private var lengths: [Float] = []
    private var lengthMean: Float = 1
    /// Words in more texts than this say nothing.
    private let frequentCountMin: Int

    package init(_ texts: [String]) {
        frequentCountMin = max(8, texts.count / 10)
        for (number, text) in texts.enumerated() {
            let words = WordIndex.words(of: text)
            lengths.append(Float(words.count))
            var seen: [String: Int32] = [:]
            for word in words { seen[word, default: 0] += 1 }
            // The order of a dictionary is not the same twice, but each word has its own list.
            for (word, count) in seen {
                postings[word, default: []].append(Posting(text: Int32(number), count: count))
            }
        }
        lengthMean = max(1, lengths.reduce(0, +) / Float(max(1, lengths.count)))
    }

    static func words(of text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    /// Returns the `count` nearest texts that `isWanted` accepts, the nearest first; equal ones in file order.
    package func nearest(_ count: Int, to question: String, where isWanted: (Int) -> Bool) -> [Int]
    {
        var scores: [Int32: Float] = [:]
        var done: Set<String> = []
        for word in WordIndex.words(of: question) where done.insert(word).inserted {
            guard let list = postings[word], list.count < frequentCountMin else { continue }
            let total = Float(lengths.count)
            let frequency = Float(list.count)
            let weight = log((total - frequency + 0.5) / (frequency + 0.5) + 1)
            for posting in list {
                let tf = Float(posting.count)
                let length = lengths[Int(posting.text)] / lengthMean
                let norm =
                    WordIndex.saturation
                    * (1 - WordIndex.lengthWeight + WordIndex.lengthWeight * length)
                scores[posting.text, default: 0] +=
                    weight * tf * (WordIndex.saturation + 1) / (tf + norm)
            }
        }
        let order = scores.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
        var found: [Int] = []
        for (text, _) in order where isWanted(Int(text)) {
            found.append(Int(text))
            if found.count == count { break }
        }
        return found
    }
}
