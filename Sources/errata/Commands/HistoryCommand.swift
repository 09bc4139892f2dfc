import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show every value that a fact had",
        discussion: """
            Newest first, up to a version, on every line of commits that was merged into it; each \
            with the commit that gave the value.

              errata history 'Twitter|chief executive'
              errata history twitter.ceo --at v1.2
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Argument(help: "The fact: its key, id or 'SUBJECT|RELATION'.")
    var fact: String

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/history", [("key", fact), ("at", revision.at)], as: HistoryReply.self)
        try daemon.show(reply) { reply in
            let width = reply.entries.map(\.commit).nameWidth
            for entry in reply.entries {
                Terminal.output.line(entry.commit.line(nameWidth: width))
                Terminal.output.line("  \(entry.change.line)")
            }
        }
    }
}
