import ErrataCore
import ErrataJournal
import ErrataTesting
import Testing

extension ModelRun {
    /// Holds everything that can be read against the model.
    mutating func compare() throws {
        try compareVersions()
        try compareNames()
        for _ in 0..<12 { try compareDiff(pick(model.order), pick(model.order)) }
        let report = journal.verify()
        try #require(report.problems == [])
        try #require(report.commitCount == model.order.count)
        try #require(report.operationCount == UInt64(model.operations.count))
    }

    private func compareVersions() throws {
        var roots: [[String: Item]: Digest] = [:]
        for id in model.order {
            let items = model.items(at: id)
            try #require(try journal.values(at: id) == model.values(at: id))
            let snapshot = try journal.snapshot(at: id)
            try #require(snapshot.count == items.count)
            try #require(roots[items] == nil || roots[items] == snapshot.rootHash)
            roots[items] = snapshot.rootHash
            let record = try journal.commitRecord(id)
            try #require(record.commit.root == snapshot.rootHash)
            try #require(try journal.commitHeader(id) == CommitHeader(record))
            try #require(record.commit.parents == model.versions[id]?.parents)
            try #require(try journal.log(from: id, limit: .max).map(\.id) == model.line(of: id))
            try compareConflicts(at: id)
            for key in 0..<ModelRun.keyCount { try compareFact("k\(key)", at: id) }
        }
    }

    private func compareConflicts(at id: CommitID) throws {
        var expected: [FactID: Int] = [:]
        for (key, item) in model.items(at: id) where item.sides.count > 1 {
            expected[journal.factID(for: key)] = item.sides.count
        }
        let found = try journal.conflicts(at: id)
        try #require(
            Dictionary(uniqueKeysWithValues: found.map { ($0.fact, $0.sides.count) }) == expected)
    }

    private func compareFact(_ key: String, at id: CommitID) throws {
        let fact = journal.factID(for: key)
        try #require(
            try journal.history(of: fact, at: id).map(\.commit) == model.history(of: key, at: id))
        guard let item = model.items(at: id)[key], let origins = model.versions[id]?.origins[key]
        else {
            let error = #expect(throws: JournalError.self) { try journal.blame(fact, at: id) }
            try #require(error?.code == .unknownFact)
            return
        }
        let introduced = try journal.blame(fact, at: id).id
        try #require(
            introduced == origins[item],
            "blame of \(key) at \(id): \(introduced), not \(String(describing: origins[item]))")
        guard let leaf = try journal.snapshot(at: id).leaf(of: fact),
            let conflict = try journal.conflict(of: fact, leaf: leaf)
        else { return }
        for (side, plain) in zip(conflict.sides, item.sides) {
            try #require(
                try side.flatMap { try journal.fact(fact, leaf: $0)?.object }
                    == plain.flatMap { model.isReadable(key, $0) ? $0.object : nil })
            guard let plain else { continue }
            try #require(
                try journal.blame(fact, side: side, at: id).id == origins[.plain(plain)],
                "blame of a side of \(key) at \(id)")
        }
    }

    private func compareDiff(_ from: CommitID, _ to: CommitID) throws {
        let expected = model.diff(from, to)
        let changes = try journal.diff(from: from, to: to)
        try #require(changes.map(\.fact) == changes.map(\.fact).sorted())
        try #require(Set(changes.map(\.fact)) == Set(expected.keys.map(journal.factID(for:))))
        for (key, change) in expected {
            let id = journal.factID(for: key)
            let found = try #require(changes.first { $0.fact == id })
            try #require(try object(found.old, id) == object(change.old, key))
            try #require(try object(found.new, id) == object(change.new, key))
        }
    }

    private func object(_ leaf: Leaf?, _ id: FactID) throws -> String? {
        try leaf.flatMap { try journal.fact(id, leaf: $0)?.object }
    }

    private func object(_ item: Item?, _ key: String) -> String? {
        guard case .plain(let plain)? = item, model.isReadable(key, plain) else { return nil }
        return plain.object
    }

    private func compareNames() throws {
        let branches = try journal.branches().map { ($0.name, $0.commit) }
        try #require(Dictionary(uniqueKeysWithValues: branches) == model.branches)
        let tags = try journal.tags().map { ($0.name, $0.commit) }
        try #require(Dictionary(uniqueKeysWithValues: tags) == model.tags)
        for (sequence, expected) in model.namesAfter.enumerated() {
            for name in ["main", "b0", "b1", "b2", "b3", "t0", "t1", "t2"] {
                let found = try? journal.commit(at: "\(name)@{\(sequence)}")
                try #require(found == expected[name], "\(name) after operation \(sequence)")
            }
        }
        for id in model.order.suffix(6) {
            let line = model.line(of: id)
            for steps in [0, 1, 2, 5, 13] {
                let found = try? journal.commit(at: "\(id.hex)~\(steps)")
                try #require(found == (steps < line.count ? line[steps] : nil))
            }
            let other = model.order[model.order.count / 2]
            try #require(
                try journal.isAncestor(other, of: id) == model.ancestors(of: id).contains(other))
        }
    }
}
