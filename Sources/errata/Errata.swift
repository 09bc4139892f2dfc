import ArgumentParser

/// The command line of Errata.
@main
struct Errata: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errata",
        abstract: "Keep a knowledge base correct, and prove how it got that way",
        discussion: """
            People commit corrections the way they commit code; a daemon answers questions at any \
            version of the knowledge, and every answer can be traced to the fact, the commit and \
            the person behind it.

            'errata demo' shows it all in a minute. A first session, with the daemon in another terminal:

              errata serve
              errata commit -m 'first facts' --set 'Twitter|chief executive|Elon Musk'
              errata ask 'Who is the chief executive of Twitter?'
              errata commit -m 'she took over' --set 'Twitter|chief executive|Linda Yaccarino'
              errata ask 'Who is the chief executive of Twitter?'
              errata ask 'Who is the chief executive of Twitter?' --at main~1
              errata blame 'Twitter|chief executive'

            Versions (REV) are written main, v1.2, 4be19c77, main~3, main@{2026-11-01} or @1234. \
            Facts (FACT) are named by key, by id (eight hex digits of it suffice) or as \
            'SUBJECT|RELATION', and 'SUBJECT|RELATION|OBJECT' where a relation has several objects.
            """,
        version: Version.text,
        subcommands: [AuditWorkerCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Change the knowledge",
                subcommands: [
                    CommitCommand.self, ImportCommand.self, BranchCommand.self,
                    MergeCommand.self, ConflictsCommand.self, ResolveCommand.self,
                    CherryPickCommand.self, RevertCommand.self, RollbackCommand.self,
                    UndoCommand.self, TagCommand.self, RedactCommand.self,
                ]),
            CommandGroup(
                name: "Ask and look",
                subcommands: [
                    AskCommand.self, SearchCommand.self, FactsCommand.self, ExportCommand.self,
                ]),
            CommandGroup(
                name: "See who changed what",
                subcommands: [
                    LogCommand.self, ShowCommand.self, DiffCommand.self, HistoryCommand.self,
                    BlameCommand.self, AuditCommand.self, CheckpointCommand.self, ProofCommand.self,
                ]),
            CommandGroup(
                name: "Run the daemon",
                subcommands: [
                    ServeCommand.self, StatusCommand.self, PolicyCommand.self,
                    VerifyCommand.self, IndexCommand.self,
                    ModelsCommand.self, GenerateCommand.self, AlignCommand.self, EvalCommand.self,
                    DemoCommand.self,
                    VerifyBesideCommand.self, CopyBesideCommand.self,
                ]),
            CommandGroup(
                name: "Keep the store",
                subcommands: [
                    BackupCommand.self, RestoreCommand.self, UsageCommand.self, CompactCommand.self,
                    FsckCommand.self,
                ]),
        ])

    static func main() async {
        Interrupt.cleanUpOnSIGINT()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Failure.exit(error)
        }
    }
}

enum Version {
    static let text = "0.1.0"
}
