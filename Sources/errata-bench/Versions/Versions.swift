import ArgumentParser
import ErrataCore
import ErrataJournal
import ErrataTesting
import Foundation

/// Commits, compares, merges and opens versions of a large store, young and after many commits.
struct Versions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure commits, diffs, merges and old versions of a large store",
        discussion: """
            Everything is measured twice in one run: right after the facts were committed, and after many \
            more commits of one correction each. Durable commits stand beside bare LMDB writes, turn by turn. \
            The store lies under $TMPDIR: name a disk there.

              errata-bench versions --facts 1000000 --commits 100000
            """)

    @Option(help: "Facts in the store")
    var facts = 100_000

    @Option(help: "Commits of one correction between the two measurements")
    var commits = 10_000

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let facts = options.smoke ? 2_000 : facts
        let commits = options.smoke ? 200 : commits
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let report = Report("Versions of \(facts) facts")
        var store = try VersionedStore(at: data, factCount: facts, options)
        var fill = Sample()
        try await fill.measure { try await store.fill() }
        report.row("commit of all facts", "\(fill.median.formatted(digits: 2)) s")

        try await measure(&store, bare: directory.file("bare-1"), report, "young")
        let before = try store.byteCount()
        var sample = Sample()
        try await sample.measure { try await store.correct(commits) }
        let growth = Double(try store.byteCount() - before) / Double(commits)
        report.row("growth by a commit of one edit", "\(growth.formatted(digits: 0)) bytes")
        try await measure(
            &store, bare: directory.file("bare-2"), report, "after \(commits) commits")

        await store.journal.close()
        var restart = Sample()
        for _ in 0..<5 {
            let opened = try restart.time { try Journal.open(at: data) }
            await opened.close()
        }
        report.row("opening the store", restart.milliseconds)
        try await SocketCommits(data: data, options).run(report)
    }

    private func measure(
        _ store: inout VersionedStore, bare: String, _ report: Report, _ age: String
    ) async throws {
        report.heading(age)
        try await store.commits(besideBareLMDB: bare, report)
        try await store.groups(report)
        try await store.diffs(report)
        try await store.merge(report)
        try store.oldVersions(report)
        try store.blame(report)
    }
}
