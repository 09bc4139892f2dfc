import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Search the facts of a version",
        discussion: """
            Finds by meaning and by words, best first. Without an encoder, by words only.

              errata search 'chief executive Twitter'
              errata search Twitter --at v1.2 -k 3
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(name: .customShort("k"), help: "How many facts to find. (default: 10)")
    var count: Int?

    @Argument(help: "What to search for.")
    var query: String

    func run() throws {
        let request = SearchRequest(query: query, at: revision.at, k: count)
        let reply = try daemon.client.post("/v1/search", request, as: SearchReply.self)
        try daemon.show(reply) { reply in
            reply.hits.show(to: .output)
            Terminal.error.line(
                Style.dim.on(
                    "\(reply.hits.count.counted("fact")) at \(reply.commit.short), "
                        + "\(reply.mode) search", .error))
        }
    }
}
