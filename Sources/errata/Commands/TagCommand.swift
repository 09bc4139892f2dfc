import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "List, make or delete tags",
        discussion: """
            A tag names one commit for good: a deleted one can come back for that commit only. \
            Without a name, lists all tags.

              errata tag
              errata tag v1.2 -m 'checked by the news desk'
              errata tag v1.1 --at main~3
              errata tag -d v1.1
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption
    @OptionGroup var author: AuthorOption

    @Flag(name: .shortAndLong, help: "Delete the tag; its commit stays.")
    var delete = false

    @Option(name: .shortAndLong, help: "Why this version has a name.")
    var message: String?

    @Argument(help: "The tag.")
    var name: String?

    func validate() throws {
        guard delete, name == nil else { return }
        throw ValidationError("Say which tag to delete.")
    }

    func run() throws {
        guard let name else {
            let reply = try daemon.client.get("/v1/tags", as: TagsReply.self)
            return try daemon.show(reply) { $0.tags.show() }
        }
        if delete {
            let reply = try daemon.client.delete(
                "/v1/tags", [("name", name), ("author", author.author)], as: RefRecord.self)
            return try daemon.show(reply) {
                Terminal.output.line("Deleted tag \($0.name) (was at \($0.commit.short))")
            }
        }
        let request = RefRequest(
            name: name, at: revision.at, message: message, author: author.author)
        let reply = try daemon.client.post("/v1/tags", request, as: RefRecord.self)
        try daemon.show(reply) {
            Terminal.output.line("Tagged \(Style.yellow.on($0.commit.short)) as \($0.name)")
        }
    }
}
