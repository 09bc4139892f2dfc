import ErrataCore
import ErrataJournal
import ErrataTesting

/// A journal of many facts, and what is done with it.
struct VersionedStore {
    private static let factsPerCommit = 50_000

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

    /// Commits so many corrections, each of one fact, from 64 clients; returns how long that took.
    mutating func correct(_ count: Int) async throws -> Duration {
        let places = (0..<count).map { _ in Int(random.next() % UInt64(factCount)) }
        let next = Int(random.next() % 1_000_000)
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: CommitID?.self) { group in
            for client in 0..<64 {
                group.addTask { [journal] in
                    var last: CommitID?
                    for i in stride(from: client, to: count, by: 64) {
                        last = try await Self.commit([places[i]], "c\(next + i)", to: journal)
                    }
                    return last
                }
            }
            for try await head in group { if let head { heads.append(head) } }
        }
        return ContinuousClock.now - start
    }

    // MARK: Commits

    static func fact(_ i: Int, _ object: String) throws -> Fact {
        try FactDraft(subject: "Subject \(i)", relation: "colour", object: object).checked()
    }

    static func commit(
        _ places: [Int], _ object: String, to journal: Journal, on branch: String = "main"
    ) async throws -> CommitID {
        let edits = try places.map { DraftEdit.assert(try fact($0, object)) }
        let draft = CommitDraft(branch: branch, message: "Set", edits: edits)
        return try await journal.commit(draft, actor: .ada).commit
    }

    func commit(
        _ places: [Int], _ object: String, on branch: String = "main"
    ) async throws -> CommitID {
        try await Self.commit(places, object, to: journal, on: branch)
    }

    /// Returns how many commits a second come about while so many clients give these facts another object.
    func rate(of drawn: [[Int]], _ object: String, clients: Int) async throws -> Double {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask { [journal] in
                    for i in stride(from: client, to: drawn.count, by: clients) {
                        _ = try await Self.commit(drawn[i], "\(object) \(i)", to: journal)
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(drawn.count) / (ContinuousClock.now - start).inSeconds
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
