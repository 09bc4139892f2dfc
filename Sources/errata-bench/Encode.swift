import ArgumentParser
import ErrataAlignment
import ErrataModels

/// Encodes sentences with the installed sentence encoder.
struct Encode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the sentence encoder, alone and in batches, in float32 and in 8 bits",
        discussion: """
            Sentences have 12 to 20 tokens, 16 in the mean, and the time to cut them into tokens counts. \
            Processor time is that of all threads.
            """)

    /// Words that BERT's vocabulary has as they are.
    private static let words = [
        "river", "city", "house", "water", "music", "history", "north", "world", "school", "paper",
        "light", "money", "king", "story", "green", "white", "small", "after", "under", "before",
    ]

    @Option(help: "Sentences for each figure")
    var count = 320

    @Option(help: "Numbers of threads (can be repeated)")
    var threads: [Int] = []

    @OptionGroup var options: BenchOptions

    func run() throws {
        guard let directory = BenchPaths.encoderDirectory(options) else {
            print("There is no sentence encoder to measure: run 'errata models pull' first.")
            return
        }
        var random = SeededGenerator(seed: options.seed)
        let sentences = (0..<(options.smoke ? 4 : count)).map { _ in
            (0..<10 + random.below(9)).map { _ in Self.words[random.below(Self.words.count)] }
                .joined(separator: " ")
        }
        for threads in threads.isEmpty ? [1, 2] : threads {
            let encoder = try SentenceEncoder(directory: directory, threads: threads)
            let tokens = sentences.reduce(0) { $0 + encoder.tokenCount($1) }
            let report = Report(
                "\(encoder.name), "
                    + "\((Double(tokens) / Double(sentences.count)).formatted(digits: 1)) tokens a "
                    + "sentence, \(threads) threads,")
            try measure(encoder, "float32", sentences, report)
            try measure(
                try SentenceEncoder(encoder, precision: .int8), "int8", sentences, report)
        }
    }

    private func measure(
        _ encoder: SentenceEncoder, _ name: String, _ sentences: [String], _ report: Report
    ) throws {
        _ = try encoder.encode(sentences[0])
        for batch in [1, 32] {
            var sample = Sample()
            var busy = Sample()
            for start in stride(from: 0, to: sentences.count, by: batch) {
                let part = Array(sentences[start..<min(start + batch, sentences.count)])
                let before = ProcessorTime.seconds
                _ = try sample.time { try encoder.encode(part, progress: nil) }
                busy.add(seconds: (ProcessorTime.seconds - before) / Double(part.count))
            }
            let each = sample.median / Double(min(batch, sentences.count))
            report.row(
                "\(name), batches of \(batch)",
                "\((1000 * each).formatted(digits: 2)) ms a sentence, "
                    + "\((1000 * busy.median).formatted(digits: 2)) ms of processor time, "
                    + "\((1000 * busy.percentile(0)).formatted(digits: 2)) at best")
        }
    }
}
