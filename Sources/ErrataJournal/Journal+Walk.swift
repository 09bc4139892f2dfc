package import ErrataCore

extension Journal {
    /// Returns the commits behind `heads`, these included, newest operation first, at most `limit`.
    ///
    /// A parent never comes before its children. `rest` is where to go on; it is empty at the end.
    package func walk(
        from heads: [CommitID], firstParentOnly: Bool = false, limit: Int
    ) throws(JournalError) -> (records: [CommitRecord], rest: [CommitID]) {
        var frontier = WalkFrontier()
        for head in heads { frontier.insert(try commitRecord(head)) }
        var records: [CommitRecord] = []
        while records.count < limit, let record = frontier.popNewest() {
            records.append(record)
            let parents = record.commit.parents
            for parent in firstParentOnly ? parents.prefix(1) : parents[...] {
                guard !frontier.contains(parent) else { continue }
                frontier.insert(try commitRecord(parent))
            }
        }
        return (records, frontier.ids)
    }
}

/// The commits that a walk comes to next, oldest operation first.
private struct WalkFrontier {
    private var records: [CommitRecord] = []
    private var known: Set<CommitID> = []

    var ids: [CommitID] { records.map(\.id) }

    func contains(_ id: CommitID) -> Bool { known.contains(id) }

    mutating func insert(_ record: CommitRecord) {
        guard known.insert(record.id).inserted else { return }
        // Mostly the newest of few: the place is found from the end.
        var place = records.count
        while place > 0, records[place - 1].operation > record.operation { place -= 1 }
        records.insert(record, at: place)
    }

    mutating func popNewest() -> CommitRecord? {
        guard let record = records.popLast() else { return nil }
        known.remove(record.id)
        return record
    }
}
