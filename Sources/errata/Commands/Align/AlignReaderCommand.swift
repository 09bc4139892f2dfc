import ArgumentParser
import ErrataAlignment
import Foundation

struct AlignReaderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reader",
        abstract: "Make a reader from a recipe: dataset, training, calibration",
        discussion: """
            Runs 'errata align dataset', 'train' and 'calibrate' one after the other. A step whose \
            results are in OUT is not done again; a training that was interrupted goes on from its \
            checkpoint. The reader that comes with Errata was made by

              errata align reader --recipe Fixtures/reader/recipe.json --data DATA --out OUT

            where DATA holds the public files that the recipe names. OUT gets reader.safetensors.
            """)

    @Option(help: ArgumentHelp("The recipe.", valueName: "file"))
    var recipe: String

    @Option(
        help: ArgumentHelp(
            "Where the recipe's files are. (default: beside the recipe)", valueName: "directory"))
    var data: String?

    @Option(help: ArgumentHelp("Where the results go.", valueName: "directory"))
    var out: String

    func run() async throws {
        let pairs = out + "/" + Dataset.FileName.train
        let heldBack = out + "/" + Dataset.FileName.heldBack
        if !isThere(pairs) || !isThere(heldBack) {
            var arguments = ["--recipe", recipe, "--out", out, "--force"]
            if let data { arguments += ["--data", data] }
            try AlignDatasetCommand.parse(arguments).run()
        }
        let training = out + "/training"
        let trained = training + "/" + TrainingFiles.reader
        if !isThere(training + "/" + TrainingFiles.finished) {
            var arguments = [
                "--recipe", recipe, "--pairs", pairs, "--held-back", heldBack, "--out", training,
            ]
            if isThere(training + "/" + TrainingFiles.checkpoint) { arguments.append("--resume") }
            try await AlignTrainCommand.parse(arguments).run()
        }
        try await AlignCalibrateCommand.parse([
            "--reader", trained, "--pairs", heldBack, "--out", out + "/" + TrainingFiles.reader,
        ]).run()
    }

    private func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
