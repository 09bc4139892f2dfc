import ArgumentParser
import ErrataModels
import Foundation

struct AlignExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Merge a LoRA adapter into its model",
        discussion: """
            Writes a directory that transformers, vLLM and others load without PEFT: the model's weights \
            with the adapter added to them, its configuration, tokenizer and a model card. The directory \
            appears whole or not at all. For weights in 8 bits there is 'errata models quantize --adapter'.

              errata align export --model qwen3 --adapter aligned --out qwen3-aligned
            """)

    @Option(help: ArgumentHelp("The model's directory.", valueName: "dir"))
    var model: String

    @Option(
        help: ArgumentHelp("The adapter's directory. (can be repeated)", valueName: "dir"))
    var adapter: [String]

    @Option(help: ArgumentHelp("The directory to write; must not exist.", valueName: "dir"))
    var out: String

    @Flag(help: "Write the weights in 16 bits.")
    var bfloat16 = false

    func run() async throws {
        let start = ContinuousClock.now
        let base = try DecoderBase(
            directory: Paths.absolute(model), mergingAdapters: adapter.map(Paths.absolute))
        try base.export(
            to: Paths.absolute(out), as: bfloat16 ? .bfloat16 : .float32,
            card: try card(base))
        Terminal.output.line(
            "Wrote \(out.printable) in \((ContinuousClock.now - start).inSeconds.secondsText)")
    }

    private func card(_ base: DecoderBase) throws -> String {
        let names = adapter.map { "`\(Paths.absolute($0).split(separator: "/").last ?? "")`" }
        return """
            ---
            library_name: transformers
            tags: [errata, knowledge-editing]
            ---

            # \(base.name) with \(names.joined(separator: " and ")) merged into it

            Written by `errata align export`. The identity of model and adapters, as `errata models info \
            --adapter` tells it, is `\(hexadecimal(try base.identity.digest()))`.

            """
    }
}
