import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct AskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Ask a question at a version of the knowledge",
        discussion: """
            The answer goes to standard output; the facts behind it, who committed them, and the \
            receipt go to standard error. The same question at the same version gets the same \
            answer for ever.

              errata ask 'Who is the chief executive of Twitter?'
              errata ask 'Who is the chief executive of Twitter?' --at 'main@{2026-11-01}'
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(name: .customShort("k"), help: "How many facts to consider.")
    var count: Int?

    @Argument(help: "The question.")
    var question: String

    func run() throws {
        let request = AskRequest(question: question, at: revision.at, k: count)
        let reply = try daemon.client.post("/v1/ask", request, as: AskReply.self)
        try daemon.show(reply) { reply in
            let answer = reply.answer?.printable ?? "No fact at this version answers the question."
            Terminal.output.line(reply.answer == nil ? answer : Style.bold.on(answer))
            reply.facts.show(to: .error)
            let time = reply.timings["total"].map { "  \(decimal($0, 1)) ms" } ?? ""
            Terminal.error.line(
                Style.dim.on(
                    "at \(reply.commit.short)  \(reply.answerer)\(time)  receipt "
                        + reply.receipt.prefix(12), .error))
        }
    }
}

extension [FactUse] {
    /// Writes two lines a fact: score and statement, then where it comes from.
    func show(to terminal: Terminal) {
        for fact in self {
            terminal.line("  \(fact.scoreText)  \(fact.statement.printable)")
            terminal.line(Style.dim.on("        \(fact.origin)", terminal))
        }
    }
}
