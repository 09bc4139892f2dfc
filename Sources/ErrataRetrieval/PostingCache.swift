import Synchronization

/// The rows that hold one term, ascending, and how often each does.
struct Posting: Sendable {
    private(set) var rows: [UInt32] = []
    private(set) var counts: [UInt16] = []

    /// Adds one occurrence in `row`, which is not below the last.
    mutating func add(_ row: UInt32) {
        if let last = rows.last, last == row {
            counts[counts.count - 1] = UInt16(clamping: Int(counts[counts.count - 1]) + 1)
        } else {
            precondition(rows.last.map { $0 < row } ?? true)
            rows.append(row)
            counts.append(1)
        }
    }

    mutating func append(_ later: Posting) {
        if let first = later.rows.first { precondition(rows.last.map { $0 < first } ?? true) }
        rows += later.rows
        counts += later.counts
    }

    /// Drops what lies at `row` and above.
    mutating func truncate(at row: Int) {
        while let last = rows.last, last >= row {
            rows.removeLast()
            counts.removeLast()
        }
    }
}

/// The postings of the terms last asked for; they grow with the index instead of being read again.
final class PostingCache: Sendable {
    static let postingCountMax = 16 << 20
    /// What a term costs besides its postings, in postings: terms that are in no row are kept too.
    private static let termCost = 32

    private struct Entry {
        var posting: Posting
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Term: Entry] = [:]
        /// All entries hold all of the first `rowCount` rows and nothing else.
        var rowCount: Int
        var uses: UInt64 = 0
        var cost = 0
    }

    private let state: Mutex<State>
    private let costMax: Int

    init(rowCount: Int, costMax: Int = PostingCache.postingCountMax) {
        state = Mutex(State(rowCount: rowCount))
        self.costMax = costMax
    }

    /// Returns the rows of `term`, all up to the newest row published.
    ///
    /// `load` reads a posting and how many rows the reading covers; it runs without the lock.
    func posting(
        of term: Term, load: (Term) throws -> (posting: Posting, rowCount: Int)
    ) throws -> Posting {
        while true {
            if let posting = cached(term) { return posting }
            let (posting, rowCount) = try load(term)
            if let posting = insert(term, posting, rowCount) { return posting }
        }
    }

    /// Adds the postings of rows `start ..< end`, where `start` rows were known before.
    func publish(_ postings: [Term: Posting], start: Int, end: Int) {
        state.withLock { state in
            precondition(state.rowCount == start)
            state.rowCount = end
            for (term, posting) in postings where state.entries[term] != nil {
                state.entries[term]?.posting.append(posting)
                state.cost += posting.rows.count
            }
        }
    }

    private func cached(_ term: Term) -> Posting? {
        state.withLock { state in
            guard state.entries[term] != nil else { return nil }
            state.uses += 1
            state.entries[term]?.lastUse = state.uses
            return state.entries[term]?.posting
        }
    }

    /// Keeps `posting` as of `rowCount` rows; nil if rows were published since it was read.
    private func insert(_ term: Term, _ read: Posting, _ rowCount: Int) -> Posting? {
        state.withLock { state in
            guard rowCount >= state.rowCount else { return nil }
            var posting = read
            // Rows that are in the database but not published yet come again with `publish`.
            posting.truncate(at: state.rowCount)
            state.uses += 1
            if let old = state.entries[term] {
                state.cost -= old.posting.rows.count + PostingCache.termCost
            }
            state.entries[term] = Entry(posting: posting, lastUse: state.uses)
            state.cost += posting.rows.count + PostingCache.termCost
            if state.cost > costMax { PostingCache.shrink(&state, to: costMax / 2) }
            return posting
        }
    }

    private static func shrink(_ state: inout State, to cost: Int) {
        for (term, entry) in state.entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
            guard state.cost > cost else { return }
            state.cost -= entry.posting.rows.count + termCost
            state.entries[term] = nil
        }
    }
}
