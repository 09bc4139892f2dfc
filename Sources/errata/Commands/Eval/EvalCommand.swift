import ArgumentParser

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measure how well edits are answered, as the field measures it",
        discussion: """
            Commits the edits of a benchmark to a throw-away store and asks its questions at those \
            versions: is the edit answered, in other words too (rephrasing), does what follows from it \
            follow (portability), does everything else stay (locality), is the text still fluent. \
            "forced" is the share of the target's tokens that the model holds the most likely, as papers \
            report; "exact" is the generated answer as a whole, as users see it.

              errata eval run --data zsre.json --held-back --out results
              errata eval report results --data zsre.json
              errata eval compare results better --data zsre.json
            """,
        subcommands: [
            EvalRunCommand.self, EvalReportCommand.self, EvalCompareCommand.self,
            EvalSpeedCommand.self,
        ])
}
