import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore
import Glibc

struct RedactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redact",
        abstract: "Take the text of a fact away for good",
        discussion: """
            Erases the keys under which the fact's values are stored, and what was derived from \
            them. Every proof still verifies, and reads show who redacted, when and why. It \
            cannot be undone. Not erased are commit messages, author names, questions in \
            receipts, and old backups.

              errata redact 'Ada Lovelace|home address' --reason 'asked for it'
              errata redact 3f9a8b7c --at main~3 --reason 'that value only' --yes
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Option(help: "Why; everybody who reads the fact is told.")
    var reason: String

    @Option(
        help: ArgumentHelp(
            "Take away the value of this version alone. (default: every value)",
            valueName: "rev"))
    var at: String?

    @Flag(help: "Do not ask.")
    var yes = false

    @Argument(help: "The fact: its key, id or 'SUBJECT|RELATION'.")
    var fact: String

    func run() throws {
        try confirm()
        let request = RedactRequest(fact: fact, at: at, reason: reason, author: author.author)
        var client = daemon.client
        client.timeout = .seconds(600)
        let reply = try client.post("/v1/redact", request, as: RedactReply.self)
        try daemon.show(reply) { reply in
            Terminal.output.line(
                "Redacted \(reply.valueCount.counted("value")) of fact "
                    + "\(Style.yellow.on(reply.id.short)) in @\(reply.operation)")
            Terminal.error.line(
                "Not erased: commit messages, author names, questions in receipts, old backups.")
        }
    }

    private func confirm() throws {
        guard !yes else { return }
        guard isatty(STDIN_FILENO) == 1, Terminal.error.isTerminal else {
            throw Failure(
                "redacting cannot be undone, and nobody is there to ask",
                hint: "Give --yes if you mean it.")
        }
        let what = at.map { "its value at \($0)" } ?? "every value that it ever had"
        Terminal.error.write(
            "Take away the text of '\(fact.printable)', \(what.printable), for good? [y/N] ")
        guard ["y", "yes"].contains((readLine() ?? "").lowercased()) else {
            throw Failure("nothing was redacted")
        }
    }
}
