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
            for (id, text, key) in rows(reply) {
                Terminal.output.line(
                    "\(Style.yellow.on(id.short))  " + text.fitting(Columns.max - 14))
                guard !key.isEmpty else { continue }
                Terminal.output.line(Style.dim.on("              \(key.fitting(66))"))
            }
            Terminal.error.line(Style.dim.on(footer(reply), .error))
        }
    }

    /// Returns facts, conflicts and redacted facts in the order of their ids.
    private func rows(_ reply: FactsReply) -> [(id: FactID, text: String, key: String)] {
        let facts = reply.facts.map { ($0.id, $0.statement, $0.key) }
        let conflicts = reply.conflicts.map { conflict in
            let key = conflict.sides.compactMap(\.fact?.key).first ?? ""
            return (conflict.id, conflict.sides.sentence, key)
        }
        let redacted = reply.redacted.map { ($0.id, $0.redaction.sentence, "") }
        return (facts + conflicts + redacted).sorted { $0.0 < $1.0 }
    }

    private func footer(_ reply: FactsReply) -> String {
        let count = reply.facts.count + reply.conflicts.count + reply.redacted.count
        let shown = subject.map { "\(count.grouped) about '\($0.printable)' of " } ?? ""
        let all = shown + "\(reply.factCount.counted("fact")) at \(reply.commit.short)"
        guard let next = reply.next else { return all }
        return "\(all), \(count.grouped) shown; more: --after \(next)"
    }
}
