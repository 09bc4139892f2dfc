import ArgumentParser
import ErrataAPI
import ErrataClient

struct PolicyUnprotectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unprotect",
        abstract: "Let editors write to a branch again",
        discussion: """
              errata policy unprotect main
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Argument(help: "The branch, as it was protected.")
    var branch: String

    func run() throws {
        try daemon.changePolicy(author: author.author) { policy in
            guard policy.protectedBranches.contains(branch) else {
                throw Failure(
                    "'\(branch)' is not protected", hint: "'errata policy' shows what is.")
            }
            policy.protectedBranches.removeAll { $0 == branch }
        }
    }
}
