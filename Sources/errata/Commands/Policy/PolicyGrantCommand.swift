import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct PolicyGrantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "Give a user, a group or everybody a role",
        discussion: """
              errata policy grant uid:1001 editor
              errata policy grant group:news maintainer
              errata policy grant anyone reader
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Argument(help: "Whom: uid:N, gid:N, user:NAME, group:NAME or anyone.")
    var subject: SubjectArgument

    @Argument(help: "The role.")
    var role: RoleArgument

    func run() throws {
        let rule = PolicyRule(Policy.Rule(subject.subject, role.role))
        try daemon.changePolicy(author: author.author) { policy in
            if !policy.rules.contains(rule) { policy.rules.append(rule) }
        }
    }
}
