import ArgumentParser
import ErrataAlignment
import ErrataModels

/// Trains the reader on random tokens.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure training: pairs a second, full and low-rank",
        discussion: """
            Fixtures/reader/torch_speed.py measures PyTorch on the same shapes; run both in one go, on the \
            same number of threads, and compare.
            """)

    @Option(help: "Pairs of a batch")
    var batch = 32

    @Option(help: "Tokens of a pair")
    var tokens = 36

    @Option(help: "Steps after the first, which is not counted")
    var steps = 10

    @Option(help: "Threads")
    var threads = 1

    @OptionGroup var options: BenchOptions

    func run() throws {
        let tiny = BenchPaths.fixture("encoder/tiny")
        let installed = options.smoke ? nil : BenchPaths.encoderDirectory(options)
        let encoder = try SentenceEncoder(directory: installed ?? tiny, threads: 1)
        let report = Report(
            "Training \(encoder.name), \(batch) pairs of \(tokens) tokens, \(threads) threads,")
        let methods: [(String, TrainingMethod)] = [
            ("full", .full), ("low-rank, rank 32", .lowRank(rank: 32, scale: 2)),
        ]
        for (name, method) in methods {
            let sample = try measure(encoder, method)
            let median = sample.median
            report.row(
                name,
                "\((Double(batch) / median).formatted(digits: 1)) pairs a second, "
                    + "\((1000 * median).formatted(digits: 0)) ms a step")
        }
    }

    private func measure(_ encoder: SentenceEncoder, _ method: TrainingMethod) throws -> Sample {
        var random = SeededGenerator(seed: options.seed)
        let steps = options.smoke ? 2 : steps
        var set = TrainingSet()
        for _ in 0..<batch { set.add(example(&random, below: encoder.model.configuration)) }
        let recipe = TrainingRecipe(
            method: method, seed: 1, batchCount: batch, pairCount: batch * (steps + 1),
            encoderRate: 1e-4, headRate: 1e-3, warmUp: 0.1, decay: 0.01, clip: 1,
            weights: LossWeights(), shardCount: threads)
        let trainer = try Trainer(recipe, set, dataHash: [], encoder: encoder)
        _ = try trainer.step()
        var sample = Sample()
        for _ in 0..<steps { _ = try sample.time { try trainer.step() } }
        return sample
    }

    private func example(
        _ random: inout SeededGenerator, below configuration: BertConfiguration
    ) -> ReaderExample {
        let half = tokens / 2
        return ReaderExample(
            ids: (0..<tokens).map { _ in Int32(random.below(configuration.vocabularyCount)) },
            segments: (0..<tokens).map { $0 < half ? 0 : 1 }, edit: half..<tokens - 1,
            isInScope: random.below(2) == 0, asksForSubject: false, answer: 2..<4)
    }
}
