import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataService

struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "du",
        abstract: "Show what the store takes on the disk",
        discussion: """
            Lists each table of the journal and the events, free pages, erasure keys and the search index. \
            Free pages are used by the next commits; 'errata compact' gives them back.
            """)

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let reply = try daemon.client.get("/v1/usage", as: UsageReply.self)
        try daemon.show(reply) { reply in
            for part in reply.parts.sorted(by: { $0.bytes > $1.bytes }) {
                line(part.name, part.bytes, part.rows)
            }
            line("total", reply.bytes, nil)
        }
    }

    private func line(_ name: String, _ bytes: Int, _ rows: Int?) {
        let size = byteText(bytes)
        let columns = String(repeating: " ", count: max(0, 10 - size.columnCount)) + size
        let count = rows.map { "  \($0.grouped) row\($0 == 1 ? "" : "s")" } ?? ""
        Terminal.output.line("\(columns)  \(name)\(count)")
    }
}
