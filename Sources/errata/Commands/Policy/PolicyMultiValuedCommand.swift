import ArgumentParser
import ErrataAPI
import ErrataClient

struct PolicyMultiValuedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "multi-valued",
        abstract: "Let a relation have several objects at once",
        discussion: """
            Facts without a key of their own are told apart by their objects, too, from then on: \
            one more child does not supersede another, and branches that each add one merge. \
            Such a fact is named 'SUBJECT|RELATION|OBJECT'. Facts that are there keep their keys.

              errata policy multi-valued child
              errata policy multi-valued child --off
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Flag(help: "Let it have one object at a time again.")
    var off = false

    @Argument(help: "The relation, exactly as facts write it.")
    var relation: String

    func run() throws {
        try daemon.changePolicy(author: author.author) { policy in
            policy.multiValuedRelations.removeAll { $0 == relation }
            if !off { policy.multiValuedRelations.append(relation) }
        }
    }
}
