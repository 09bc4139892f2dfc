import ArgumentParser
import ErrataAPI
import ErrataEvaluation
import Foundation

struct EvalCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Show how two runs over the same items differ",
        discussion: """
            Methods and versions that both runs measured, metric by metric. A star marks a difference \
            that 95 of 100 samples of the items confirm.

              errata eval compare before after --data zsre.json
            """)

    @Argument(help: ArgumentHelp("The results of one run.", valueName: "directory"))
    var first: String

    @Argument(help: ArgumentHelp("Those of the other.", valueName: "directory"))
    var second: String

    @Option(help: ArgumentHelp("The data set of both.", valueName: "file"))
    var data: String

    @Option(
        help: ArgumentHelp("The general questions, if there were any.", valueName: "file"))
    var general: String?

    @OptionGroup var selection: ScoreOptions

    func run() throws {
        let comparison = try EvaluationResults(first, data: data, general: general).compared(
            with: EvaluationResults(second, data: data, general: general), selection.selection)
        guard !comparison.rows.isEmpty else {
            throw Failure("the runs have no method and version in common")
        }
        guard !selection.json else {
            return Terminal.output.write(
                Array(try JSONCoding.encodePretty(comparison)) + [UInt8(ascii: "\n")])
        }
        for line in comparison.lines { Terminal.output.line(line) }
    }
}
