import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct BlameCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blame",
        abstract: "Show who introduced the value that a fact has",
        discussion: """
            Looks through merges, cherry-picks, reverts and rollbacks to the commit that the value \
            came with. Of a fact in conflict, tells who brought each side.

              errata blame 'Twitter|chief executive'
              errata blame 'Twitter|chief executive' --fields
              errata blame 3f9a8b7c --at main~3
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Flag(help: "Tell it for each field of the fact.")
    var fields = false

    @Argument(help: "The fact: its key, id or 'SUBJECT|RELATION'.")
    var fact: String

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/blame", [("key", fact), ("at", revision.at), ("fields", fields ? "true" : nil)],
            as: BlameReply.self)
        try daemon.show(reply) { reply in
            if let fields = reply.fields, !fields.isEmpty { return fields.show() }
            if let sides = reply.conflict {
                Terminal.output.line(Style.red.on("in conflict:"))
                sides.show()
            } else {
                Terminal.output.line(
                    reply.fact?.statement.printable ?? reply.redaction?.sentence ?? "(unreadable)")
            }
            reply.introducedBy.showLines()
        }
    }
}

extension CommitSummary {
    /// Writes commit, time, user, author and message, a line each.
    fileprivate func showLines() {
        Terminal.output.line("  commit   \(Style.yellow.on(commit.short))")
        Terminal.output.line("  time     \(time.display)")
        Terminal.output.line("  user     \(actor.full)")
        if let author { Terminal.output.line("  author   \(author.printable)") }
        Terminal.output.line("  message  \(message.fitting(Columns.max - 11))")
    }
}

extension [FieldBlameRecord] {
    /// Writes two lines a field: its value, then the commit that brought it.
    fileprivate func show() {
        for field in self {
            let name = field.field.padded(10)
            let text = field.values.joined(separator: " · ")
            Terminal.output.line("\(name)\(text.fitting(Columns.max - 10))")
            Terminal.output.line("          \(field.introducedBy.line(nameWidth: 8, indent: 10))")
        }
    }
}
