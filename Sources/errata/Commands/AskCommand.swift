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

            With --model a language model of 'errata models add' writes the answer, which appears as it \
            comes; Ctrl-C ends it. It sees the facts in scope (--answerer errata), or the ones nearest to \
            the question whatever they are about, as "Learning to Edit" does (--answerer lte). Where no \
            fact is in scope it answers by itself, and is said to.

              errata ask 'Who is the chief executive of Twitter?'
              errata ask 'Who is the chief executive of Twitter?' --at 'main@{2026-11-01}'
              errata ask --model qwen 'What does the chief executive of Twitter do?'
              errata ask --model qwen --answerer lte --temperature 0.7 --seed 3 'Tell me of Twitter.'
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(name: .customShort("k"), help: "How many facts to consider.")
    var count: Int?

    @Option(
        help: ArgumentHelp(
            "A language model, or a name or hash of 'errata models answerers'.",
            valueName: "name|hash"))
    var model: String?

    @Option(help: "How to answer: lookup, reader, lte or errata. (default: the daemon's)")
    var answerer: AnswererChoice?

    @Option(help: "How many tokens a language model may write. (default: 256)")
    var maxTokens: Int?

    @Option(
        help: "Have the language model draw its tokens. (default: take the most likely ones)")
    var temperature: Double?

    @Option(help: "Where the drawing starts. (default: 0)")
    var seed: UInt64?

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
        guard seed == nil || temperature != nil else {
            throw ValidationError("--seed is for drawing: give --temperature.")
        }
    }

    func run() throws {
        let request = AskRequest(
            question: question, at: revision.at, k: count, model: model,
            answerer: answerer?.rawValue,
            strictness: strict ? .strict : lenient ? .lenient : nil, maxTokens: maxTokens,
            temperature: temperature, seed: seed)
        var client = daemon.client
        // A long prompt, or a turn that has to be waited for, is silent; the daemon knows how long to wait.
        client.timeout = .seconds(SecondsOption.max + 10)
        let live = LiveAnswer(isShown: Terminal.output.isTerminal && !daemon.json)
        let reply = try client.streamed(
            Request(
                method: "POST", path: "/v1/ask",
                body: .json(Array(try JSONCoding.encode(request)))),
            as: AskReply.self, piece: live.show, progress: live.show)
        live.finish()
        try daemon.show(reply) { reply in
            reply.record.show(at: revision.at ?? RefName.main.text, isWritten: live.isWritten)
            show(reply)
        }
    }

    private func show(_ reply: AskReply) {
        if reply.record.generation != nil, reply.facts.isEmpty {
            Terminal.error.line("No fact was used: the model answers by itself.")
        }
        if !reply.record.truncated.isEmpty {
            let count = reply.record.truncated.count.counted("fact")
            Terminal.error.line(
                "Of \(count) only the beginning was read: the text is too long.")
        }
        let time = reply.timings["total"].map { "  \(decimal($0, 1)) ms" } ?? ""
        let model = reply.record.generation == nil ? "" : "  by \(reply.record.model.name)"
        Terminal.error.line(
            Style.dim.on(
                "at \(reply.commit.short)  \(reply.answerer)\(model)\(time)  receipt "
                    + reply.receipt.prefix(12), .error))
    }
}

/// An answer on the terminal while it is generated.
private final class LiveAnswer {
    private let isShown: Bool
    private(set) var isWritten = false
    private var hasPhase = false

    init(isShown: Bool) { self.isShown = isShown }

    func show(_ progress: ProgressRecord) {
        guard isShown, Terminal.error.isTerminal else { return }
        Terminal.error.write("\r\(Style.dim.on(progress.phase.printable, .error))\u{1B}[K")
        hasPhase = true
    }

    func show(_ piece: String) {
        guard isShown else { return }
        clearPhase()
        Terminal.output.write(piece.printable)
        isWritten = true
    }

    func finish() {
        clearPhase()
        if isWritten { Terminal.output.line() }
    }

    private func clearPhase() {
        if hasPhase { Terminal.error.write("\r\u{1B}[K") }
        hasPhase = false
    }
}

extension AnswerRecord {
    /// Writes the answers to standard output and what is behind them to standard error.
    ///
    /// `isWritten` says that the answer stands on the terminal already.
    fileprivate func show(at version: String, isWritten: Bool) {
        guard let answer else {
            return conflicts.isEmpty ? showRefusal(at: version) : showConflicts(at: version)
        }
        if !isWritten { Terminal.output.line(Style.bold.on(answer.printable)) }
        guard generation == nil else { return showShown() }
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

    /// Writes what the language model was shown, and what it was not since nobody has chosen yet.
    private func showShown() {
        facts.show(to: .error)
        guard !conflicts.isEmpty else { return }
        Terminal.error.line(Style.yellow.on("In conflict, and not used:", .error))
        showSides()
    }

    /// Says that nobody has chosen yet, and what each side says.
    private func showConflicts(at version: String) {
        Terminal.output.line("In conflict at \(version.printable): no answer until it is resolved.")
        showSides()
    }

    private func showSides() {
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
