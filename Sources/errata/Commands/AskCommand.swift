import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct AskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Ask a question at a version of the knowledge",
        discussion: """
            The answer goes to standard output; the facts behind it with their probabilities, who \
            committed them, and the receipt go to standard error. Where facts disagree, every answer is \
            written, the likeliest first. The same question at the same version gets the same answer \
            for ever.

              errata ask 'Who is the chief executive of Twitter?'
              errata ask 'Who is the chief executive of Twitter?' --at 'main@{2026-11-01}'
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(name: .customShort("k"), help: "How many facts to consider.")
    var count: Int?

    @Option(
        help: ArgumentHelp(
            "What answers: a name or hash of 'errata models answerers'.", valueName: "name|hash"))
    var model: String?

    @Flag(help: "Answer only where little doubt is left.")
    var strict = false

    @Flag(help: "Answer where a fact may well bear on the question.")
    var lenient = false

    @Argument(help: "The question.")
    var question: String

    func validate() throws {
        guard !strict || !lenient else {
            throw ValidationError("Give --strict or --lenient, not both.")
        }
    }

    func run() throws {
        let request = AskRequest(
            question: question, at: revision.at, k: count, model: model,
            strictness: strict ? .strict : lenient ? .lenient : nil)
        let reply = try daemon.client.post("/v1/ask", request, as: AskReply.self)
        try daemon.show(reply) { reply in
            reply.record.show(at: revision.at ?? RefName.main.text)
            if !reply.record.truncated.isEmpty {
                let count = reply.record.truncated.count.counted("fact")
                Terminal.error.line(
                    "Of \(count) only the beginning was read: the text is too long.")
            }
            let time = reply.timings["total"].map { "  \(decimal($0, 1)) ms" } ?? ""
            Terminal.error.line(
                Style.dim.on(
                    "at \(reply.commit.short)  \(reply.answerer)\(time)  receipt "
                        + reply.receipt.prefix(12), .error))
        }
    }
}

extension AnswerRecord {
    /// Writes the answers to standard output and what is behind them to standard error.
    fileprivate func show(at version: String) {
        guard let answer else {
            return conflicts.isEmpty ? showRefusal(at: version) : showConflicts(at: version)
        }
        Terminal.output.line(Style.bold.on(answer.printable))
        var seen = [answer]
        for other in facts.compactMap(\.answer) where !seen.contains(other) {
            seen.append(other)
            if disagree { Terminal.output.line(other.printable) }
        }
        if disagree {
            Terminal.error.line(
                Style.yellow.on("The facts disagree: each of these answers the question.", .error))
        }
        facts.show(to: .error, steps: Set(path.dropFirst()))
    }

    /// Says that nobody has chosen yet, and what each side says.
    private func showConflicts(at version: String) {
        Terminal.output.line("In conflict at \(version.printable): no answer until it is resolved.")
        for conflict in conflicts {
            for side in conflict.sides {
                let text = side.retracted ? "(retracted)" : side.statement ?? "(redacted)"
                let answer = side.answer.map { ": \($0)" } ?? ""
                Terminal.error.line("  \(text.printable)\(answer.printable)")
                let name =
                    side.user.map { "\($0.printable) (uid \(side.uid))" } ?? "uid \(side.uid)"
                let author = side.author.map { ", by \($0.printable)" } ?? ""
                Terminal.error.line(
                    Style.dim.on(
                        "        \(side.commit.short)  \(side.time.display)  \(name)\(author)",
                        .error))
            }
            Terminal.error.line("Hint: errata resolve \(conflict.id.short) --ours, or --theirs.")
        }
    }

    private func showRefusal(at version: String) {
        Terminal.output.line("No fact at \(version.printable) answers this.")
        guard let nearest = refused.first else { return }
        Terminal.error.line("Nearest: \(nearest.statement.printable)")
        Terminal.error.line(Style.dim.on("         (\(nearest.sentence))", .error))
    }
}

extension RefusedFact {
    /// `about the same subject, asks for something else, 0.03`.
    fileprivate var sentence: String {
        let why =
            switch reason {
            case "other_subject": "about another subject"
            case "other_relation": "about the same subject, asks for something else"
            case "below_threshold": "not sure enough; --lenient takes it"
            case "chain_is_better": "a step on the way at most"
            default: reason
            }
        return "\(why.printable), \(decimal(probability, 2))"
    }
}

extension [FactUse] {
    /// Writes two lines a fact: score and statement, then where it comes from; steps of a chain after its
    /// first are marked.
    func show(to terminal: Terminal, steps: Set<FactID> = []) {
        for fact in self {
            let lead = steps.contains(fact.id) ? "  then" : "  \(fact.scoreText)"
            terminal.line("\(lead)  \(fact.statement.printable)")
            terminal.line(Style.dim.on("        \(fact.origin)", terminal))
        }
    }
}
