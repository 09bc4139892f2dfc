import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct UndoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Put back what an operation did",
        discussion: """
            Moves a branch or tag back to where it was before, brings a deleted one back, or puts \
            the policy before in force again. That is an operation of its own, so nothing \
            disappears and an undo can be undone. Without a number, undoes the last operation; \
            'errata audit' lists them.

              errata undo
              errata undo @1234
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Argument(help: ArgumentHelp("The operation to undo.", valueName: "@n"))
    var operation: String?

    func validate() throws {
        guard let operation, number == nil else { return }
        throw ValidationError("'\(operation)' is not an operation like @1234.")
    }

    private var number: UInt64? {
        operation.flatMap { UInt64($0.hasPrefix("@") ? $0.dropFirst() : $0[...]) }
    }

    func run() throws {
        let request = UndoRequest(operation: number, author: author.author)
        let reply = try daemon.client.post("/v1/undo", request, as: UndoReply.self)
        try daemon.show(reply) { reply in
            Terminal.output.line("Undid @\(reply.undone) (\(reply.type)): \(reply.sentence)")
        }
    }
}

extension UndoReply {
    /// `main is back at 4be19c77a0d2`.
    fileprivate var sentence: String {
        guard let name else { return "the policy before it is in force" }
        guard let commit else {
            return "\(name) is gone (was at \(from.map(\.short) ?? "no commit"))"
        }
        return "\(name) is back at \(Style.yellow.on(commit.short))"
    }
}
