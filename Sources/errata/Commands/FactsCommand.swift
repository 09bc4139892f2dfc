import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct FactsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "facts",
        abstract: "List the facts of a version",
        discussion: """
            Each line has the fact's id, its key and its statement. To get all facts as JSON \
            lines, use 'errata export'.

              errata facts
              errata facts --subject Twitter --at main~3
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(help: "List only facts about this subject, or one of its aliases.")
    var subject: String?

    @Option(name: [.customShort("n"), .long], help: "How many facts to list.")
    var limit = 50

    @Option(help: "Begin after the fact with this id, as an earlier list said.")
    var after: String?

    func validate() throws {
        guard (1...1_000).contains(limit) else {
            throw ValidationError("-n takes a number from 1 to 1000, not \(limit).")
        }
    }

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/facts",
            [
                ("at", revision.at), ("subject", subject), ("limit", String(limit)),
                ("cursor", after),
            ], as: FactsReply.self)
        try daemon.show(reply) { reply in
            for record in reply.facts {
                Terminal.output.line(
                    "\(Style.yellow.on(record.id.short))  "
                        + record.statement.fitting(Columns.max - 14))
                Terminal.output.line(Style.dim.on("              \(record.key.fitting(66))"))
            }
            Terminal.error.line(Style.dim.on(footer(reply), .error))
        }
    }

    private func footer(_ reply: FactsReply) -> String {
        let shown = subject.map { "\(reply.facts.count.grouped) about '\($0.printable)' of " } ?? ""
        let all = shown + "\(reply.factCount.counted("fact")) at \(reply.commit.short)"
        guard let next = reply.next else { return all }
        return "\(all), \(reply.facts.count.grouped) shown; more: --after \(next)"
    }
}
