import ArgumentParser
import ErrataAPI
import ErrataClient
import Foundation

struct PolicySetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Put the policy of a file in force",
        discussion: """
            The file is a JSON object; what it leaves out is empty.

              {"rules": [{"uid": 1001, "role": "editor"}, {"anyone": true, "role": "reader"}],
               "protectedBranches": ["main", "release/*"],
               "limits": {"editor": {"editCountMax": 100, "requestsPerMinuteMax": 600}},
               "auditsReads": true, "multiValuedRelations": ["child"]}
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Argument(help: "The file, or '-' for standard input.")
    var file: String

    func run() throws {
        let bytes = try EditLines.bytes(of: file)
        let policy = try JSONCoding.decodeRequest(PolicyBody.self, from: bytes)
        try daemon.changePolicy(author: author.author) { $0 = policy }
    }
}
