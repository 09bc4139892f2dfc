import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct PolicyLimitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Limit what a role may do",
        discussion: """
            Replaces the limits of the role; without options, takes them away. Of the limits of \
            several roles the widest counts.

              errata policy limit editor --edits 100 --requests 600
              errata policy limit reader --requests 60
              errata policy limit editor
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Option(help: "The most edits of a commit.")
    var edits: Int?

    @Option(help: "The most requests a minute.")
    var requests: Int?

    @Argument(help: "The role.")
    var role: RoleArgument

    func run() throws {
        try daemon.changePolicy(author: author.author) { policy in
            policy.limits[role.role.rawValue] =
                edits == nil && requests == nil
                ? nil : RoleLimits(editCountMax: edits, requestsPerMinuteMax: requests)
        }
    }
}
