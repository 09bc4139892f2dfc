import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct ConflictsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts",
        abstract: "List the facts that are in conflict",
        discussion: """
            Each with what both lines of commits started from, every value, and the commit that \
            brought it. Side 1 is 'ours': that of the branch merged into.

              errata conflicts
              errata conflicts --at draft
              errata resolve 'Twitter|chief executive' --theirs
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(name: [.customShort("n"), .long], help: "How many to list.")
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
            "/v1/conflicts",
            [("at", revision.at), ("limit", String(limit)), ("cursor", after)],
            as: ConflictsReply.self)
        try daemon.show(reply) { reply in
            for conflict in reply.conflicts { conflict.show() }
            let more =
                reply.next.map { ", \(reply.conflicts.count.grouped) shown; more: --after \($0)" }
                ?? ""
            Terminal.error.line(
                Style.dim.on(
                    "\(reply.count.counted("fact")) in conflict at \(reply.commit.short)\(more)",
                    .error))
        }
    }
}

extension FactConflictRecord {
    fileprivate func show() {
        let key = sides.compactMap(\.fact?.key).first ?? ""
        Terminal.output.line("\(Style.yellow.on(id.short))  \(key.fitting(Columns.max - 14))")
        Terminal.output.line("  base      \(base?.text ?? "(not believed)")")
        sides.show()
    }
}

extension [ConflictSideRecord] {
    /// Writes two lines a side: its value, then the commit that brought it.
    func show() {
        let names = ["1 ours", "2 theirs"]
        for (i, side) in enumerated() {
            let name = (i < names.count ? names[i] : String(i + 1)).padded(8)
            Terminal.output.line("  \(name)  \(side.text)")
            guard let commit = side.introducedBy else { continue }
            Terminal.output.line(
                "            \(commit.line(nameWidth: [commit].nameWidth, indent: 12))")
        }
    }
}
