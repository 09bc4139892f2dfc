import ArgumentParser
import ErrataAPI
import ErrataClient

struct PolicyShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show who may do what",
        discussion: """
            With --json, the field 'policy' is what 'errata policy set' reads.

              errata policy show --json
            """)

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let reply = try daemon.client.get("/v1/policy", as: PolicyReply.self)
        try daemon.show(reply) { $0.showPolicy() }
    }
}
