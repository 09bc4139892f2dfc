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
            Everything is measured on two stores in turn: one whose facts were just committed, and one that had \
            many more commits of one correction each. Durable commits stand beside bare LMDB and SQLite, turn by turn; \
            git, with a file for each fact, has 10,000 facts at most, as the store has behind the socket unless \
            --socket-facts says otherwise: to index more takes minutes. \
            All of it lies under $TMPDIR: name a disk there.

              errata-bench versions --facts 1000000 --commits 100000
            """)

    @Option(help: "Facts in the store")
    var facts = 100_000

    @Option(help: "Commits of one correction that the one store has before the other")
    var commits = 10_000

    @Option(help: "Facts in the store behind the socket, if the other stores have so many")
    var socketFacts = 10_000

    @OptionGroup var options: BenchOptions

    @Flag(help: "Print one JSON object in the end")
    var json = false

    func run() async throws {
        let facts = options.smoke ? 2_000 : facts
        let commits = options.smoke ? 200 : commits
        let directory = try TemporaryDirectory()
        let report = Report("Versions of \(facts) facts", json: json)
        var pair = try await StorePair(
            in: directory, factCount: facts, commits: commits, report, options)
        let peers = try Peers(in: directory.file("peers"), factCount: facts)

        report.heading("young / after \(commits) commits, in turn; how many times as slow")
        try await pair.commits(beside: peers, report)
        try await pair.groups(report)
        try await pair.diffs(report)
        try await pair.merges(report)
        try await pair.reads(report)
        try await pair.reopen(report)

        var random = SplitMix64(seed: options.seed)
        try peers.sqlite.measure(report, isSmall: options.smoke, &random)
        var git = try GitPeer(in: directory.file("git"), factCount: facts)
        try git.measure(report, isSmall: options.smoke, &random)
        try await SocketCommits(factCount: min(facts, socketFacts), options).run(report)
        try report.finish()
    }
}
