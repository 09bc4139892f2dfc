import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct RevertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert",
        abstract: "Undo a commit by appending its inverse",
        discussion: """
            The commit stays in the journal: 'errata log' shows both it and its revert. \
            Reverting a revert restores the facts. A commit whose facts were changed again later \
            cannot be reverted.

              errata revert 4be19c77
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var branch: BranchOption

    @Option(name: .shortAndLong, help: "Why the commit is undone.")
    var message: String?

    @Option(help: "Who decided this, if not you.")
    var author: String?

    @Argument(help: ArgumentHelp("The commit to undo.", valueName: "rev"))
    var rev: String

    func run() throws {
        let request = RevertRequest(
            rev: rev, branch: branch.branch, message: message, author: author)
        let reply = try daemon.client.post("/v1/revert", request, as: CommitReply.self)
        guard !daemon.json else { return try daemon.show(reply) { _ in } }
        let made = try daemon.client.get(
            "/v1/commit", [("rev", reply.commit.hex)], as: CommitDetailReply.self)
        let undone = made.summary.reverts.first?.short ?? rev.printable
        Terminal.output.line(
            "Reverted \(undone) on \(reply.branch): \(reply.counts.sentence) in "
                + Style.yellow.on(reply.commit.short))
        reply.warnings.show()
    }
}
