import ErrataCore
import ErrataJournal
import ErrataTesting
import Glibc

/// Two stores of the same facts, a young one and one that many commits have aged.
///
/// Everything is measured on both in turn, so that what ageing does is told apart from what the machine does meanwhile.
struct StorePair {
    private(set) var stores: [VersionedStore] = []
    let isSmall: Bool

    /// Commits the facts twice, and then `commits` corrections of one fact each to one of the stores.
    init(
        in directory: TemporaryDirectory, factCount: Int, commits: Int, _ report: Report,
        _ options: BenchOptions
    ) async throws {
        isSmall = options.smoke
        var fill = Sample()
        for name in ["young", "aged"] {
            var store = try VersionedStore(
                at: directory.file(name), factCount: factCount, options)
            try await fill.measure { try await store.fill() }
            stores.append(store)
        }
        report.figure("commit of all facts", fill.median, "s", digits: 2)
        let before = try stores[1].journal.usedBytes()
        let rate = try await stores[1].correct(commits)
        let growth = Double(try stores[1].journal.usedBytes() - before) / Double(commits)
        report.figure("\(commits) commits of one edit, 64 clients", rate, "a second")
        report.figure("growth by a commit of one edit", growth, "bytes")
    }

    /// Takes a sample of both stores, a few times the one and a few times the other.
    ///
    /// In turns of several, each store has the processor's caches for itself as it has in use.
    private mutating func samples(
        _ count: Int, perTurn: Int = 1,
        _ body: (inout VersionedStore, inout Sample) async throws -> Void
    ) async throws -> [Sample] {
        var samples = stores.map { _ in Sample() }
        for _ in 0..<count / perTurn {
            for i in stores.indices {
                for _ in 0..<perTurn { try await body(&stores[i], &samples[i]) }
            }
        }
        return samples
    }

    // MARK: Writing

    /// One client commits one edit at a time, in turn with the peers.
    mutating func commits(beside peers: Peers, _ report: Report) async throws {
        var (lmdb, sqlite) = (Sample(), Sample())
        let ours = try await samples(isSmall ? 20 : 1_000) { store, sample in
            let (place, object) = (store.places(1)[0], store.next("one"))
            store.heads.append(
                try await sample.measure { try await store.commit([place], object) })
            try lmdb.time { try peers.lmdb.commit() }
            try sqlite.time { try peers.sqlite.commit([place], object) }
        }
        report.ages("durable commit of one edit", ours)
        for (name, peer) in [("bare LMDB's", lmdb), ("SQLite's", sqlite)] {
            report.ages("rate, of \(name)", ours.map { peer.median / $0.median }, "x", digits: 2)
        }
        report.times("bare LMDB, commit of one put", lmdb)
        report.times("SQLite (WAL, FULL), commit of one change", sqlite)
    }

    /// Many clients, committing one edit at a time in turn with one client, and committing 100 edits at a time.
    mutating func groups(_ report: Report) async throws {
        let rounds = isSmall ? 1 : 5
        var (one, many, edits) = ([[Double]](), [[Double]](), [[Double]]())
        for _ in 0..<rounds {
            var round: [(one: Double, many: Double)] = []
            for i in stores.indices {
                let one = try await rate(i, isSmall ? 16 : 500, of: 1, clients: 1)
                round.append((one, try await rate(i, isSmall ? 64 : 3_200, of: 1, clients: 64)))
            }
            one.append(round.map(\.one))
            many.append(round.map(\.many))
        }
        for _ in 0..<rounds {
            var round: [Double] = []
            for i in stores.indices {
                round.append(100 * (try await rate(i, isSmall ? 64 : 320, of: 100, clients: 64)))
            }
            edits.append(round)
        }
        report.ages("one client, commits of one edit", rates: one)
        report.ages("64 clients, commits of one edit", rates: many)
        let ratios = stores.indices.map { i in zip(many, one).map { $0[i] / $1[i] }.median }
        report.ages("rate, of one client's in turn", ratios, "x", digits: 2)
        report.ages("64 clients, edits in commits of 100", rates: edits)
    }

    /// Returns how many commits a second come about while so many clients make `count` of them.
    ///
    /// The commits are made ready before. All that was committed earlier is settled: one client would pay for what many
    /// left to be written back.
    private mutating func rate(
        _ i: Int, _ count: Int, of editCount: Int, clients: Int
    ) async throws -> Double {
        let object = stores[i].next("group")
        let drafts = try (0..<count).map {
            try VersionedStore.draft(stores[i].places(editCount), "\(object) \($0)")
        }
        try settle()
        return Double(count)
            / (try await stores[i].run(drafts, clients: clients)).duration.inSeconds
    }

    /// Returns when LMDB has all that was committed and the disk is done with it: what follows is measured alone.
    private func settle() throws {
        for store in stores { _ = try store.journal.usedBytes() }
        sync()
    }

    /// Two lines of 100 edits each, none of them of the same fact.
    mutating func merges(_ report: Report) async throws {
        let merges = try await samples(isSmall ? 2 : 20) { store, sample in
            let branch = try await store.branch("merge")
            let drawn = store.places(200)
            _ = try await store.commit(Array(drawn.prefix(100)), store.next("ours"))
            let source = try await store.commit(
                Array(drawn.suffix(100)), store.next("theirs"), on: branch)
            try await sample.measure {
                _ = try await store.journal.merge(
                    source, into: "main", message: "Merge", actor: .ada)
            }
        }
        report.ages("merge of 100 x 100 edits, durable", merges)
    }

    // MARK: Reading

    /// 500 changes: along one line, and between two lines.
    mutating func diffs(_ report: Report) async throws {
        var ends: [[(from: CommitID, to: CommitID)]] = []
        for i in stores.indices { ends.append(try await stores[i].twoDiffs()) }
        try settle()
        for (place, name) in ["one line", "two lines"].enumerated() {
            var samples = stores.map { _ in Sample() }
            var count = 0
            for _ in 0..<(isSmall ? 3 : 100) {
                for i in stores.indices {
                    let (from, to) = ends[i][place]
                    count = try samples[i].time {
                        try stores[i].journal.diff(from: from, to: to).count
                    }
                }
            }
            report.ages("diff of \(count) changes, \(name)", samples)
        }
    }

    /// Old versions, the origin of facts, and proofs of operations, some at a time from each store.
    mutating func reads(_ report: Report) async throws {
        try settle()
        let (count, perTurn) = isSmall ? (50, 10) : (2_000, 100)
        let first = try stores[0].factID(0)
        report.ages(
            "open an old version and find a fact",
            try await samples(count, perTurn: perTurn) { store, sample in
                let head = store.heads[Int(store.random.next() % UInt64(store.heads.count))]
                try sample.time { try store.open(head, finding: first) }
            })
        report.ages(
            "blame of a fact",
            try await samples(count, perTurn: perTurn) { store, sample in
                let (id, head) = (
                    try store.factID(store.places(1)[0]), try store.journal.head(of: "main")
                )
                _ = try sample.time { try store.journal.blame(id, at: head) }
            })
        report.ages(
            "inclusion proof",
            try await samples(count, perTurn: perTurn) { store, sample in
                let sequence = store.random.next() % (try store.journal.operationCount)
                _ = try sample.time { try store.journal.inclusionProof(of: sequence) }
            })
    }

    /// Closes both stores, opens them some times, and leaves them closed.
    mutating func reopen(_ report: Report) async throws {
        let opens = try await samples(isSmall ? 2 : 9) { store, sample in
            sample.add(try await store.reopen())
        }
        report.ages("opening the store", opens)
        for store in stores { await store.journal.close() }
    }
}
