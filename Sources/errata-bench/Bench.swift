import ArgumentParser

/// Measures Errata: speed on this machine, and how well it answers.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errata-bench",
        abstract: "Measure Errata's speed and answers",
        discussion: """
            Every command takes --smoke for a size that runs in seconds. Figures come with the machine \
            they were measured on; times are medians over repeats unless a percentile is named.
            """,
        subcommands: [
            Answers.self, Commits.self, Versions.self, SearchSpeed.self, Encode.self, Decode.self,
            Perplexity.self,
            Train.self, TrainDecoder.self, Read.self, Chains.self, Proofs.self, AskSpeed.self,
            Audit.self,
        ])
}

/// What all measurements share.
struct BenchOptions: ParsableArguments {
    @Flag(help: "Run a size that takes seconds and proves that the command works")
    var smoke = false

    @Option(help: "Seed of everything drawn at random")
    var seed: UInt64 = 1

    @Option(help: "Directory of the sentence encoder (default: the installed one, if any)")
    var encoder: String?
}
