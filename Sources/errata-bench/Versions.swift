import ArgumentParser
import ErrataCore
import ErrataJournal
import ErrataTesting

/// Reads old versions and compares versions of a large store.
struct Versions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure diffs and the opening of old versions")

    @Option(help: "Facts in the store")
    var facts = 100_000

    @Option(help: "Commits of one correction after them")
    var commits = 1_000

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let facts = options.smoke ? 2_000 : facts
        let commits = options.smoke ? 50 : commits
        let directory = try TemporaryDirectory()
        let journal = try Journal.open(at: directory.file("data"))
        let report = Report("Versions of \(facts) facts")
        var fill = Sample()
        let base = try await fill.measure { try await commit(0..<facts, "red", into: journal) }
        report.row("commit of all facts", "\(fill.median.formatted(digits: 2)) s")

        var heads = [base]
        for i in 0..<commits {
            heads.append(try await commit(i..<i + 1, "blue", into: journal))
        }
        for count in [1, 100, 10_000] where count <= facts {
            let parent = try journal.head(of: "main")
            let head = try await commit(0..<count, "green \(count)", into: journal)
            var sample = Sample()
            for _ in 0..<(count > 1_000 ? 5 : 200) {
                let changes = try sample.time { try journal.diff(from: parent, to: head) }
                precondition(changes.count == count, "a diff finds what was changed")
            }
            report.row("diff of \(count) changes", sample.milliseconds)
        }
        try opening(heads, of: journal, report)
        await journal.close()
    }

    /// Times naming an old version, opening it and reading one fact there.
    private func opening(_ heads: [CommitID], of journal: Journal, _ report: Report) throws {
        var random = SplitMix64(seed: options.seed)
        var sample = Sample()
        let id = try fact(0, "red")
        for _ in 0..<2_000 {
            let head = heads[Int(random.next() % UInt64(heads.count))]
            try sample.time {
                let commit = try journal.resolve(Revision(head.hex))
                let leaf = try journal.snapshot(at: commit).leaf(of: journal.factID(for: id.key))
                precondition(leaf != nil, "the fact is there at every version")
            }
        }
        report.row("open an old version and find a fact", sample.milliseconds)
    }

    private func fact(_ i: Int, _ object: String) throws -> Fact {
        try FactDraft(subject: "Subject \(i)", relation: "colour", object: object).checked()
    }

    private func commit(
        _ range: Range<Int>, _ object: String, into journal: Journal
    ) async throws -> CommitID {
        let edits = try range.map { DraftEdit.assert(try fact($0, object)) }
        let draft = CommitDraft(
            branch: "main", expect: nil, author: nil, message: "Set", edits: edits)
        return try await journal.commit(draft, actor: .ada).commit
    }
}
