import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct BlameCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blame",
        abstract: "Show who introduced the value that a fact has",
        discussion: """
            Looks through reverts and rollbacks to the commit that the value came with.

              errata blame 'Twitter|chief executive'
              errata blame 3f9a8b7c --at main~3
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Argument(help: "The fact: its key, id or 'SUBJECT|RELATION'.")
    var fact: String

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/blame", [("key", fact), ("at", revision.at)], as: BlameReply.self)
        try daemon.show(reply) { reply in
            let commit = reply.introducedBy
            Terminal.output.line(reply.fact?.statement.printable ?? "(redacted)")
            Terminal.output.line("  commit   \(Style.yellow.on(commit.commit.short))")
            Terminal.output.line("  time     \(commit.time.display)")
            Terminal.output.line("  user     \(commit.actor.full)")
            if let author = commit.author {
                Terminal.output.line("  author   \(author.printable)")
            }
            Terminal.output.line("  message  \(commit.message.fitting(Columns.max - 11))")
        }
    }
}
