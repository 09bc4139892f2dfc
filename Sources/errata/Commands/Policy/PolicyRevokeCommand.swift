import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct PolicyRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take a role away",
        discussion: """
            Without a role, takes all of them. Once the last rule is gone, everybody may do \
            everything again.

              errata policy revoke uid:1001 editor
              errata policy revoke anyone
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Argument(help: "Whom: uid:N, gid:N, user:NAME, group:NAME or anyone.")
    var subject: SubjectArgument

    @Argument(help: "The role.")
    var role: RoleArgument?

    func run() throws {
        try daemon.changePolicy(author: author.author) { policy in
            let rest = policy.rules.filter { rule in
                rule.rule.subject != subject.subject
                    || (role.map { $0.role != rule.rule.role } ?? false)
            }
            guard rest.count < policy.rules.count else {
                throw Failure(
                    "\(subject.subject.sentence) has no such role",
                    hint: "'errata policy' shows who has which.")
            }
            policy.rules = rest
        }
    }
}
