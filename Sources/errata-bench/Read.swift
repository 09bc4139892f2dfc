import ArgumentParser
import ErrataModels

/// Judges the facts that a question brings with the shipped reader.
struct Read: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the reader: one question against its candidates, float32 and int8")

    @Option(help: "Candidates of a question")
    var candidates = 3

    @Option(help: "Questions for each figure")
    var count = 100

    @OptionGroup var options: BenchOptions

    func run() throws {
        guard let directory = BenchPaths.encoderDirectory(options) else {
            print("There is no sentence encoder to measure: run 'errata models pull' first.")
            return
        }
        let encoder = try SentenceEncoder(directory: directory, threads: 1)
        let report = Report("\(candidates) candidates a question, 1 thread,")
        let edits = [
            "The chief executive officer of Twitter is Linda Yaccarino",
            "What voice type is Louise Grandjean? mezzo soprano",
            "The name of the country which Goursez Vreizh is associated with is France",
        ]
        let pairs = (0..<candidates).map {
            (question: "Who is the chief executive officer of Twitter?", edit: edits[$0 % 3])
        }
        for precision in [Linear.Precision.float32, .int8] {
            let reader = try Reader(
                encoder: encoder, weights: .shipped(), precision: precision, threads: 1)
            var sample = Sample()
            for _ in 0..<(options.smoke ? 2 : count) {
                _ = try sample.time { try reader.read(pairs) }
            }
            report.row("\(precision.rawValue), reading alone", sample.milliseconds)
        }
    }
}
