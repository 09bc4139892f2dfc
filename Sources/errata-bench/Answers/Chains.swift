import ArgumentParser
import ErrataAlignment
import ErrataService
import ErrataTesting
import Foundation

/// Asks made-up questions that take two stored facts.
struct Chains: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask questions that take two facts of the store",
        discussion: """
            Every question is drawn with two facts that answer it together, and with other facts about the \
            same two subjects, from the relations that training pairs are made of and from another seed; \
            more drawn facts fill the store. The single questions ask for the first fact alone.
            """)

    @Option(help: "Questions")
    var count = 200

    @Option(help: "Drawn facts in the store beside theirs")
    var facts = 1_000

    @Option(help: "The reader's weights (default: those of the program)")
    var reader: String?

    @Flag(help: "Print the questions that were answered wrongly")
    var misses = false

    @OptionGroup var options: BenchOptions

    func run() async throws {
        var generator = SyntheticGenerator(
            relations: try RelationTable.embedded(), pools: [:], openQuestions: [],
            seed: 1_000_003 &+ options.seed)
        let (count, factCount) = options.smoke ? (3, 10) : (count, facts)
        var chains: [SyntheticGenerator.Chain] = []
        while chains.count < count { if let chain = generator.chain() { chains.append(chain) } }
        var statements = chains.flatMap { [$0.first, $0.second] + $0.others }
        while statements.count < 4 * count + factCount {
            if let statement = generator.statement() { statements.append(statement) }
        }
        let directory = try TemporaryDirectory()
        let base = try KnowledgeBase(
            KnowledgeBase.Configuration(
                dataDirectory: directory.path + "/data",
                encoderDirectory: BenchPaths.encoderDirectory(options), readerFile: reader))
        try await base.take(statements)
        try await measure(chains, base, Report("\(count) chains among \(statements.count) facts"))
        await base.close()
    }

    private func measure(
        _ chains: [SyntheticGenerator.Chain], _ base: KnowledgeBase, _ report: Report
    ) async throws {
        var (right, bridge, none, isChain, single) = (0, 0, 0, 0, 0)
        var time = Sample()
        for chain in chains {
            let outcome = try await time.measure {
                try await base.ask(AskRequest(question: chain.question), actor: .ada)
            }
            let answer = outcome.answer.map(normalizedAnswer)
            if answer == normalizedAnswer(chain.second.object) {
                right += 1
                if outcome.receipt.answers.first?.path.count == 2 { isChain += 1 }
            } else {
                if answer == normalizedAnswer(chain.first.object) { bridge += 1 }
                if answer == nil { none += 1 }
                if misses {
                    print(
                        "\(chain.question)  [\(chain.first.statement). \(chain.second.statement)]"
                            + "  \(outcome.answer ?? "no answer")")
                }
            }
            let alone = try await base.ask(
                AskRequest(question: chain.firstQuestion), actor: .ada)
            if alone.answer.map(normalizedAnswer) == normalizedAnswer(chain.first.object) {
                single += 1
            } else if misses {
                print(
                    "one fact: \(chain.firstQuestion)  [\(chain.first.statement)]  "
                        + (alone.answer ?? "no answer"))
            }
        }
        report.share("two facts: the second's object", right, of: chains.count)
        report.share("  with both facts in the receipt's path", isChain, of: chains.count)
        report.share("two facts: the first's object (bad)", bridge, of: chains.count)
        report.share("two facts: no answer", none, of: chains.count)
        report.share("one fact: its object", single, of: chains.count)
        report.row("time of an ask over two facts", time.milliseconds)
    }
}
