import ArgumentParser
import ErrataAPI
import ErrataClient

struct PolicyProtectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "protect",
        abstract: "Let only maintainers write to a branch",
        discussion: """
            A name that ends in '/*' stands for all that begin so.

              errata policy protect main
              errata policy protect 'release/*'
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Argument(help: "The branch.")
    var branch: String

    func run() throws {
        try daemon.changePolicy(author: author.author) { policy in
            if !policy.protectedBranches.contains(branch) {
                policy.protectedBranches.append(branch)
            }
        }
    }
}
