import ArgumentParser
import ErrataAPI
import ErrataModels

extension ModelsCommand {
    struct Quantize: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a language model with its weights in 8 bits",
            discussion: """
                Makes a directory that takes about a quarter of the memory of float32, loads in \
                milliseconds and gives the same text, bit for bit, as the original with '--int8'. Norms, \
                biases, tokenizer and chat template stay as they are; a LoRA adapter can be merged into \
                it. The directory appears whole or not at all.

                  errata models quantize ./qwen2 --to ./qwen2-int8
                  errata generate --model ./qwen2-int8 "The capital of France is"
                """)

        @Option(help: ArgumentHelp("The directory to write; must not exist.", valueName: "dir"))
        var to: String

        @Option(
            help: ArgumentHelp(
                "A LoRA adapter to merge into it first; may be repeated.", valueName: "dir"))
        var adapter: [String] = []

        @Flag(help: "Write JSON to standard output.")
        var json = false

        @Argument(help: "The model's directory.")
        var directory: String

        func run() async throws {
            let (source, target) = (Paths.absolute(directory), Paths.absolute(to))
            let adapters = adapter.map(Paths.absolute)
            let bar = ProgressBar("writing 8 bits")
            defer { bar.clear() }
            let start = ContinuousClock.now
            let report = try await Interrupt.cancelling {
                try CheckpointQuantizer.quantize(
                    directory: source, to: target, mergingAdapters: adapters,
                    isCancelled: { Task.isCancelled }, progress: { bar.update($0, of: $1) })
            }
            bar.clear()
            let record = QuantizedModel(
                directory: to, sourceBytes: report.sourceByteCount, bytes: report.byteCount,
                seconds: (ContinuousClock.now - start).inSeconds,
                loadSeconds: report.loadDuration.inSeconds)
            guard !json else {
                return Terminal.output.write(
                    Array(try JSONCoding.encodePretty(record)) + [UInt8(ascii: "\n")])
            }
            record.show()
        }
    }
}

/// What was written.
private struct QuantizedModel: Encodable {
    let directory: String
    /// What the original's tensors take.
    let sourceBytes: Int
    /// What the new tensors take.
    let bytes: Int
    let seconds: Double
    let loadSeconds: Double

    func show() {
        let share = 100 * Double(bytes) / Double(max(1, sourceBytes))
        Terminal.output.line("Wrote \(directory.printable) in \(seconds.secondsText)")
        Terminal.output.line(
            "  \(byteText(bytes)) of weights, \(Int(share.rounded()))% of the original's "
                + byteText(sourceBytes))
        Terminal.output.line("  loads in \(loadSeconds.secondsText)")
    }
}
