import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataService

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the store while the daemon goes on",
        discussion: """
            Has the daemon copy journal, events and keys to a new directory on its machine. Every commit \
            that was acknowledged before is in the copy, which is verified and then gets its name in one \
            step. It is an ordinary data directory: 'errata serve --data' opens it. The search index is \
            not copied, it is made anew there. Erasure keys and the key that signs checkpoints are in the \
            copy, so guard it like the store; what is redacted later stays readable in it.

              errata backup /backup/errata-2026-11-26
            """)

    @OptionGroup var daemon: DaemonOptions

    @Flag(help: "Do not verify the copy.")
    var noVerify = false

    @Argument(help: "A directory that does not exist yet, or is empty.")
    var directory: String

    func run() throws {
        let bar = ProgressBar("Copying")
        var client = daemon.client
        client.timeout = .seconds(600)
        let request = BackupRequest(directory: Paths.absolute(directory), verify: !noVerify)
        let body = Array(try JSONCoding.encode(request))
        let reply = try Result {
            try client.streamed(
                Request(method: "POST", path: "/v1/backup", body: .json(body)), as: BackupReply.self
            ) { bar.update($0.done, of: $0.total, label: $0.phase) }
        }.clearing(bar)
        try daemon.show(reply) { $0.show(verb: "Copied") }
    }
}

extension BackupReply {
    /// Writes what was copied and whether it is known to be whole.
    func show(verb: String) {
        let what = operations.map { $0.counted("operation") + ", " } ?? ""
        Terminal.output.line("\(verb) \(what)\(byteText(bytes)) to \(directory)")
        Terminal.output.line(
            isVerified ? "The copy is intact; Merkle root \(root ?? "unknown")" : "Not verified")
    }
}
