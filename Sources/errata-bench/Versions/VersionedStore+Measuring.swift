import ErrataCore
import ErrataJournal
import ErrataTesting
import Glibc

// What is measured on a store, young and old.

extension VersionedStore {
    /// One client commits one edit at a time, in turn with the peers.
    mutating func commits(beside peers: Peers, _ report: Report) async throws {
        var (ours, lmdb, sqlite) = (Sample(), Sample(), Sample())
        for _ in 0..<(isSmall ? 20 : 1_000) {
            round += 1
            let place = places(1)[0]
            let object = "one \(round)"
            heads.append(try await ours.measure { try await commit([place], object) })
            try lmdb.time { try peers.lmdb.commit() }
            try sqlite.time { try peers.sqlite.commit([place], object) }
        }
        report.times("durable commit of one edit", ours)
        report.times("bare LMDB, commit of one put", lmdb)
        report.times("SQLite (WAL, FULL), commit of one change", sqlite)
        report.figure("rate, of bare LMDB's", lmdb.median / ours.median, "x", digits: 2)
        report.figure("rate, of SQLite's", sqlite.median / ours.median, "x", digits: 2)
    }

    /// Many clients, committing one edit at a time in turn with one client, and committing 100 edits at a time.
    mutating func groups(_ report: Report) async throws {
        var rates: [(one: Double, many: Double)] = []
        var edits: [Double] = []
        for _ in 0..<(isSmall ? 1 : 5) {
            let one = try await rate(isSmall ? 16 : 500, of: 1, clients: 1)
            rates.append((one, try await rate(isSmall ? 64 : 3_200, of: 1, clients: 64)))
        }
        for _ in 0..<(isSmall ? 1 : 5) {
            edits.append(100 * (try await rate(isSmall ? 64 : 320, of: 100, clients: 64)))
        }
        report.figure("one client, commits of one edit", rates.map(\.one).median, "a second")
        report.figure("64 clients, commits of one edit", rates.map(\.many).median, "a second")
        let ratio = rates.map { $0.many / $0.one }.median
        report.figure("rate, of one client's in turn", ratio, "x", digits: 2)
        report.figure("64 clients, edits in commits of 100", edits.median, "a second")
    }

    /// Returns how many commits a second come about while so many clients make `count` of them.
    ///
    /// All that was committed before is settled: one client would pay for what many left to be written back.
    private mutating func rate(
        _ count: Int, of editCount: Int, clients: Int
    ) async throws -> Double {
        let drawn = (0..<count).map { _ in places(editCount) }
        round += 1
        let object = "group \(round)"
        try settle()
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask { [journal] in
                    for i in stride(from: client, to: count, by: clients) {
                        _ = try await Self.commit(drawn[i], "\(object) \(i)", to: journal)
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(count) / (ContinuousClock.now - start).inSeconds
    }

    /// 500 changes: along one line, and between two lines.
    mutating func diffs(_ report: Report) async throws {
        round += 1
        let (base, branch) = (try journal.head(of: "main"), "diff-\(round)")
        _ = try await journal.createBranch(branch, at: base, actor: .ada)
        let ours = try await commit(places(250), "ours \(round)")
        let theirs = try await commit(places(250), "theirs \(round)", on: branch)
        let line = try await commit(places(500), "line \(round)")
        try settle()
        for (name, from, to) in [("one line", ours, line), ("two lines", ours, theirs)] {
            var sample = Sample()
            var count = 0
            for _ in 0..<(isSmall ? 3 : 100) {
                count = try sample.time { try journal.diff(from: from, to: to).count }
            }
            report.times("diff of \(count) changes, \(name)", sample)
        }
    }

    /// Two lines of 100 edits each, none of them of the same fact.
    mutating func merge(_ report: Report) async throws {
        var sample = Sample()
        for _ in 0..<(isSmall ? 2 : 20) {
            round += 1
            let (base, branch) = (try journal.head(of: "main"), "merge-\(round)")
            _ = try await journal.createBranch(branch, at: base, actor: .ada)
            let drawn = places(200)
            _ = try await commit(Array(drawn.prefix(100)), "ours \(round)")
            let source = try await commit(Array(drawn.suffix(100)), "theirs \(round)", on: branch)
            try await sample.measure {
                _ = try await journal.merge(source, into: "main", message: "Merge", actor: .ada)
            }
        }
        report.times("merge of 100 x 100 edits, durable", sample)
    }

    /// Returns when LMDB has all that was committed and the disk is done with it: who reads next is measured alone.
    func settle() throws {
        _ = try journal.usedBytes()
        sync()
    }

    /// Names an old version, opens it and reads one fact there.
    mutating func oldVersions(_ report: Report) throws {
        var sample = Sample()
        let id = journal.factID(for: try Self.fact(0, "red").key)
        for _ in 0..<(isSmall ? 50 : 2_000) {
            let head = heads[Int(random.next() % UInt64(heads.count))]
            try sample.time {
                let commit = try journal.resolve(Revision(head.hex))
                _ = try journal.snapshot(at: commit).leaf(of: id)
            }
        }
        report.times("open an old version and find a fact", sample)
    }

    mutating func blame(_ report: Report) throws {
        var sample = Sample()
        let head = try journal.head(of: "main")
        for _ in 0..<(isSmall ? 50 : 2_000) {
            let id = journal.factID(for: try Self.fact(places(1)[0], "red").key)
            _ = try sample.time { try journal.blame(id, at: head) }
        }
        report.times("blame of a fact", sample)
    }

    /// Reads, checks and signs the proof of some operation.
    mutating func proofs(_ report: Report) throws {
        var sample = Sample()
        let count = try journal.operationCount
        for _ in 0..<(isSmall ? 50 : 2_000) {
            let sequence = random.next() % count
            _ = try sample.time { try journal.inclusionProof(of: sequence) }
        }
        report.times("inclusion proof", sample)
    }
}
