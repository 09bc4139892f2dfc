import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one commit and what it changed",
        discussion: """
            Lines begin with + for an asserted, ~ for a revised and - for a retracted fact, and \
            with ! for one that a merge left in conflict.

              errata show main
              errata show 4be19c77a0d2
            """)

    @OptionGroup var daemon: DaemonOptions

    @Argument(help: ArgumentHelp("The commit to show.", valueName: "rev"))
    var rev: String

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/commit", [("rev", rev)], as: CommitDetailReply.self)
        try daemon.show(reply) { reply in
            let summary = reply.summary
            Terminal.output.line("commit    \(Style.yellow.on(summary.commit.hex))")
            for parent in summary.parents { Terminal.output.line("parent    \(parent.short)") }
            for commit in summary.reverts { Terminal.output.line("reverts   \(commit.short)") }
            for commit in summary.picks { Terminal.output.line("picks     \(commit.short)") }
            Terminal.output.line("time      \(summary.time)")
            Terminal.output.line("user      \(summary.actor.full)")
            if let author = summary.author {
                Terminal.output.line("author    \(author.printable)")
            }
            Terminal.output.line("operation \(summary.operation)")
            Terminal.output.line("facts     \(reply.factCount.grouped)")
            Terminal.output.line()
            for line in summary.message.printable.split(
                separator: "\n", omittingEmptySubsequences: false)
            {
                Terminal.output.line("    \(line)")
            }
            Terminal.output.line()
            for change in reply.changes { Terminal.output.line(change.line) }
        }
    }
}
