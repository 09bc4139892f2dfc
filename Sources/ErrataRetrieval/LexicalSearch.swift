import ErrataCore
import Glibc

/// BM25 over the rows that one version sees (Robertson and Zaragoza 2009, equation 3.15).
///
///     score(row) = Σ over terms of  idf · tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / average))
///     idf        = ln(1 + (N - df + 0.5) / (df + 0.5))
///
/// N, df and the average length count visible rows only, so later commits change no score. A term
/// counts once however often the query says it; sums run in the order of the terms' UTF-8 bytes.
struct LexicalSearch {
    static let k1 = 1.2
    static let b = 0.75

    /// Lengths and frequencies below these have their weights computed once per term.
    private static let tableLengthCount = 128
    private static let tableFrequencyCount = 4

    private let rowCount: Int
    private let averageLength: Double
    private let visible: [UInt64]
    private let table: RowTable
    /// The score of each row so far; nothing before the first term that is in a visible row.
    private(set) var scores: [Double] = []

    /// Prepares a search over the rows of `visible`, the bits of `set`.
    init(set: VisibilitySet, visible: [UInt64], table: RowTable) {
        rowCount = set.rowCount
        averageLength = Double(set.tokenCount) / Double(max(1, set.rowCount))
        self.visible = visible
        self.table = table
    }

    /// Adds what one term is worth to every visible row that holds it.
    mutating func add(_ posting: Posting) {
        let places = visiblePlaces(posting)
        guard !places.isEmpty else { return }
        if scores.isEmpty { scores = [Double](repeating: 0, count: visible.count * 64) }
        let frequency = Double(places.count)
        let idf = log(1 + (Double(rowCount) - frequency + 0.5) / (frequency + 0.5))
        let weights = weightTable(idf: idf)
        for place in places {
            let row = Int(posting.rows[place])
            let count = Int(posting.counts[place])
            let length = table.tokenCount(of: row)
            if count <= LexicalSearch.tableFrequencyCount,
                length < LexicalSearch.tableLengthCount
            {
                scores[row] += weights[(count - 1) * LexicalSearch.tableLengthCount + length]
            } else {
                scores[row] += weight(idf: idf, count: count, length: length)
            }
        }
    }

    /// Offers every row that has a score to `top`.
    func run(top: inout TopFacts) {
        for (row, score) in scores.enumerated() where score > 0 {
            top.offer(row: row, score: score)
        }
    }

    /// Returns the score of `row`: zero if it shares no term with the query.
    func score(_ row: Int) -> Double { row < scores.count ? scores[row] : 0 }

    private func visiblePlaces(_ posting: Posting) -> [Int] {
        var places: [Int] = []
        places.reserveCapacity(posting.rows.count)
        for (place, row) in posting.rows.enumerated() {
            let word = Int(row) / 64
            guard word < visible.count else { break }
            if visible[word] >> UInt64(row & 63) & 1 == 1 { places.append(place) }
        }
        return places
    }

    private func weight(idf: Double, count: Int, length: Int) -> Double {
        let frequency = Double(count)
        let norm =
            LexicalSearch.k1
            * (1 - LexicalSearch.b + LexicalSearch.b * Double(length) / averageLength)
        return idf * frequency * (LexicalSearch.k1 + 1) / (frequency + norm)
    }

    private func weightTable(idf: Double) -> [Double] {
        var weights: [Double] = []
        for count in 1...LexicalSearch.tableFrequencyCount {
            for length in 0..<LexicalSearch.tableLengthCount {
                weights.append(weight(idf: idf, count: count, length: length))
            }
        }
        return weights
    }
}
