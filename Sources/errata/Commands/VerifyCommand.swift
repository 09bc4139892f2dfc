import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that the journal is intact",
        discussion: """
            Reads every operation, commit and fact and checks every hash. Ends with status 1 if \
            anything is wrong. The daemon goes on serving meanwhile.
            """)

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let bar = ProgressBar("Verifying")
        let request = Request(method: "POST", path: "/v1/verify", body: .none)
        var client = daemon.client
        client.timeout = .seconds(600)
        let reply = try Result {
            try client.streamed(request, as: VerifyReply.self) { record in
                bar.update(record.done, of: record.total, label: "Checking \(record.phase)")
            }
        }.clearing(bar)
        try daemon.show(reply) { reply in
            for finding in reply.findings { Terminal.output.line(Style.red.on(finding.printable)) }
            guard reply.isIntact else { return }
            Terminal.output.line(
                "Intact: \(reply.operations.counted("operation")), "
                    + "\(reply.commits.counted("commit")), \(reply.facts.counted("fact value"))")
            Terminal.output.line("Merkle root \(reply.root)")
        }
        guard reply.isIntact else {
            throw Failure(
                "the journal is damaged: \(reply.findings.count.counted("finding"))",
                hint: "Stop the daemon and restore the data directory from a backup.")
        }
    }
}
