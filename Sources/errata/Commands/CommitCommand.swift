import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct CommitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit",
        abstract: "Commit facts to a branch",
        discussion: """
            All edits of one commit are taken together or not at all. A fact with the key of \
            another supersedes it; 'errata log' and 'errata history' keep the old value.

              errata commit -m 'new chief' --set 'Twitter|chief executive|Linda Yaccarino'
              errata commit -m 'gone' --retract 'Twitter|chief executive'
              errata commit -m 'a few facts' --file facts.jsonl
              generate-facts | errata commit -m 'a few facts' -

            In --set, write \\| for a bar within a text. Each line of a file is a fact, such as \
            {"subject":"Twitter","relation":"chief executive","object":"Linda Yaccarino"}, or an \
            edit, such as {"op":"retract","id":"twitter.ceo"}. For many facts use 'errata import'.
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var branch: BranchOption

    @Option(name: .shortAndLong, help: "What changes and why.")
    var message: String

    @Option(help: "Who wrote this, if not you; your user id is recorded in any case.")
    var author: String?

    @Option(help: ArgumentHelp("Refuse if the branch is not at this version.", valueName: "rev"))
    var expect: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Assert a fact (can be repeated).", valueName: "subject|relation|object"))
    var facts: [String] = []

    @Option(
        help: ArgumentHelp("Retract a fact (can be repeated).", valueName: "fact"))
    var retract: [String] = []

    @Option(
        help: ArgumentHelp("Read facts and edits from a file of JSON lines.", valueName: "path"))
    var file: String?

    @Argument(help: "Read facts and edits from standard input.")
    var input: String?

    func validate() throws {
        if let input, input != "-" {
            throw ValidationError("'\(input)' is not an option; the only argument is '-'.")
        }
        guard !facts.isEmpty || !retract.isEmpty || file != nil || input != nil else {
            throw ValidationError("Say what to commit: --set, --retract, --file or '-'.")
        }
        for text in facts where FactArgument(text) == nil {
            throw ValidationError("'\(text)' is not SUBJECT|RELATION|OBJECT.")
        }
    }

    func run() throws {
        var edits = facts.compactMap { FactArgument($0).map { EditRequest.assert($0.body) } }
        edits += retract.map(EditRequest.retract)
        if let file { edits += try EditLines.read(path: file) }
        if input != nil { edits += try EditLines.read(path: "-") }
        let request = CommitRequest(
            branch: branch.branch, expect: expect, message: message, author: author, edits: edits)
        let reply = try daemon.client.post("/v1/commits", request, as: CommitReply.self)
        try daemon.show(reply) { reply in
            Terminal.output.line(
                "Committed \(Style.yellow.on(reply.commit.short)) on \(reply.branch): "
                    + reply.counts.sentence)
        }
        if !daemon.json { reply.warnings.show() }
    }
}

/// `SUBJECT|RELATION|OBJECT`, with `\|` for a bar and `\\` for a backslash.
struct FactArgument: Equatable {
    let subject: String
    let relation: String
    let object: String

    init?(_ text: String) {
        var parts = [""]
        var isEscaped = false
        for character in text {
            if isEscaped {
                if character != "|", character != "\\" { parts[parts.count - 1].append("\\") }
                parts[parts.count - 1].append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "|" {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        if isEscaped { parts[parts.count - 1].append("\\") }
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        (subject, relation, object) = (parts[0], parts[1], parts[2])
    }

    var body: FactBody {
        FactBody(FactDraft(subject: subject, relation: relation, object: object))
    }
}
