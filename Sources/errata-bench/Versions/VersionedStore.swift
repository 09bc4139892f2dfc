import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation
import LMDB

/// A journal of many facts, and what is measured on it.
struct VersionedStore {
    private static let factsPerCommit = 50_000

    let journal: Journal
    private let data: String
    private let factCount: Int
    private let isSmall: Bool
    private var random: SplitMix64
    private var heads: [CommitID] = []
    private var round = 0

    init(at data: String, factCount: Int, _ options: BenchOptions) throws {
        self.data = data
        self.factCount = factCount
        isSmall = options.smoke
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

    /// Commits so many corrections, each of one fact, from 64 clients.
    mutating func correct(_ count: Int) async throws {
        let places = (0..<count).map { _ in Int(random.next() % UInt64(factCount)) }
        let next = Int(random.next() % 1_000_000)
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
    }

    private static func fact(_ i: Int, _ object: String) throws -> Fact {
        try FactDraft(subject: "Subject \(i)", relation: "colour", object: object).checked()
    }

    private static func commit(
        _ places: [Int], _ object: String, to journal: Journal, on branch: String = "main"
    ) async throws -> CommitID {
        let edits = try places.map { DraftEdit.assert(try fact($0, object)) }
        let draft = CommitDraft(branch: branch, message: "Set", edits: edits)
        return try await journal.commit(draft, actor: .ada).commit
    }

    private func commit(
        _ places: [Int], _ object: String, on branch: String = "main"
    ) async throws -> CommitID {
        try await Self.commit(places, object, to: journal, on: branch)
    }

    private mutating func places(_ count: Int) -> [Int] {
        var places: Set<Int> = []
        while places.count < min(count, factCount / 2) {
            places.insert(Int(random.next() % UInt64(factCount)))
        }
        return places.sorted()
    }

    /// Bytes that the data directory takes on the disk.
    func byteCount() throws -> Int {
        try FileManager.default.subpathsOfDirectory(atPath: data).reduce(0) { sum, name in
            var status = stat()
            guard stat(data + "/" + name, &status) == 0 else { return sum }
            return sum + Int(status.st_blocks) * 512
        }
    }

    // MARK: Measuring

    /// One client commits one edit at a time, in turn with one-put commits to a bare LMDB environment.
    mutating func commits(besideBareLMDB bare: String, _ report: Report) async throws {
        try FileManager.default.createDirectory(atPath: bare, withIntermediateDirectories: true)
        let environment = try Environment(at: bare, options: .init(mapBytes: 1 << 30))
        defer { environment.close() }
        let table = try environment.tables(named: ["rows"])[0]
        var (ours, theirs) = (Sample(), Sample())
        let value = [UInt8](repeating: 7, count: 200)
        for i in 0..<(isSmall ? 20 : 1_000) {
            round += 1
            let place = places(1)[0]
            let object = "one \(round)"
            heads.append(try await ours.measure { try await commit([place], object) })
            try theirs.time {
                try environment.write {
                    try $0.put(value, for: [UInt8](bigEndian: UInt64(i)), in: table)
                }
            }
        }
        report.row("durable commit of one edit", ours.milliseconds)
        report.row("bare LMDB commit of one put", theirs.milliseconds)
        report.row(
            "rate of commits, of the bare one's",
            (theirs.median / ours.median).formatted(digits: 2))
    }

    /// 64 clients, committing one edit and committing 100 edits at a time.
    mutating func groups(_ report: Report) async throws {
        for editCount in [1, 100] {
            let count = isSmall ? 64 : editCount == 1 ? 12_800 : 640
            let drawn = (0..<count).map { _ in places(editCount) }
            round += 1
            let object = "group \(round)"
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<64 {
                    group.addTask { [journal] in
                        for i in stride(from: client, to: count, by: 64) {
                            _ = try await Self.commit(
                                drawn[i], "\(object) \(i)", to: journal)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let rate = Double(count) / (ContinuousClock.now - start).inSeconds
            report.row(
                "64 clients, commits of \(editCount) edits a second",
                "\(rate.formatted(digits: 0)) (\((rate * Double(editCount)).formatted(digits: 0)) edits)"
            )
        }
    }

    /// 500 changes: along one line, and between two lines.
    mutating func diffs(_ report: Report) async throws {
        round += 1
        let (base, branch) = (try journal.head(of: "main"), "diff-\(round)")
        _ = try await journal.createBranch(branch, at: base, actor: .ada)
        let ours = try await commit(places(250), "ours \(round)")
        let theirs = try await commit(places(250), "theirs \(round)", on: branch)
        let line = try await commit(places(500), "line \(round)")
        for (name, from, to) in [("one line", ours, line), ("two lines", ours, theirs)] {
            var sample = Sample()
            var count = 0
            for _ in 0..<(isSmall ? 3 : 100) {
                count = try sample.time { try journal.diff(from: from, to: to).count }
            }
            report.row("diff of \(count) changes, \(name)", sample.milliseconds)
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
        report.row("merge of 100 x 100 edits, durable", sample.milliseconds)
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
        report.row("open an old version and find a fact", sample.milliseconds)
    }

    mutating func blame(_ report: Report) throws {
        var sample = Sample()
        let head = try journal.head(of: "main")
        for _ in 0..<(isSmall ? 50 : 2_000) {
            let id = journal.factID(for: try Self.fact(places(1)[0], "red").key)
            _ = try sample.time { try journal.blame(id, at: head) }
        }
        report.row("blame of a fact", sample.milliseconds)
    }
}

extension [UInt8] {
    fileprivate init(bigEndian value: UInt64) {
        self = stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
