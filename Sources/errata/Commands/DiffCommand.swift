import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show the facts that differ between two versions",
        discussion: """
            Lines begin with + for a fact only the second version has, - for one only the first \
            has, ~ for one with another value, and ! for one that is in conflict in the second.

              errata diff main~1 main
              errata diff 'main@{2026-11-01}' main
            """)

    @OptionGroup var daemon: DaemonOptions

    @Argument(help: ArgumentHelp("The version before.", valueName: "rev"))
    var from: String

    @Argument(help: ArgumentHelp("The version after.", valueName: "rev"))
    var to: String

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/diff", [("from", from), ("to", to)], as: DiffReply.self)
        try daemon.show(reply) { reply in
            for change in reply.changes { Terminal.output.line(change.line) }
            Terminal.error.line(
                Style.dim.on(
                    "\(reply.from.short)..\(reply.to.short): \(reply.counts.sentence)", .error))
        }
    }
}
