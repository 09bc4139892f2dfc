import ArgumentParser
import ErrataEvaluation
import Foundation

struct EvalReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show the results of a run, as a table or a document",
        discussion: """
            Adds up what 'errata eval run' measured. --paper counts the first question of a class and its \
            first alias alone, as the released code of "Learning to Edit" does; --distinct leaves out \
            items whose fact a later item edits again. --html writes one file with plots that opens \
            offline, --markdown the same tables as text.

              errata eval report results --data zsre.json
              errata eval report results --data zsre.json --html zsre.html
            """)

    @Argument(help: ArgumentHelp("What --out named.", valueName: "directory"))
    var results: String

    @Option(help: ArgumentHelp("The data set of the run.", valueName: "file"))
    var data: String

    @Option(
        help: ArgumentHelp("The general questions, if there were any.", valueName: "file"))
    var general: String?

    @OptionGroup var selection: ScoreOptions

    @Option(help: ArgumentHelp("Write an HTML report.", valueName: "file"))
    var html: String?

    @Option(help: ArgumentHelp("Write a Markdown report.", valueName: "file"))
    var markdown: String?

    func run() throws {
        let results = try EvaluationResults(results, data: data, general: general)
        let report = EvaluationReport(
            results.header, results.scores(selection.selection), selection.selection,
            supersededCount: results.supersededCount)
        if let html { try write(report.html, to: html) }
        if let markdown { try write(report.markdown, to: markdown) }
        if html == nil, markdown == nil { try selection.show(results) }
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: Paths.absolute(path)), options: .atomic)
        } catch {
            throw Failure("cannot write \(path): \(error.localizedDescription)")
        }
        Terminal.error.line("Wrote \(path.printable)")
    }
}
