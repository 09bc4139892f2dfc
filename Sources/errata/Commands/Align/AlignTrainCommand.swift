import ArgumentParser
import Foundation

struct AlignTrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a language model to use edits, or a reader on pairs",
        discussion: """
            With --model a language model learns the answers of chats, as 'errata align dataset' writes \
            them (chat.train.jsonl) or as lines {"messages": [{"role": "user", "content": "…"}, {"role": \
            "assistant", "content": "…"}]}. All its weights are trained, or with --lora low-rank updates \
            of its attention. The defaults are those of "Learning to Edit". OUT gets a directory that \
            transformers loads, or an adapter for PEFT, each with a model card:

              errata align dataset --synthetic 20000 --out pairs
              errata align train --model qwen3 --lora --out aligned \\
                --data pairs/chat.train.jsonl
              errata generate --model qwen3 --adapter aligned "Who leads ACME?"

            With --recipe and --pairs the reader is trained: the sentence encoder's blocks and heads. OUT \
            gets reader.safetensors, checkpoint.safetensors, losses.csv and losses.svg.

            Ctrl-C saves a checkpoint; --resume goes on from it, to the same bits as without the \
            interruption.
            """)

    @OptionGroup(title: "Language models") var decoder: DecoderTrainingOptions
    @OptionGroup(title: "The reader") var reader: ReaderTrainingOptions

    @Option(help: ArgumentHelp("Where the results go.", valueName: "directory"))
    var out: String

    @Flag(help: "Go on from the checkpoint in the directory of the results.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Steps between two checkpoints. (default: 100; of a reader 500)", valueName: "steps"))
    var checkpointEvery: Int?

    @Option(
        help: ArgumentHelp(
            "Texts or pairs that are judged at each checkpoint. (default: 1000; of a reader 4000)",
            valueName: "count"))
    var judged: Int?

    @Flag(help: "Write JSON to standard output: one line a checkpoint.")
    var json = false

    func validate() throws {
        if decoder.isGiven {
            guard !reader.isGiven else {
                throw ValidationError(
                    "--model trains a language model, --recipe a reader: give one")
            }
            try decoder.check()
        } else if reader.recipe == nil || reader.pairs == nil {
            throw ValidationError(
                "say what to train: --model DIR --data FILE, or --recipe FILE --pairs FILE")
        }
        if let checkpointEvery, checkpointEvery < 1 {
            throw ValidationError("--checkpoint-every takes at least 1")
        }
        if let judged, judged < 0 { throw ValidationError("--judged takes at least 0") }
    }

    func run() async throws {
        if decoder.isGiven {
            return try DecoderTraining(
                decoder, out: out, resume: resume,
                checkpointEvery: checkpointEvery ?? DecoderTraining.checkpointEvery,
                judged: judged ?? DecoderTraining.judged, json: json
            ).run()
        }
        guard let recipe = reader.recipe, let pairs = reader.pairs else { return }
        try ReaderTraining(
            recipe: recipe, pairs: pairs, heldBack: reader.heldBack, out: out, resume: resume,
            checkpointEvery: checkpointEvery ?? ReaderTraining.checkpointEvery,
            judged: judged ?? ReaderTraining.judged, json: json
        ).run()
    }
}
