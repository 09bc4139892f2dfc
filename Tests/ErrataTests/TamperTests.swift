import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation
import LMDB
import Synchronization
import Testing

/// Flips single bits of every file of a data directory and has each verified by a process of its own.
///
/// A few hundred, or more than ten thousand with ERRATA_LONG_TESTS=1, which also flips every bit of both meta
/// pages and tells how many flips came out how.
@Suite("A flipped bit")
struct TamperTests {
    private static let isLong = ProcessInfo.processInfo.environment["ERRATA_LONG_TESTS"] == "1"

    /// How a flip came out.
    private enum Outcome: Hashable {
        /// Verification named it.
        case found
        /// The verifying process died of it, which was told.
        case died
        /// Everything that the store says is as before.
        case unused
        /// In a derived file: gone once that is made anew.
        case rebuilt
    }

    /// Which flip is next, and how those before came out.
    private final class Progress: Sendable {
        let next = Atomic(0)
        let counts = Mutex<[String: [Outcome: Int]]>([:])
    }

    @Test("is found and named, or changes nothing that the store says")
    func flips() async throws {
        let subject = try await TamperSubject()
        let jobs = try subject.jobs(isLong: TamperTests.isLong)
        let state = Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<2 {
                let copy = try subject.copy(worker)
                group.addTask {
                    while true {
                        let i = state.next.add(1, ordering: .relaxed).oldValue
                        guard i < jobs.count else { return }
                        let outcome = try await TamperTests.check(jobs[i], copy)
                        state.counts.withLock {
                            $0[jobs[i].file, default: [:]][outcome, default: 0] += 1
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let total = state.counts.withLock { $0 }
        #expect(total.values.reduce(0) { $0 + $1.values.reduce(0, +) } == jobs.count)
        #expect(total["journal/data.mdb"]?[.found] ?? 0 > 0)
        guard TamperTests.isLong else { return }
        for (file, outcomes) in total.sorted(by: { $0.key < $1.key }) {
            let parts = outcomes.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
            print("flips in \(file): \(parts)")
        }
    }

    private static func check(_ flip: TamperSubject.Flip, _ copy: TamperSubject.Copy) async throws
        -> Outcome
    {
        try copy.flip(flip)
        defer { try? copy.restore(flip) }
        let report = try await copy.verify()
        if let problem = report.problems.first {
            let isDead = report.problems.contains { $0.message.contains("the reading process") }
            #expect(flip.isNamed(by: report.problems), "\(flip): \(problem)")
            return isDead ? .died : .found
        }
        if flip.isDerived {
            #expect(try await copy.isRight(afterRebuildOf: flip.part), "\(flip)")
            return .rebuilt
        }
        #expect(try copy.contents() == copy.expected, "\(flip) is not found")
        return .unused
    }
}

/// A data directory with something in every part, and copies of it to flip bits in.
private final class TamperSubject: Sendable {
    struct Flip: Sendable, CustomStringConvertible {
        let file: String
        let byte: Int
        let bit: UInt8

        /// The file or directory at the top that it is in.
        var part: String { String(file.split(separator: "/")[0]) }
        /// Whether the file may be deleted and is made anew.
        var isDerived: Bool { ["index", "audit"].contains(part) }

        var description: String { "bit \(bit) of byte \(byte) in \(file)" }

        /// Whether a finding leads to the file.
        func isNamed(by problems: [VerifyReport.Problem]) -> Bool {
            let parts = StoreParts.places[part] ?? []
            return problems.contains { problem in
                parts.contains { problem.place.hasPrefix($0) } || problem.place == "store"
            }
        }
    }

    /// The places of findings by what lies in the files.
    private enum StoreParts {
        static let places: [String: [String]] = [
            "journal": [
                "journal", "operations", "payloads", "merkle", "commits", "nodes", "history",
                "branches", "tags", "reflog", "models", "meta", "redactions", "keys", "pages",
                "derived", "conflicts", "policies",
            ],
            "events": ["events", "receipts", "pages"], "keys": ["keys", "payloads"],
            "index": ["index", "vectors"], "audit": ["audit"], "signing-key": ["signing-key"],
        ]
    }

    private let directory: TemporaryDirectory
    private let data: String
    private static let question = "Who is the mayor of City 3?"
    private static let encoder = TidyTests.root.path + "/Fixtures/encoder/tiny"

    init() async throws {
        directory = try TemporaryDirectory()
        data = directory.file("data")
        let base = try TamperSubject.open(data)
        for i in 0..<6 {
            let drafts = (0..<3).map { j in
                FactDraft(
                    subject: "City \(j + i)", relation: "mayor", object: "Person \(i)",
                    questions: ["Who is the mayor of City \(j + i)?"])
            }
            _ = try await base.commit(
                CommitRequest(message: "\(i)", edits: drafts.map { .assert($0) }), actor: .ada)
        }
        _ = try await base.createTag("v1", at: "main~2", message: "one", actor: .ada)
        _ = try await base.createBranch("dev", at: "main~1", actor: .ada)
        _ = try await base.revert(.revision("main"), on: CommitPlace(), actor: .grace)
        try await base.registerModels()
        for question in [TamperSubject.question, "The mayor of City 4 is"] {
            _ = try await base.ask(AskRequest(question: question), actor: .ada)
        }
        _ = try base.checkpoint()
        await base.close()
        #expect(try await Copy(data).verify().problems == [])
    }

    static func open(_ data: String) throws -> KnowledgeBase {
        try KnowledgeBase(
            .init(
                dataDirectory: data, encoderDirectory: encoder, readerPrecision: nil,
                indexWait: .seconds(60), journal: JournalOptions(keyBatchCount: 16)))
    }

    func copy(_ number: Int) throws -> Copy {
        let path = directory.file("copy\(number)")
        try FileManager.default.copyItem(atPath: data, toPath: path)
        return try Copy(path)
    }

    /// Which bits are flipped: some of each file by seed; in the long mode the meta pages whole.
    func jobs(isLong: Bool) throws -> [Flip] {
        var random = SplitMix64(seed: 11)
        let vectors = try FileManager.default.subpathsOfDirectory(atPath: data)
            .filter { $0.contains("/vectors-") }.sorted()
        #expect(vectors.count == 2)
        let counts =
            [
                ("journal/data.mdb", isLong ? 6_000 : 120),
                ("events/data.mdb", isLong ? 2_000 : 60),
                ("keys", isLong ? 1_000 : 40), ("index/1/index.sqlite", isLong ? 1_200 : 40),
                ("audit/audit.sqlite", isLong ? 800 : 30), ("signing-key", isLong ? 200 : 10),
            ] + vectors.map { ($0, isLong ? 400 : 20) }
        var jobs: [Flip] = []
        for (file, count) in counts {
            let size = try Data(contentsOf: URL(filePath: data + "/" + file)).count
            for _ in 0..<count {
                jobs.append(
                    Flip(
                        file: file, byte: Int(random.next() % UInt64(size)),
                        bit: UInt8(random.next() % 8)))
            }
        }
        guard isLong else { return jobs }
        for file in ["journal/data.mdb", "events/data.mdb"] {
            for byte in Array(0..<152) + Array(4096..<4096 + 152) {
                for bit in 0..<8 as Range<UInt8> {
                    jobs.append(Flip(file: file, byte: byte, bit: bit))
                }
            }
        }
        return jobs
    }

    /// A directory of one worker's own.
    final class Copy: Sendable {
        /// What the store says, row by row.
        struct Contents: Equatable {
            var tables: [String: [Cursor.Entry]] = [:]
            var keys: [UInt8] = []
        }

        private let data: String
        private let files: [String: Data]
        let expected: Contents

        init(_ data: String) throws {
            self.data = data
            var files: [String: Data] = [:]
            for name in try FileManager.default.subpathsOfDirectory(atPath: data) {
                let url = URL(filePath: data + "/" + name)
                if !name.hasSuffix("lock.mdb"), let bytes = try? Data(contentsOf: url) {
                    files[name] = bytes
                }
            }
            self.files = files
            expected = try Copy.contents(data)
        }

        func flip(_ flip: Flip) throws {
            let handle = try FileHandle(forUpdating: URL(filePath: data + "/" + flip.file))
            defer { try? handle.close() }
            guard let byte = files[flip.file]?[flip.byte] else { return }
            try handle.seek(toOffset: UInt64(flip.byte))
            try handle.write(contentsOf: Data([byte ^ 1 << flip.bit]))
        }

        /// Puts the file back as it was, and whatever else was written meanwhile.
        func restore(_ flip: Flip) throws {
            for name in [flip.file] + (flip.isDerived ? Array(files.keys) : []) {
                guard let bytes = files[name] else { continue }
                let url = URL(filePath: data + "/" + name)
                guard (try? Data(contentsOf: url)) != bytes else { continue }
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try bytes.write(to: url)
            }
            for name in ["index/1/index.sqlite", "audit/audit.sqlite"] {
                for suffix in ["-wal", "-shm"] where files[name + suffix] == nil {
                    try? FileManager.default.removeItem(atPath: data + "/" + name + suffix)
                }
            }
        }

        func verify() async throws -> VerifyReport {
            try await VerifierProcess(
                program: CommandLineTool.executable.path, directory: data
            ).run { _, _ in }.found
        }

        func contents() throws -> Contents { try Copy.contents(data) }

        /// Reads every row through LMDB, and the keys that the journal uses; the pages were found sound.
        private static func contents(_ data: String) throws -> Contents {
            var contents = Contents()
            for (place, names) in [
                (
                    "journal",
                    [
                        "meta", "operations", "payloads", "merkle", "commits", "nodes", "history",
                        "branches", "tags", "reflog", "redactions", "models", "conflicts",
                        "policies",
                    ]
                ), ("events", ["meta", "events", "receipts"]),
            ] {
                let environment = try Environment(
                    at: data + "/" + place, options: .init(isReadOnly: true))
                defer { environment.close() }
                let tables = try environment.tables(named: names)
                try environment.read { reader in
                    for table in tables {
                        contents.tables["\(place)/\(table.name)"] = try reader.withCursor(
                            over: table
                        ) { cursor in
                            var rows: [Cursor.Entry] = []
                            while let row = try cursor.next() { rows.append(row) }
                            return rows
                        }
                    }
                }
            }
            let slots = contents.tables["journal/payloads"]?.count ?? 0
            contents.keys = Array(
                try Data(contentsOf: URL(filePath: data + "/keys")).prefix(64 + 32 * slots))
            return contents
        }

        /// Deletes a derived part, has it made anew, and asks what was asked before.
        func isRight(afterRebuildOf part: String) async throws -> Bool {
            try FileManager.default.removeItem(atPath: data + "/" + part)
            let base = try TamperSubject.open(data)
            let reply = try await base.ask(
                AskRequest(question: TamperSubject.question), actor: .ada)
            await base.close()
            let isClean = try await verify().isClean
            return reply.answer == "Person 3" && isClean
        }
    }
}
