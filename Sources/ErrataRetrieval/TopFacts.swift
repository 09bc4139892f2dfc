import ErrataCore

/// The best facts of one ranking while its rows are being scored: each fact by its best row.
///
/// The order is score descending, then FactID ascending; between equal rows of a fact the first kind
/// counts. So the outcome does not depend on the order of offers.
struct TopFacts {
    struct Entry {
        let fact: UInt32
        var score: Double
        var kind: SurfaceKind
    }

    private let limit: Int
    private let table: RowTable
    private var entries: [Entry] = []
    private var worst = 0

    init(limit: Int, table: RowTable) {
        precondition(limit > 0)
        self.limit = limit
        self.table = table
        entries.reserveCapacity(limit)
    }

    /// The score below which a row cannot matter any more.
    var threshold: Double { entries.count < limit ? -.infinity : entries[worst].score }

    /// The entries, best first.
    var ranked: [Entry] { entries.sorted(by: precedes) }

    mutating func offer(row: Int, score: Double) {
        // Also turns away what is not a number.
        guard score >= threshold else { return }
        let offered = Entry(
            fact: table.fact(of: row), score: score, kind: table.kind(of: row))
        if let place = entries.firstIndex(where: { $0.fact == offered.fact }) {
            let old = entries[place]
            guard score > old.score || (score == old.score && offered.kind < old.kind) else {
                return
            }
            entries[place] = offered
            if place == worst { findWorst() }
        } else if entries.count < limit {
            entries.append(offered)
            // Until the list is full nothing is thrown out, so nobody asks for the worst.
            if entries.count == limit { findWorst() }
        } else if precedes(offered, entries[worst]) {
            entries[worst] = offered
            findWorst()
        }
    }

    private func precedes(_ left: Entry, _ right: Entry) -> Bool {
        if left.score != right.score { return left.score > right.score }
        return table.factID(left.fact) < table.factID(right.fact)
    }

    private mutating func findWorst() {
        worst = 0
        for i in entries.indices.dropFirst() where precedes(entries[worst], entries[i]) {
            worst = i
        }
    }
}
