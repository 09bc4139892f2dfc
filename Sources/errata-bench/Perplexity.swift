import ArgumentParser
import ErrataModels
import Foundation

/// Measures how well a decoder foretells a text.
struct Perplexity: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a decoder's perplexity on a text, in float32 and in 8 bits",
        discussion: """
            The text's tokens are cut into windows; each window's tokens but the first are scored, given \
            those before them in the window. Fixtures/decoder/train_small.py makes a model and has \
            transformers measure the same. Without --model it takes a random one of the fixtures.
            """)

    @Option(help: "The model's directory")
    var model: String?

    @Option(help: "The file of the text, UTF-8")
    var text: String?

    @Option(help: "Tokens of a window")
    var window = 256

    @Option(help: "Windows to measure (default: all)")
    var count: Int?

    @Flag(help: "Measure 8 bits alone")
    var int8 = false

    @Option(help: "Threads")
    var threads = 2

    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard (model == nil) == (text == nil) else {
            throw ValidationError("--model and --text go together.")
        }
        guard window > 1 else { throw ValidationError("--window must be at least 2.") }
    }

    func run() throws {
        let report = Report("Perplexity, windows of \(window) tokens,")
        var values: [Double] = []
        for precision in int8 ? [Linear.Precision.int8] : [.float32, .int8] {
            let (decoder, ids) = try load(precision)
            let start = ContinuousClock.now
            let (value, scored) = try perplexity(decoder, ids)
            let seconds = (ContinuousClock.now - start).inSeconds
            values.append(value)
            report.row(
                "\(decoder.name) in \(decoder.precision.rawValue)",
                "\(value.formatted(digits: 5)) over \(scored) tokens, "
                    + "\((Double(scored) / seconds).formatted(digits: 0)) tokens a second")
        }
        guard values.count == 2 else { return }
        report.figure("int8 over float32", 100 * (values[1] / values[0] - 1), "%", digits: 3)
    }

    private func load(_ precision: Linear.Precision) throws -> (CausalDecoder, [Int32]) {
        guard let model, let text else {
            let decoder = try CausalDecoder(
                directory: BenchPaths.fixture("decoder/qwen3"), precision: precision,
                threads: threads)
            let vocabularyCount = decoder.configuration.vocabularyCount
            return (decoder, (0..<100).map { Int32($0 * 37 % vocabularyCount) })
        }
        let loaded = try LanguageModel(directory: model, precision: precision, threads: threads)
        let bytes = try Data(contentsOf: URL(filePath: text))
        return (
            loaded.decoder,
            loaded.tokenizer.encode(
                String(decoding: bytes, as: UTF8.self), addSpecialTokens: false)
        )
    }

    /// Returns e to the mean of -log p over the scored tokens, and how many there are.
    private func perplexity(
        _ decoder: CausalDecoder, _ ids: [Int32]
    ) throws -> (value: Double, tokenCount: Int) {
        var sum = 0.0
        var tokenCount = 0
        let windows = stride(from: 0, to: ids.count, by: window)
        for start in windows.prefix(options.smoke ? 1 : count ?? Int.max) {
            let part = ids[start..<min(start + window, ids.count)]
            guard part.count > 1 else { continue }
            let scores = try decoder.scores(
                prompt: Array(part.prefix(1)), continuations: [Array(part.dropFirst())],
                cache: try decoder.makeCache())
            sum -= scores[0].reduce(0) { $0 + Double($1.logProbability) }
            tokenCount += scores[0].count
        }
        return (exp(sum / Double(max(1, tokenCount))), tokenCount)
    }
}
