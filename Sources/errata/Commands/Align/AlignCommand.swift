import ArgumentParser

struct AlignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "align",
        abstract: "Train the model that decides which facts answer a question",
        discussion: """
            The reader that comes with Errata was made by these commands. Whoever wants one that knows \
            the words of their own house makes a set of pairs ('errata align dataset'), trains on it \
            ('errata align train') and starts the daemon with the file that comes out.
            """,
        subcommands: [
            AlignReaderCommand.self, AlignDatasetCommand.self, AlignTrainCommand.self,
            AlignCalibrateCommand.self,
        ])
}
