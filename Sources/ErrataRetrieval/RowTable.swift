import ErrataCore

/// What every row is, by row number: its fact, its kind, its length.
///
/// Append-only. A value of this type is a view of the first ``count`` rows: rows added later, by
/// whoever owns the newest value, do not show in it, and the storage is shared. Facts are numbered in
/// the order of their first rows.
struct RowTable: Sendable {
    /// A row number must fit 32 bits with room for "none".
    static let countMax = Int(UInt32.max) - 1
    static let none = UInt32.max

    private(set) var count = 0
    private(set) var factCount = 0
    private var rowChunks: [RowChunk] = []
    private var factChunks: [FactChunk] = []

    /// Appends a row; `previous` is the row before it of the same fact, or ``none``.
    mutating func append(fact: UInt32, kind: SurfaceKind, tokenCount: Int, previous: UInt32) {
        precondition(Int(fact) < factCount)
        let place = count % RowChunk.count
        if place == 0 { rowChunks.append(RowChunk()) }
        let chunk = rowChunks[count / RowChunk.count]
        chunk.facts[place] = fact
        chunk.previous[place] = previous
        chunk.tokenCounts[place] = UInt16(clamping: tokenCount)
        chunk.kinds[place] = kind.rawValue
        count += 1
    }

    /// Appends a fact and returns its number.
    mutating func append(fact: FactID) -> UInt32 {
        let place = factCount % FactChunk.count
        if place == 0 { factChunks.append(FactChunk()) }
        factChunks[factCount / FactChunk.count].ids[place] = fact
        factCount += 1
        return UInt32(factCount - 1)
    }

    func fact(of row: Int) -> UInt32 {
        precondition(row < count)
        return rowChunks[row / RowChunk.count].facts[row % RowChunk.count]
    }

    /// The row before `row` of the same fact, or ``none``.
    func previous(of row: Int) -> UInt32 {
        precondition(row < count)
        return rowChunks[row / RowChunk.count].previous[row % RowChunk.count]
    }

    func tokenCount(of row: Int) -> Int {
        precondition(row < count)
        return Int(rowChunks[row / RowChunk.count].tokenCounts[row % RowChunk.count])
    }

    func kind(of row: Int) -> SurfaceKind {
        precondition(row < count)
        let raw = rowChunks[row / RowChunk.count].kinds[row % RowChunk.count]
        guard let kind = SurfaceKind(rawValue: raw) else {
            fatalError("unreachable: only raw values of kinds are written")
        }
        return kind
    }

    func factID(_ fact: UInt32) -> FactID {
        precondition(Int(fact) < factCount)
        return factChunks[Int(fact) / FactChunk.count].ids[Int(fact) % FactChunk.count]
    }
}

/// Storage of 4,096 rows.
//
// Unchecked: a place is written once, by the only owner of the newest table, before any table that
// counts it is handed out under a lock; from then on it is only read.
private final class RowChunk: @unchecked Sendable {
    static let count = 4_096

    let facts = UnsafeMutablePointer<UInt32>.allocate(capacity: RowChunk.count)
    let previous = UnsafeMutablePointer<UInt32>.allocate(capacity: RowChunk.count)
    let tokenCounts = UnsafeMutablePointer<UInt16>.allocate(capacity: RowChunk.count)
    let kinds = UnsafeMutablePointer<UInt8>.allocate(capacity: RowChunk.count)

    deinit {
        facts.deallocate()
        previous.deallocate()
        tokenCounts.deallocate()
        kinds.deallocate()
    }
}

/// Storage of the ids of 4,096 facts.
//
// Unchecked for the same reason as `RowChunk`.
private final class FactChunk: @unchecked Sendable {
    static let count = 4_096

    let ids = UnsafeMutablePointer<FactID>.allocate(capacity: FactChunk.count)

    deinit { ids.deallocate() }
}
