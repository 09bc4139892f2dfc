import ErrataCore
import Synchronization

/// What searches and the writer share: the rows known so far, and where each fact's rows start.
final class IndexState: Sendable {
    private struct Contents {
        var table = RowTable()
        var numbers: [FactID: UInt32] = [:]
        /// The newest row of each fact; ``RowTable/previous(of:)`` leads to the others.
        var heads: [UInt32] = []
    }

    private let contents = Mutex(Contents())

    /// The rows as they are now.
    var table: RowTable { contents.withLock { $0.table } }

    /// Appends rows; the caller is the only writer.
    func append(_ rows: [(fact: FactID, kind: SurfaceKind, tokenCount: Int)]) {
        contents.withLock { contents in
            for row in rows {
                let number: UInt32
                if let known = contents.numbers[row.fact] {
                    number = known
                } else {
                    number = contents.table.append(fact: row.fact)
                    contents.numbers[row.fact] = number
                    contents.heads.append(RowTable.none)
                }
                let previous = contents.heads[Int(number)]
                contents.heads[Int(number)] = UInt32(contents.table.count)
                contents.table.append(
                    fact: number, kind: row.kind, tokenCount: row.tokenCount, previous: previous)
            }
        }
    }

    /// Returns the newest row of each of `facts`, given by their numbers, and a table that has them.
    func heads(of facts: [UInt32]) -> (table: RowTable, heads: [UInt32]) {
        contents.withLock { contents in
            (contents.table, facts.map { contents.heads[Int($0)] })
        }
    }
}
