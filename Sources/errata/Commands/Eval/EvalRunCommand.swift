import ArgumentParser
import ErrataEvaluation
import ErrataModels
import Foundation

struct EvalRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Ask methods the questions of a data set",
        discussion: """
            Every edit is a commit in a store of its own, every question is asked at a version: each edit \
            alone on an empty store (single), so many in one commit (batch:100; batch is all), or one \
            commit each, asked right after it and again after 1, 10, 100, 500, 1,000 and all (sequential).

            For ablations, distractors:2 puts two unrelated edits beside each item's own, in the store and \
            in the prompt, in places that are drawn; distractors:2:before and distractors:2:after put them \
            on one side. ice and lte are shown all of them, methods that judge scope what they let pass. \
            -k says how many facts retrieval hands on, --key by which texts it finds them.

            --general asks what no edit is about, with 0, 10, 100, 1,000 and all edits in the store: how \
            many answers stay as they were, how many are true (where the file has answers), how fluent; --setting general asks nothing else. \
            Records have a "question", "qText" or "instruction" and maybe "answer" or "answers".

            Methods: lookup and reader answer without a language model; decoder is the small one in the \
            program (decoder-lte: shown the nearest three, unfiltered). With --model, the model before \
            alignment: none (no edits), ice (the nearest three in its prompt), and ft, ft-l, rome and \
            memit, which write edits into its weights; serac has the decoder answer what is in scope and the \
            model before alignment all else. With --aligned, after it: lte (the nearest three) and errata \
            (those that the reader finds in scope). A method that judges scope may be strict or lenient: \
            reader:strict.

              errata eval run --data zsre.json --out results
              errata eval run --data zsre.json --method none,ice,lte,errata \\
                --model base --aligned base-lora --setting sequential --out results
              errata eval run --data cf.json --method lte,errata --aligned base-lora \\
                --setting distractors:2 --setting distractors:4:after --out distracted

            Data: KnowEdit, WikiBio, CounterFact, zsRE, or JSON Lines of your own: {"subject", "prompt", \
            "target"} and, if you have them, "aliases", "truth", "rephrasings": […], and "portability" \
            and "locality": {class: [{"prompt", "answers": […]}]}. OUT gets run.json and \
            measurements.jsonl. Ctrl-C keeps what is measured; --resume goes on.
            """)

    @OptionGroup var evaluation: EvaluationOptions

    @Option(help: ArgumentHelp("Where the results go.", valueName: "directory"))
    var out: String

    @Flag(help: "Go on with the run that the directory holds.")
    var resume = false

    @OptionGroup var selection: ScoreOptions

    func validate() throws { try evaluation.check() }

    func run() async throws {
        let directory = Paths.absolute(out)
        let scores: EvaluationResults
        do {
            scores = try await Interrupt.cancelling {
                try await EvaluationWork(evaluation).run(into: directory, resumes: resume)
            }
        } catch let code as ExitCode {
            Terminal.error.line("Stopped; the same command with --resume goes on from there.")
            throw code
        }
        try selection.show(scores)
    }
}
