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
            more commits of one correction each. Durable commits stand beside bare LMDB and SQLite, turn by turn; \
            git, with a file for each fact, has 10,000 facts at most, as the store has behind the socket. \
            All of it lies under $TMPDIR: name a disk there.

              errata-bench versions --facts 1000000 --commits 100000
            """)

    @Option(help: "Facts in the store")
    var facts = 100_000

    @Option(help: "Commits of one correction between the two measurements")
    var commits = 10_000

    @OptionGroup var options: BenchOptions

    @Flag(help: "Print one JSON object in the end")
    var json = false

    func run() async throws {
        let facts = options.smoke ? 2_000 : facts
        let commits = options.smoke ? 200 : commits
        let directory = try TemporaryDirectory()
        let report = Report("Versions of \(facts) facts", json: json)
        var store = try VersionedStore(at: directory.file("data"), factCount: facts, options)
        var fill = Sample()
        try await fill.measure { try await store.fill() }
        report.figure("commit of all facts", fill.median, "s", digits: 2)
        let peers = try Peers(in: directory.file("peers"), factCount: facts)

        try await measure(&store, peers, report, "young")
        let before = try store.journal.usedBytes()
        let between = try await store.correct(commits)
        let growth = Double(try store.journal.usedBytes() - before) / Double(commits)
        try await measure(&store, peers, report, "after \(commits) commits")
        report.figure(
            "64 clients, the commits between", Double(commits) / between.inSeconds, "a second")
        report.figure("growth by a commit of one edit", growth, "bytes")
        var restart = Sample()
        for _ in 0..<5 { restart.add(try await store.reopen()) }
        report.times("opening the store", restart)
        await store.journal.close()

        try peers.sqlite.measure(report, isSmall: options.smoke, &store.random)
        var git = try GitPeer(in: directory.file("git"), factCount: facts)
        try git.measure(report, isSmall: options.smoke, &store.random)
        try await SocketCommits(factCount: facts, options).run(report)
        try report.finish()
    }

    private func measure(
        _ store: inout VersionedStore, _ peers: Peers, _ report: Report, _ age: String
    ) async throws {
        report.heading(age)
        try await store.commits(beside: peers, report)
        try await store.groups(report)
        try await store.diffs(report)
        try await store.merge(report)
        try store.settle()
        try store.oldVersions(report)
        try store.blame(report)
        try store.proofs(report)
    }
}
