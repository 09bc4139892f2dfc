import ArgumentParser
import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation

/// Fills a journal, then times the audit database that follows from it.
struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the audit database: making it, and lists with filters")

    @Option(help: "Commits in the journal")
    var commits = 100_000

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let count = options.smoke ? 640 : commits
        let report = Report("The audit database of \(count) commits of one fact")
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let journal = try Journal.open(at: data)
        try await fill(journal, count)
        await journal.close()

        let base = try KnowledgeBase(
            .init(dataDirectory: data, indexWait: .seconds(3_600)))
        let start = ContinuousClock.now
        _ = try await base.operations(OperationFilter(), limit: 1)
        let seconds = (ContinuousClock.now - start).inSeconds
        report.row("made anew", "\(seconds.formatted(digits: 1)) s")
        let bytes =
            try FileManager.default.attributesOfItem(
                atPath: data + "/audit/audit.sqlite")[.size] as? Int
        report.row("bytes a commit, of the file", String((bytes ?? 0) / count))
        try await lists(base, report)
        await base.close()

        let again = try KnowledgeBase(.init(dataDirectory: data, indexWait: .seconds(3_600)))
        let restart = ContinuousClock.now
        _ = try await again.operations(OperationFilter(), limit: 1)
        report.row(
            "ready after a restart",
            "\((ContinuousClock.now - restart).inSeconds.formatted(digits: 2)) s")
        await again.close()
    }

    private func lists(_ base: KnowledgeBase, _ report: Report) async throws {
        let filters: [(String, (inout CommitFilter) -> Void)] = [
            ("an author that nobody is", { $0.author = "Nobody" }),
            ("a text that is nowhere", { $0.text = "nowhere" }),
            ("a subject", { $0.subject = "Subject 7-7" }),
            ("an author of one in 64", { $0.author = "author 7" }),
        ]
        for (name, edit) in filters {
            var query = LogQuery(revision: "main", limit: 20)
            edit(&query.filter)
            var sample = Sample()
            for _ in 0..<20 {
                let start = ContinuousClock.now
                var page = try await base.log(query)
                while page.items.isEmpty, let next = page.next {
                    query.cursor = next
                    page = try await base.log(query)
                }
                sample.add(ContinuousClock.now - start)
            }
            report.row("log of \(name)", sample.milliseconds)
        }
        var sample = Sample()
        for _ in 0..<20 {
            let start = ContinuousClock.now
            _ = try await base.log(LogQuery(revision: nil, limit: 20))
            sample.add(ContinuousClock.now - start)
        }
        report.row("log of all branches", sample.milliseconds)
    }

    private func fill(_ journal: Journal, _ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<64 {
                group.addTask {
                    for i in 0..<count / 64 {
                        let fact = try FactDraft(
                            subject: "Subject \(client)-\(i)", relation: "colour", object: "red"
                        ).checked()
                        let draft = CommitDraft(
                            branch: "main", expect: nil, author: "author \(client)",
                            message: "Add number \(i)", edits: [.assert(fact)])
                        _ = try await journal.commit(draft, actor: .ada)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
