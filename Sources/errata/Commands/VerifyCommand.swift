import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataJournal
import ErrataServer
import ErrataService

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that the journal is intact",
        discussion: """
            Reads every page, operation, commit, fact and event, and the search index, and checks every \
            hash. Ends with status 1 if anything is wrong. The daemon goes on serving meanwhile: a process \
            of its own does the reading, so that no damage can take the daemon down.

              errata verify
              errata verify --data /srv/errata    where no daemon runs
            """)

    @OptionGroup var daemon: DaemonOptions

    @Option(
        help: ArgumentHelp("Verify this directory, which no daemon has open.", valueName: "dir"))
    var data: String?

    func run() async throws {
        let bar = ProgressBar("Verifying")
        let result: Result<VerifyReply, any Error>
        do {
            let reply = try await data.map(Paths.absolute).asyncMap {
                try await VerifyCommand.verify($0, bar)
            }
            result = .success(try reply ?? ask(bar))
        } catch { result = .failure(error) }
        let reply = try result.clearing(bar)
        try daemon.show(reply) { $0.show() }
        guard reply.isIntact else {
            throw Failure(
                "the store is damaged: \(reply.findings.count.counted("finding"))",
                hint: "Stop the daemon; 'errata fsck' tells what can be rebuilt.")
        }
    }

    private func ask(_ bar: ProgressBar) throws -> VerifyReply {
        var client = daemon.client
        client.timeout = .seconds(600)
        return try client.streamed(
            Request(method: "POST", path: "/v1/verify", body: .none), as: VerifyReply.self
        ) { bar.update($0.done, of: $0.total, label: "Checking \($0.phase)") }
    }

    /// Verifies a directory that nobody has open, and keeps it so.
    static func verify(_ directory: String, _ bar: ProgressBar) async throws -> VerifyReply {
        let lock = try StoreLock(ofStoreIn: directory)
        defer { lock.release() }
        return VerifyReply(
            try await VerifierProcess(directory: directory).run { part, done in
                bar.update(Int(clamping: done), of: nil, label: "Checking \(part)")
            })
    }
}

extension VerifyReply {
    /// Writes the findings, or that there are none.
    func show() {
        for finding in findings { Terminal.output.line(Style.red.on(finding.printable)) }
        guard isIntact else { return }
        Terminal.output.line(
            "Intact: \(operations.counted("operation")), \(commits.counted("commit")), "
                + "\(facts.counted("fact value"))")
        if let root { Terminal.output.line("Merkle root \(root)") }
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(
        _ body: (Wrapped) async throws -> Result
    ) async rethrows -> Result? {
        guard let self else { return nil }
        return try await body(self)
    }
}
