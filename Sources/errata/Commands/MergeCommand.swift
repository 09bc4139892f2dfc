import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Merge another branch or version into a branch",
        discussion: """
            Facts merge field by field against what both lines started from. What contradicts \
            stays in conflict: no answer rests on it until 'errata resolve' chooses. A branch \
            without commits of its own is only moved.

              errata merge draft
              errata merge draft --into release -m 'what the desk checked'
              errata merge v1.2 --refuse-conflicts
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var author: AuthorOption

    @Option(help: ArgumentHelp("The branch to change. (default: main)", valueName: "branch"))
    var into: String?

    @Option(name: .shortAndLong, help: "What is merged and why.")
    var message: String?

    @Flag(name: .customLong("no-ff"), help: "Make a commit even if the branch could be moved.")
    var isWithoutFastForward = false

    @Flag(name: .customLong("ff-only"), help: "Refuse unless the branch can just be moved.")
    var isFastForwardOnly = false

    @Flag(help: "Refuse the merge if it leaves conflicts.")
    var refuseConflicts = false

    @Option(help: ArgumentHelp("Refuse if the branch is not at this version.", valueName: "rev"))
    var expect: String?

    @Argument(help: ArgumentHelp("The branch or version to merge.", valueName: "rev"))
    var rev: String

    func validate() throws {
        guard !isWithoutFastForward || !isFastForwardOnly else {
            throw ValidationError("Give --no-ff or --ff-only, not both.")
        }
    }

    func run() throws {
        let request = MergeRequest(
            from: rev, into: into, message: message, author: author.author, expect: expect,
            fastForward: isWithoutFastForward ? .never : isFastForwardOnly ? .only : nil,
            refuseConflicts: refuseConflicts ? true : nil)
        let reply = try daemon.client.post("/v1/merge", request, as: MergeReply.self)
        try daemon.show(reply) { reply in
            let commit = Style.yellow.on(reply.commit.short)
            guard !reply.isFastForward else {
                return Terminal.output.line(
                    "Moved \(reply.branch) forward from \(reply.from.short) to \(commit): "
                        + reply.counts.sentence)
            }
            Terminal.output.line(
                "Merged \(rev.printable) into \(reply.branch): \(reply.counts.sentence) in "
                    + commit)
            showConflicts(reply.conflictCount)
        }
    }
}

/// Says how many facts were left in conflict, and what to do about it.
func showConflicts(_ count: Int) {
    guard count > 0 else { return }
    Terminal.output.line(Style.red.on("\(count.counted("fact")) in conflict"))
    Terminal.error.line(
        Style.yellow.on("Hint:", .error)
            + " See 'errata conflicts'; choose by 'errata resolve FACT --ours|--theirs'.")
}
