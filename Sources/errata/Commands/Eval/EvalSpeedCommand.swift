import ArgumentParser
import ErrataAPI
import ErrataEvaluation
import ErrataService
import Foundation

struct EvalSpeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "speed",
        abstract: "Time edits, from the commit to the first right answer",
        discussion: """
            Fills a throw-away store, commits one edit more and asks its own prompt: how long until the \
            right answer is there. An editor of weights (ft, ft-l, rome, memit) makes the other edits first, \
            memit all together, and is then timed with one more: a thousand take it minutes. Models are \
            loaded, and one edit is made, before.

            "right" is the median of the edits whose answer is right, "any" that of all to the first answer; \
            "peak" is the most memory that the process held meanwhile, with encoder, reader and the other \
            methods' models: name one method to have it alone.

              errata eval speed --data zsre.json --method lookup,reader,decoder
              errata eval speed --data cf.json --method rome --model base --text wiki.txt
            """)

    @OptionGroup var evaluation: EvaluationOptions

    @Option(
        help: ArgumentHelp(
            "How many edits the store, or the weights, hold, comma-separated.", valueName: "counts")
    )
    var edits = "1,10,1000"

    @Option(help: "How many edits are timed for each.")
    var repeats = 20

    @Flag(help: "Write JSON to standard output.")
    var json = false

    private var counts: [Int] {
        get throws {
            try edits.split(separator: ",").map { text in
                guard let count = Int(text), count > 0 else {
                    throw ValidationError("'\(text)' is no number of edits")
                }
                return count
            }
        }
    }

    func validate() throws {
        try evaluation.check()
        _ = try counts
        if repeats < 1 { throw ValidationError("--repeats takes at least 1") }
    }

    func run() async throws {
        let (options, counts, repeats) = (evaluation, try counts, repeats)
        let rows = try await Interrupt.cancelling {
            try await EvaluationWork(options).speed(counts: counts, repeats: repeats)
        }
        guard !json else {
            return Terminal.output.write(
                Array(try JSONCoding.encodePretty(rows)) + [UInt8(ascii: "\n")])
        }
        for line in Self.table(rows) { Terminal.output.line(line) }
    }

    /// The rows at 80 columns.
    private static func table(_ rows: [EditingSpeed.Row]) -> [String] {
        func right(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        func milliseconds(_ value: Double?) -> String {
            right(value.map { String(format: "%.1f", $0) } ?? "n/a", 10)
        }
        let head =
            "method".padded(16) + right("edits", 7) + right("ms, right", 10) + right("slowest", 10)
            + right("ms, any", 10) + right("right", 10) + right("peak", 10)
        return [head]
            + rows.map { row in
                row.method.fitting(16).padded(16) + right("\(row.edits)", 7)
                    + milliseconds(row.milliseconds) + milliseconds(row.slowest)
                    + milliseconds(row.answered)
                    + right("\(row.repeats - row.missed) of \(row.repeats)", 10)
                    + right(row.peakBytes.map { "\($0 >> 20) MiB" } ?? "n/a", 10)
            }
    }
}
