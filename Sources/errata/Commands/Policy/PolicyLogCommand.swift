import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct PolicyLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List the policies that were set, newest first",
        discussion: """
              errata policy log
              errata policy log -n 1 --json
            """)

    @OptionGroup var daemon: DaemonOptions

    @Option(name: [.customShort("n"), .long], help: "How many to list.")
    var limit = 50

    func validate() throws {
        guard (1...1_000).contains(limit) else {
            throw ValidationError("-n takes a number from 1 to 1000, not \(limit).")
        }
    }

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/policy/log", [("limit", String(limit))], as: PolicyLogReply.self)
        try daemon.show(reply) { reply in
            for change in reply.changes {
                let who = change.author.map { "\($0.printable), " } ?? ""
                Terminal.output.line(
                    "\(Style.yellow.on("@\(change.operation)"))  \(change.time.display)  "
                        + who + change.actor.full)
                Terminal.output.line("  \(change.policy.sentence.fitting(Columns.max - 2))")
            }
        }
    }
}

extension PolicyBody {
    /// `2 rules, protects main, reads audited`.
    fileprivate var sentence: String {
        [
            rules.isEmpty ? "no rules" : rules.count.counted("rule"),
            protectedBranches.isEmpty
                ? nil : "protects \(protectedBranches.joined(separator: ", "))",
            limits.isEmpty ? nil : "limits \(limits.keys.sorted().joined(separator: ", "))",
            auditsReads ? "reads audited" : nil,
            multiValuedRelations.isEmpty
                ? nil : "\(multiValuedRelations.count.counted("multi-valued relation"))",
        ].compactMap(\.self).joined(separator: ", ")
    }
}
