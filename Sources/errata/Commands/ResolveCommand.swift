import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct ResolveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Choose what a fact in conflict is",
        discussion: """
            Makes a commit that settles the conflict; any other commit of the fact does, too. \
            'errata conflicts' lists the sides.

              errata resolve 'Twitter|chief executive' --theirs
              errata resolve 'Twitter|chief executive' --value 'Ada Lovelace'
              errata resolve 3f9a8b7c --retract
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var branch: BranchOption
    @OptionGroup var author: AuthorOption

    @Flag(help: "Take side 1, that of the branch merged into.")
    var ours = false

    @Flag(help: "Take side 2, that of the branch merged.")
    var theirs = false

    @Option(
        help: ArgumentHelp(
            "Take this side, from 1; with --value, its other fields.", valueName: "n"))
    var side: Int?

    @Option(
        help: ArgumentHelp(
            "Take another object, with the other fields of a side.", valueName: "object"))
    var value: String?

    @Flag(help: "Believe the fact no longer.")
    var retract = false

    @Option(name: .shortAndLong, help: "Why this is right.")
    var message: String?

    @Option(help: ArgumentHelp("Refuse if the branch is not at this version.", valueName: "rev"))
    var expect: String?

    @Argument(help: "The fact: its key, id or 'SUBJECT|RELATION'.")
    var fact: String

    func validate() throws {
        let sides = [ours, theirs, side != nil].count { $0 }
        guard sides < 2 else {
            throw ValidationError("Give one of --ours, --theirs and --side.")
        }
        guard retract != (sides > 0 || value != nil) else {
            throw ValidationError(
                "Say what is right: --ours, --theirs, --side, --value or --retract.")
        }
    }

    func run() throws {
        let request = ResolveRequest(
            fact: fact, side: ours ? 1 : theirs ? 2 : side, value: value,
            retract: retract ? true : nil, branch: branch.branch, message: message,
            author: author.author, expect: expect)
        let reply = try daemon.client.post("/v1/resolve", request, as: CommitReply.self)
        guard !daemon.json else { return try daemon.show(reply) { _ in } }
        let made = try daemon.client.get(
            "/v1/commit", [("rev", reply.commit.hex)], as: CommitDetailReply.self)
        Terminal.output.line(
            "Resolved on \(reply.branch) in \(Style.yellow.on(reply.commit.short))")
        for change in made.changes {
            let text = change.after?.statement.printable ?? change.redactionAfter?.sentence
            Terminal.output.line(text.map { "  \($0)" } ?? "  (retracted)")
        }
    }
}
