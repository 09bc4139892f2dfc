import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct CherryPickCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cherry-pick",
        abstract: "Make the edits of a commit again on another branch",
        discussion: """
            What contradicts the branch stays in conflict, as in a merge. 'errata blame' goes on \
            naming the commit that was picked.

              errata cherry-pick 4be19c77
              errata cherry-pick draft --branch release
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var branch: BranchOption
    @OptionGroup var author: AuthorOption

    @Option(name: .shortAndLong, help: "Why it is picked.")
    var message: String?

    @Flag(help: "Refuse if it leaves conflicts.")
    var refuseConflicts = false

    @Option(help: ArgumentHelp("Refuse if the branch is not at this version.", valueName: "rev"))
    var expect: String?

    @Argument(help: ArgumentHelp("The commit to pick.", valueName: "rev"))
    var rev: String

    func run() throws {
        let request = CherryPickRequest(
            rev: rev, branch: branch.branch, message: message, author: author.author,
            expect: expect, refuseConflicts: refuseConflicts ? true : nil)
        let reply = try daemon.client.post("/v1/cherry-pick", request, as: CommitReply.self)
        try daemon.show(reply) { reply in
            Terminal.output.line(
                "Picked \(rev.printable) onto \(reply.branch): \(reply.counts.sentence) in "
                    + Style.yellow.on(reply.commit.short))
            showConflicts(reply.conflictCount)
        }
    }
}
