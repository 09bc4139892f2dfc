/// How well one word of a question stands for one word of a name.
enum WordLikeness {
    /// Returns 1 for the same word, less for a misspelling, a short form or an initial, else 0.
    static func of(_ name: String, _ word: String) -> Double {
        if name == word { return 1 }
        let a = Array(name.unicodeScalars)
        let b = Array(word.unicodeScalars)
        if (a + b).contains(where: { $0.properties.generalCategory == .decimalNumber }) { return 0 }
        let shorter = min(a.count, b.count)
        if shorter == 1 {
            return a.first == b.first && !WordLists.stop.contains(word) ? 0.5 : 0
        }
        let isPrefix = a.starts(with: b) || b.starts(with: a)
        if shorter >= 4 {
            let limit = shorter >= 8 ? 2 : 1
            if editDistance(a, b, limit: limit) <= limit { return 0.8 }
            return isPrefix ? 0.7 : 0
        }
        return shorter == 3 && isPrefix ? 0.5 : 0
    }

    /// Returns the number of insertions, deletions, substitutions and swaps, at most `limit` + 1.
    static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], limit: Int) -> Int {
        if abs(a.count - b.count) > limit { return limit + 1 }
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var current = [i + 1]
            for j in b.indices {
                let substitution = previous[j] + (a[i] == b[j] ? 0 : 1)
                var best = min(previous[j + 1] + 1, current[j] + 1, substitution)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, beforePrevious[j - 1] + 1)
                }
                current.append(best)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return min(previous[b.count], limit + 1)
    }
}
