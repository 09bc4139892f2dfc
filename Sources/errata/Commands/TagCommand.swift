import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "List or make tags",
        discussion: """
            A tag names one commit for good. Without a name, lists all tags.

              errata tag
              errata tag v1.2 -m 'checked by the news desk'
              errata tag v1.1 --at main~3
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(name: .shortAndLong, help: "Why this version has a name.")
    var message: String?

    @Argument(help: "The tag.")
    var name: String?

    func run() throws {
        guard let name else {
            let reply = try daemon.client.get("/v1/tags", as: TagsReply.self)
            return try daemon.show(reply) { $0.tags.show() }
        }
        let request = RefRequest(name: name, at: revision.at, message: message)
        let reply = try daemon.client.post("/v1/tags", request, as: RefRecord.self)
        try daemon.show(reply) {
            Terminal.output.line("Tagged \(Style.yellow.on($0.commit.short)) as \($0.name)")
        }
    }
}
