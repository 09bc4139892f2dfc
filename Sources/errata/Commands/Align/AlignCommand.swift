import ArgumentParser

struct AlignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "align",
        abstract: "Train models: what reads facts, and language models that use edits",
        discussion: """
            A language model is taught once to use the edits in its prompt and to leave them alone where \
            they do not matter ("Learning to Edit"): make chats with 'errata align dataset', train with \
            'errata align train --model'.

            The reader that comes with Errata was made by these commands. Whoever wants one that knows \
            the words of their own house makes a set of pairs ('errata align dataset'), trains on it \
            ('errata align train') and starts the daemon with the file that comes out.
            """,
        subcommands: [
            AlignReaderCommand.self, AlignDatasetCommand.self, AlignTrainCommand.self,
            AlignFillCommand.self, AlignExportCommand.self, AlignCalibrateCommand.self,
        ])
}
