import ErrataCore

/// Which rows a version's searches see, and the sums that BM25 needs of them.
///
/// Bits stand for row numbers, 4,096 to a chunk; versions share the chunks that no change between them
/// touched. Masked rows are never in a set.
package struct VisibilitySet: Sendable {
    /// Rows of one chunk.
    static let chunkRowCount = 4_096
    static let wordsPerChunk = chunkRowCount / 64

    /// Bit r & 63 of word r / 64 of chunk r / 4096 is row r; a chunk without rows is empty.
    private(set) var chunks: [[UInt64]] = []
    /// How many facts the version holds.
    package private(set) var factCount = 0
    /// How many rows are visible.
    package private(set) var rowCount = 0
    /// The tokens of all visible rows.
    private(set) var tokenCount = 0
    /// Bytes that this set does not share with the one it was made from.
    private(set) var ownByteCount = 0

    /// The set of a version without facts.
    package init() {}

    func contains(_ row: Int) -> Bool {
        let chunk = row / VisibilitySet.chunkRowCount
        guard chunk < chunks.count, !chunks[chunk].isEmpty else { return false }
        return chunks[chunk][row % VisibilitySet.chunkRowCount / 64] >> UInt64(row & 63) & 1 == 1
    }

    /// One past the last visible row.
    var rowLimit: Int {
        for (index, chunk) in chunks.enumerated().reversed() {
            guard let word = chunk.lastIndex(where: { $0 != 0 }) else { continue }
            let bit = 63 - chunk[word].leadingZeroBitCount
            return index * VisibilitySet.chunkRowCount + word * 64 + bit + 1
        }
        return 0
    }

    /// All bits in one array, (rowLimit + 63) / 64 words.
    var words: [UInt64] {
        let count = (rowLimit + 63) / 64
        var words = [UInt64](repeating: 0, count: count)
        for (index, chunk) in chunks.enumerated() where !chunk.isEmpty {
            let start = index * VisibilitySet.wordsPerChunk
            for i in 0..<min(chunk.count, max(0, count - start)) { words[start + i] = chunk[i] }
        }
        return words
    }

    /// Returns this set after `changes`.
    ///
    /// `rows` gives the rows of a fact's version, nil if the index has none. Costs the changes plus one
    /// pointer for each chunk. Throws `factsNotIndexed` if a new leaf has no rows.
    func applying(
        _ changes: [Edit], table: RowTable,
        rows: (FactVersion) throws -> [UInt32]?
    ) throws -> VisibilitySet {
        var set = self
        var touched: Set<Int> = []
        for change in changes where change.old != change.new {
            if let old = change.old {
                set.factCount -= 1
                let oldRows = try rows(FactVersion(change.fact, old)) ?? []
                for row in oldRows { set.hide(Int(row), table, &touched) }
            }
            if let new = change.new {
                set.factCount += 1
                guard let newRows = try rows(FactVersion(change.fact, new)) else {
                    throw RetrievalError(
                        .factsNotIndexed, "fact \(change.fact.short) is not in the index",
                        hint: "Index the facts of a version before preparing it.")
                }
                for row in newRows { set.show(Int(row), table, &touched) }
            }
        }
        set.ownByteCount =
            touched.count * (VisibilitySet.wordsPerChunk * 8 + 32) + set.chunks.count * 8
        return set
    }

    /// Returns the rows of some kinds; costs a look at every row.
    func keeping(_ kinds: Set<SurfaceKind>, table: RowTable) -> VisibilitySet {
        var set = self
        var touched: Set<Int> = []
        for row in 0..<rowLimit where contains(row) && !kinds.contains(table.kind(of: row)) {
            set.hide(row, table, &touched)
        }
        return set
    }

    private mutating func show(_ row: Int, _ table: RowTable, _ touched: inout Set<Int>) {
        guard table.kind(of: row).isSearched, !contains(row) else { return }
        let chunk = row / VisibilitySet.chunkRowCount
        while chunks.count <= chunk { chunks.append([]) }
        if chunks[chunk].isEmpty {
            chunks[chunk] = [UInt64](repeating: 0, count: VisibilitySet.wordsPerChunk)
        }
        chunks[chunk][row % VisibilitySet.chunkRowCount / 64] |= 1 << UInt64(row & 63)
        touched.insert(chunk)
        rowCount += 1
        tokenCount += table.tokenCount(of: row)
    }

    private mutating func hide(_ row: Int, _ table: RowTable, _ touched: inout Set<Int>) {
        guard contains(row) else { return }
        let chunk = row / VisibilitySet.chunkRowCount
        chunks[chunk][row % VisibilitySet.chunkRowCount / 64] &= ~(1 << UInt64(row & 63))
        touched.insert(chunk)
        rowCount -= 1
        tokenCount -= table.tokenCount(of: row)
    }
}

extension VisibilitySet: Equatable {
    /// Compares what is visible, not how it is stored.
    package static func == (left: VisibilitySet, right: VisibilitySet) -> Bool {
        left.factCount == right.factCount && left.rowCount == right.rowCount
            && left.tokenCount == right.tokenCount && left.words == right.words
    }
}
