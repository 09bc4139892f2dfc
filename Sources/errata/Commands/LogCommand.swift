import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List commits, newest first",
        discussion: """
            Follows first parents from a version, 'main' if none is given.

              errata log
              errata log -n 5 --at v1.2
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(name: [.customShort("n"), .long], help: "How many commits to list.")
    var limit = 20

    func validate() throws {
        guard (1...1_000).contains(limit) else {
            throw ValidationError("-n takes a number from 1 to 1000, not \(limit).")
        }
    }

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/commits", [("at", revision.at), ("limit", String(limit))], as: LogReply.self)
        try daemon.show(reply) { reply in
            let width = reply.commits.nameWidth
            for commit in reply.commits { Terminal.output.line(commit.line(nameWidth: width)) }
            if let next = reply.next {
                Terminal.error.line(
                    Style.dim.on("More: errata log --at \(next.prefix(12))", .error))
            }
        }
    }
}
