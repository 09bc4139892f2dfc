import ArgumentParser
import ErrataService
import Glibc

/// What the daemon starts itself as, to run a query in a process of its own.
struct AuditWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: AuditWorker.argument,
        abstract: "Run one query of the daemon's", shouldDisplay: false)

    func run() { Glibc.exit(AuditWorker.run()) }
}
