import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Look at the search index or build it anew",
        subcommands: [Status.self, Rebuild.self], defaultSubcommand: Status.self)

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how far the search index is")

        @OptionGroup var daemon: DaemonOptions

        func run() throws {
            let reply = try daemon.client.get("/v1/index", as: IndexStatusReply.self)
            try daemon.show(reply) { Terminal.output.line($0.sentence) }
        }
    }

    struct Rebuild: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Throw the search index away and build it from the journal",
            discussion: """
                The same facts give the same rankings again. Questions are answered from the old \
                index until the new one is complete.
                """)

        @OptionGroup var daemon: DaemonOptions

        func run() throws {
            let bar = ProgressBar("Rebuilding")
            var client = daemon.client
            client.timeout = .seconds(600)
            let reply = try Result {
                try client.streamed(
                    Request(method: "POST", path: "/v1/index/rebuild"), as: IndexStatusReply.self
                ) { bar.update($0.done, of: $0.total, label: $0.phase) }
            }.clearing(bar)
            try daemon.show(reply) { Terminal.output.line("Rebuilt; \($0.sentence)") }
        }
    }
}

extension IndexStatusReply {
    /// One line: `ready: 3 fact values, 6 rows, 6 vectors of all-MiniLM-L6-v2`.
    var sentence: String {
        let vectors = encoder.map { ", \(self.vectors.counted("vector")) of \($0)" }
        let waiting = pending > 0 ? ", \(pending.counted("operation")) waiting" : ""
        return "\(state): \(facts.counted("fact value")), \(rows.counted("row"))"
            + (vectors ?? ", lexical search only") + waiting + (failure.map { ": \($0)" } ?? "")
    }
}
