import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct RevertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert",
        abstract: "Take commits back by appending their inverse",
        discussion: """
            The commits stay in the journal: 'errata log' shows them and their revert, and \
            reverting the revert restores the facts. What was changed again later refuses the \
            revert; --skip-changed leaves it as it is. The inverse of a merge takes back what it \
            brought into its first parent.

              errata revert 4be19c77
              errata revert v1.2..main
              errata revert --by mallory --since 2026-11-01 --dry-run
              errata revert --source https://example.org/wiki --skip-changed
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var branch: BranchOption
    @OptionGroup var author: AuthorOption

    @Option(name: .shortAndLong, help: "Why it is taken back.")
    var message: String?

    @Option(help: ArgumentHelp("Refuse if the branch is not at this version.", valueName: "rev"))
    var expect: String?

    @Option(
        help: ArgumentHelp(
            "Take back all that this user or author wrote, as one commit.", valueName: "uid|name"))
    var by: String?

    @Option(
        help: ArgumentHelp(
            "Take back only edits whose facts name this source.", valueName: "source"))
    var source: String?

    @Option(
        help: ArgumentHelp(
            "With --by or --source: from this time on, as 2026-11-01 or 2026-11-01T09:30:00Z.",
            valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp("With --by or --source: up to this time.", valueName: "time"))
    var until: String?

    @Flag(help: "Leave facts as they are that others changed later.")
    var skipChanged = false

    @Flag(help: "Show what would be taken back, and change nothing.")
    var dryRun = false

    @Argument(help: ArgumentHelp("The commit, or the commits of A..B after A.", valueName: "rev"))
    var rev: String?

    func validate() throws {
        let isQuery = by != nil || source != nil
        guard isQuery != (rev != nil) else {
            throw ValidationError("Give a commit or a range, or else --by or --source.")
        }
        guard isQuery || (since == nil && until == nil) else {
            throw ValidationError("--since and --until go with --by or --source.")
        }
        for text in [since, until].compactMap(\.self)
        where Timestamp(date: text) == nil && Timestamp(rfc3339: text) == nil {
            throw ValidationError(
                "'\(text)' is not a time like 2026-11-01 or 2026-11-01T09:30:00Z.")
        }
    }

    private var request: RevertRequest {
        RevertRequest(
            rev: rev, by: by, source: source,
            since: since.flatMap { Timestamp(rfc3339: $0) ?? Timestamp(date: $0) },
            until: until.flatMap { Timestamp(rfc3339: $0) ?? Timestamp(date: $0)?.endOfDay },
            branch: branch.branch, message: message, author: author.author, expect: expect,
            skipChanged: skipChanged ? true : nil, dryRun: dryRun ? true : nil)
    }

    func run() throws {
        guard !dryRun else {
            let plan = try daemon.client.post("/v1/revert", request, as: RevertPlanReply.self)
            return try daemon.show(plan) { $0.show() }
        }
        let reply = try daemon.client.post("/v1/revert", request, as: CommitReply.self)
        guard !daemon.json else { return try daemon.show(reply) { _ in } }
        let made = try daemon.client.get(
            "/v1/commit", [("rev", reply.commit.hex)], as: CommitDetailReply.self)
        let undone = made.summary.reverts
        let what = undone.count == 1 ? undone[0].short : undone.count.counted("commit")
        Terminal.output.line(
            "Reverted \(what) on \(reply.branch): \(reply.counts.sentence) in "
                + Style.yellow.on(reply.commit.short))
        reply.warnings.show()
    }
}

extension RevertPlanReply {
    /// Writes the commits and changes to standard output, what stands in the way to standard error.
    fileprivate func show() {
        let width = commits.nameWidth
        for commit in commits { Terminal.output.line(commit.line(nameWidth: width)) }
        for change in changes { Terminal.output.line("  \(change.line)") }
        Terminal.error.line(
            "Would revert \(commits.count.counted("commit")) on \(branch.printable): "
                + "\(changes.isEmpty ? "no facts" : counts.sentence); nothing was changed")
        guard !changedLater.isEmpty else { return }
        Terminal.error.line(
            Style.yellow.on("Hint:", .error)
                + " \(changedLater.count.counted("fact")) changed later, and --skip-changed leaves "
                + (changedLater.count == 1 ? "it." : "them."))
    }
}
