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
            right answer is there. Models are loaded before.

              errata eval speed --data zsre.json --method lookup,reader,decoder
            """)

    @OptionGroup var evaluation: EvaluationOptions

    @Option(
        help: ArgumentHelp(
            "How many edits the store holds, comma-separated.", valueName: "counts"))
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
        Terminal.output.line("method            edits  ms, median  slowest  timed")
        for row in rows {
            let name = row.method.fitting(16).padded(16)
            func cell(_ value: Double?, _ width: Int) -> String {
                let text = value.map { String(format: "%.1f", $0) } ?? "n/a"
                return String(repeating: " ", count: max(0, width - text.count)) + text
            }
            let edits = String(row.edits)
            Terminal.output.line(
                name + String(repeating: " ", count: max(0, 7 - edits.count)) + edits
                    + cell(row.milliseconds, 12) + cell(row.slowest, 9)
                    + "  \(row.repeats - row.missed) of \(row.repeats)")
        }
    }
}
