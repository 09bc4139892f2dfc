import ArgumentParser
import ErrataCore
import ErrataJournal
import ErrataTesting
import LMDB

/// Commits a fact at a time, durably, from one client and from many.
struct Commits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure durable commits a second, beside bare LMDB writes")

    @Option(help: "Commits by each run")
    var count = 4_000

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let count = options.smoke ? 128 : count
        let report = Report("Durable commits of one fact, fsync on")
        for clients in [1, 64] {
            let directory = try TemporaryDirectory()
            let journal = try Journal.open(at: directory.file("data"))
            let rate = try await commit(count, clients: clients, into: journal)
            let records = try journal.operationCount
            report.row("\(clients) clients, commits a second", rate.formatted(digits: 0))
            report.row("\(clients) clients, operations in the journal", String(records))
            await journal.close()
        }
    }

    /// Returns commits a second over all clients.
    private func commit(_ count: Int, clients: Int, into journal: Journal) async throws -> Double {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask {
                    for i in 0..<count / clients {
                        let fact = try FactDraft(
                            subject: "Subject \(client)-\(i)", relation: "colour", object: "red"
                        ).checked()
                        let draft = CommitDraft(
                            branch: "main", expect: nil, author: nil, message: "Add",
                            edits: [.assert(fact)])
                        _ = try await journal.commit(draft, actor: .ada)
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(count / clients * clients) / (ContinuousClock.now - start).inSeconds
    }
}
