import ArgumentParser
import ErrataAPI
import ErrataClient

struct PolicyAuditReadsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit-reads",
        abstract: "Write down who reads which version, or stop that",
        discussion: """
            Each read then waits until its record is on the disk. Questions leave receipts in any \
            case.

              errata policy audit-reads on
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Argument(help: "Whether reads are audited.")
    var isOn: SwitchArgument

    func run() throws {
        try daemon.changePolicy(author: author.author) { $0.auditsReads = isOn == .on }
    }
}
