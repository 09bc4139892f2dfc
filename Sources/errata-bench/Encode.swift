import ArgumentParser
import ErrataModels

/// Encodes sentences with the installed sentence encoder.
struct Encode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the sentence encoder, alone and in batches, on one and two threads")

    @Option(help: "Sentences for each figure")
    var count = 320

    @OptionGroup var options: BenchOptions

    func run() throws {
        guard let directory = BenchPaths.encoderDirectory(options) else {
            print("There is no sentence encoder to measure: run 'errata models pull' first.")
            return
        }
        let count = options.smoke ? 4 : count
        let sentences = (0..<count).map {
            "The chief executive officer of company number \($0) is known to be a person"
        }
        for threads in [1, 2] {
            let encoder = try SentenceEncoder(directory: directory, threads: threads)
            let report = Report(
                "\(encoder.name), \(encoder.tokenCount(sentences[0])) tokens a sentence, "
                    + "\(threads) threads,")
            _ = try encoder.encode(sentences[0])
            for batch in [1, 32] {
                var sample = Sample()
                for start in stride(from: 0, to: count, by: batch) {
                    let part = Array(sentences[start..<min(start + batch, count)])
                    _ = try sample.time { try encoder.encode(part, progress: nil) }
                }
                let each = sample.median / Double(min(batch, count))
                report.row(
                    "batches of \(batch)",
                    "\((1000 * each).formatted(digits: 2)) ms a sentence, "
                        + "\((1 / each).formatted(digits: 0)) sentences a second")
            }
        }
    }
}
