import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct ProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proof",
        abstract: "Prove that a commit is in the journal, or that nothing was rewritten",
        discussion: """
            Everything is checked here, not by the daemon: that the journal of now begins with \
            the one of each saved checkpoint, or that the record of a commit (REV) or operation \
            (@N) hashes to a leaf of the signed Merkle tree. Ends with status 1 if anything does \
            not verify.

              errata proof --since checkpoints.txt --key errata.key
              errata proof 4be19c77a0d2 --key errata.key
              errata proof @1234 --size 2000 --out 1234.tlog-proof

            A proof in a file (C2SP tlog-proof) is checked without a daemon:

              errata proof --check 1234.tlog-proof --key errata.key
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var keys: KeyOption

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Compare the journal with saved checkpoints; a file may hold many.",
            valueName: "file"))
    var since: [String] = []

    @Option(help: ArgumentHelp("Check a proof that was saved with --out.", valueName: "file"))
    var check: String?

    @Option(
        help: ArgumentHelp(
            "Prove it within the first so many operations. (default: all)", valueName: "count"))
    var size: UInt64?

    @Option(
        help: ArgumentHelp(
            "Save record, proof and checkpoint to this new file.", valueName: "path"))
    var out: String?

    @Argument(help: ArgumentHelp("The commit, or @N for an operation.", valueName: "rev|@n"))
    var rev: String?

    func validate() throws {
        let count = (since.isEmpty ? 0 : 1) + (check == nil ? 0 : 1) + (rev == nil ? 0 : 1)
        guard count == 1 else {
            throw ValidationError("Say what to prove: a REV or @N, --since or --check.")
        }
        guard rev != nil || (size == nil && out == nil) else {
            throw ValidationError("--size and --out go with a REV or @N.")
        }
        guard check == nil || !keys.texts.isEmpty else {
            throw ValidationError("--check needs --key: there is no daemon to ask for it.")
        }
    }

    func run() throws {
        if let check { return try checkFile(check) }
        if let rev { return try proveRecord(rev) }
        try compare()
    }
}
