import ErrataCore
import ErrataJournal
import ErrataTesting

/// A journal of many facts, and what is done with it.
struct VersionedStore {
    private static let factsPerCommit = 50_000
    /// So many commits are made ready before clients make them.
    private static let draftsPerRun = 10_000

    let data: String
    private(set) var journal: Journal
    let factCount: Int
    var random: SplitMix64
    var heads: [CommitID] = []
    private var round = 0

    init(at data: String, factCount: Int, _ options: BenchOptions) throws {
        self.data = data
        self.factCount = factCount
        random = SplitMix64(seed: options.seed)
        journal = try Journal.open(at: data)
    }

    // MARK: Filling

    mutating func fill() async throws {
        for start in stride(from: 0, to: factCount, by: Self.factsPerCommit) {
            let end = min(start + Self.factsPerCommit, factCount)
            heads.append(try await commit(Array(start..<end), "red"))
        }
    }

    /// Commits so many corrections, each of one fact, from 64 clients; returns how many a second.
    mutating func correct(_ count: Int) async throws -> Double {
        var duration = Duration.zero
        for start in stride(from: 0, to: count, by: Self.draftsPerRun) {
            let drafts = try (start..<min(start + Self.draftsPerRun, count)).map { _ in
                try Self.draft([Int(random.next() % UInt64(factCount))], next("corrected"))
            }
            let run = try await run(drafts, clients: 64)
            heads += run.heads
            duration += run.duration
        }
        return Double(count) / duration.inSeconds
    }

    // MARK: Commits

    static func fact(_ i: Int, _ object: String) throws -> Fact {
        try FactDraft(subject: "Subject \(i)", relation: "colour", object: object).checked()
    }

    static func draft(
        _ places: [Int], _ object: String, on branch: String = "main"
    ) throws -> CommitDraft {
        let edits = try places.map { DraftEdit.assert(try fact($0, object)) }
        return CommitDraft(branch: branch, message: "Set", edits: edits)
    }

    /// Commits one object for all these facts.
    ///
    /// Where it is inlined, Swift 6.3.1 crashes while it optimizes the caller.
    @inline(never)
    func commit(
        _ places: [Int], _ object: String, on branch: String = "main"
    ) async throws -> CommitID {
        let draft = try Self.draft(places, object, on: branch)
        return try await journal.commit(draft, actor: .ada).commit
    }

    /// Has so many clients make these commits; returns the last one of each, and how long that took.
    func run(
        _ drafts: [CommitDraft], clients: Int
    ) async throws -> (heads: [CommitID], duration: Duration) {
        let start = ContinuousClock.now
        let heads = try await withThrowingTaskGroup(of: CommitID?.self) { group in
            for client in 0..<clients {
                group.addTask { [journal] in
                    var last: CommitID?
                    for i in stride(from: client, to: drafts.count, by: clients) {
                        last = try await journal.commit(drafts[i], actor: .ada).commit
                    }
                    return last
                }
            }
            return try await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
        }
        return (heads, ContinuousClock.now - start)
    }

    /// Returns a new branch at the head of main.
    mutating func branch(_ name: String) async throws -> String {
        let branch = next(name).replacing(" ", with: "-")
        _ = try await journal.createBranch(
            branch, at: try journal.head(of: "main"), actor: .ada)
        return branch
    }

    /// Commits 500 changes along one line, and 250 on each of two; returns the versions to compare.
    mutating func twoDiffs() async throws -> [(from: CommitID, to: CommitID)] {
        let branch = try await branch("diff")
        let ours = try await commit(places(250), next("ours"))
        let theirs = try await commit(places(250), next("theirs"), on: branch)
        let line = try await commit(places(500), next("line"))
        return [(ours, line), (ours, theirs)]
    }

    /// Returns a name that was not used before.
    mutating func next(_ name: String) -> String {
        round += 1
        return "\(name) \(round)"
    }

    mutating func places(_ count: Int) -> [Int] {
        var places: Set<Int> = []
        while places.count < min(count, factCount / 2) {
            places.insert(Int(random.next() % UInt64(factCount)))
        }
        return places.sorted()
    }

    // MARK: Reading

    func factID(_ i: Int) throws -> FactID {
        journal.factID(for: try Self.fact(i, "red").key)
    }

    /// Names a version, opens it and reads one fact there.
    func open(_ head: CommitID, finding id: FactID) throws {
        let commit = try journal.resolve(Revision(head.hex))
        _ = try journal.snapshot(at: commit).leaf(of: id)
    }

    /// Closes the journal and opens it again; returns how long opening took.
    mutating func reopen() async throws -> Duration {
        await journal.close()
        let start = ContinuousClock.now
        journal = try Journal.open(at: data)
        return ContinuousClock.now - start
    }
}
