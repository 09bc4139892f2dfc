import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Move a branch back to an earlier commit",
        discussion: """
            Nothing disappears: the move is an operation of its own ('errata audit' shows it), \
            and the commits left behind can still be named by their ids.

              errata rollback main main~2
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Option(help: ArgumentHelp("Refuse if the branch is not at this version.", valueName: "rev"))
    var expect: String?

    @Argument(help: "The branch to move.")
    var branch: String

    @Argument(help: ArgumentHelp("An earlier commit of the branch.", valueName: "rev"))
    var rev: String

    func run() throws {
        let request = RollbackRequest(
            branch: branch, to: rev, expect: expect, author: author.author)
        let reply = try daemon.client.post("/v1/rollback", request, as: RollbackReply.self)
        try daemon.show(reply) { reply in
            Terminal.output.line(
                "Rolled \(reply.branch) back from \(reply.from.short) to "
                    + Style.yellow.on(reply.commit.short))
        }
    }
}
