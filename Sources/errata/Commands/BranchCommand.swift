import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct BranchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "branch",
        abstract: "List, make or delete branches",
        discussion: """
            Without a name, lists all branches.

              errata branch
              errata branch draft --at main~3
              errata branch -d draft
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption
    @OptionGroup var author: AuthorOption

    @Flag(name: .shortAndLong, help: "Delete the branch; its commits stay in the journal.")
    var delete = false

    @Argument(help: "The branch.")
    var name: String?

    func validate() throws {
        guard delete, name == nil else { return }
        throw ValidationError("Say which branch to delete.")
    }

    func run() throws {
        guard let name else {
            let reply = try daemon.client.get("/v1/branches", as: BranchesReply.self)
            return try daemon.show(reply) { $0.branches.show() }
        }
        if delete {
            let reply = try daemon.client.delete(
                "/v1/branches", [("name", name), ("author", author.author)], as: RefRecord.self)
            return try daemon.show(reply) {
                Terminal.output.line("Deleted branch \($0.name) (was at \($0.commit.short))")
            }
        }
        let reply = try daemon.client.post(
            "/v1/branches",
            RefRequest(name: name, at: revision.at, author: author.author), as: RefRecord.self)
        try daemon.show(reply) {
            Terminal.output.line("Made branch \($0.name) at \(Style.yellow.on($0.commit.short))")
        }
    }
}

extension [RefRecord] {
    func show() {
        let width = map(\.name.columnCount).max() ?? 0
        for ref in self {
            Terminal.output.line(
                "\(ref.name.padded(width))  \(Style.yellow.on(ref.commit.short))  "
                    + ref.time.display)
        }
    }
}
