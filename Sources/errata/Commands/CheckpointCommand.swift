import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Print a signed statement of what the journal is now",
        discussion: """
            Keep it where the daemon cannot write: another machine, git, a mail. Whoever has it \
            can find out later whether the past was rewritten. The key is to be noted once, in \
            the same place.

              errata checkpoint --print-key > errata.key
              errata checkpoint >> checkpoints.txt
              errata proof --since checkpoints.txt --key errata.key

            The text is a signed note with the number of operations and their Merkle root \
            (C2SP tlog-checkpoint).
            """)

    @OptionGroup var daemon: DaemonOptions

    @Option(
        help: ArgumentHelp(
            "State what the journal was when it had so many operations.", valueName: "count"))
    var size: UInt64?

    @Flag(help: "Print the key that the statement is checked with, instead of it.")
    var printKey = false

    func run() throws {
        let reply = try daemon.client.get(
            "/v1/checkpoint", [("size", size.map(String.init))], as: CheckpointReply.self)
        _ = try reply.verified(by: KeyOption.key(reply.key))
        try daemon.show(reply) { reply in
            Terminal.output.write(printKey ? reply.key + "\n" : reply.note)
        }
    }
}
