import ArgumentParser
import ErrataAPI
import ErrataModels
import Foundation

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Continue a text with a local language model",
        discussion: """
            Loads a Hugging Face directory (Llama, Mistral, Qwen2 or Qwen3: config.json, safetensors, \
            tokenizer.json) and writes the continuation to standard output as it comes. No daemon takes \
            part.

              errata generate --model ./qwen2 "The capital of France is"
              errata generate --model ./qwen2 --chat "What is the capital of France?"
              errata generate --model ./llama --temperature 0.8 --seed 7 "Once"
              echo "The capital of France is" | errata generate --model ./qwen2 -
            """)

    @Option(help: ArgumentHelp("The model's directory.", valueName: "dir"))
    var model: String

    @Option(
        help: ArgumentHelp("A LoRA adapter to merge into it; may be repeated.", valueName: "dir"))
    var adapter: [String] = []

    @Flag(help: "Hold the weights in 8 bits: a quarter of the memory, about as good.")
    var int8 = false

    @Flag(help: "Put the text into the model's chat template, as a user's message.")
    var chat = false

    @Option(help: "What the chat tells the model first.")
    var system: String?

    @Option(help: "How many tokens at most.")
    var maxTokens = 128

    @Option(help: "Draw tokens at this temperature. (default: take the most likely one)")
    var temperature: Float?

    @Option(help: "Draw among so many most likely tokens.")
    var topK: Int?

    @Option(help: "Draw among the most likely tokens that have this share together.")
    var topP: Float?

    @Option(help: "Where the drawing starts: the same seed draws the same text.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("End before this text; may be repeated.", valueName: "text"))
    var stop: [String] = []

    @Option(help: "How many threads compute. (default: one for each processor)")
    var threads: Int?

    @Flag(help: "Write one JSON object when the text is complete.")
    var json = false

    @Argument(help: "The text to continue; '-' reads it from standard input.")
    var prompt: String

    func validate() throws {
        guard temperature != nil || (topK == nil && topP == nil && seed == nil) else {
            throw ValidationError(
                "--top-k, --top-p and --seed are for drawing: give --temperature.")
        }
        guard system == nil || chat else { throw ValidationError("--system is for --chat.") }
    }

    func run() async throws {
        let prompt = try text()
        let start = ContinuousClock.now
        let model = try LanguageModel(
            directory: Paths.absolute(model), precision: int8 ? .int8 : .float32,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
            mergingAdapters: adapter.map(Paths.absolute))
        let loaded = ContinuousClock.now
        let pieces = try model.text(
            continuing: try tokens(of: prompt, model),
            LanguageModel.Request(
                tokenCountMax: maxTokens, sampling: sampling, stopStrings: stop))
        var report = GenerateReport(model: model.decoder.name)
        for try await piece in pieces {
            if !json { Terminal.output.write(piece.text) }
            report.text += piece.text
            report.tokens = piece.tokenCount
            report.end = piece.end.map(GenerateReport.name) ?? report.end
        }
        report.loadSeconds = (loaded - start).inSeconds
        report.seconds = (ContinuousClock.now - loaded).inSeconds
        try finish(report)
    }

    private func tokens(of text: String, _ model: LanguageModel) throws -> [Int32] {
        guard chat else { return model.tokenizer.encode(text) }
        let first = system.map { [LanguageModel.Message("system", $0)] } ?? []
        return try model.prompt(of: first + [("user", text)])
    }

    private var sampling: Sampling {
        guard let temperature else { return .greedy }
        return .random(
            temperature: temperature, topK: topK, topP: topP,
            seed: seed ?? UInt64.random(in: 0...UInt64.max))
    }

    private func text() throws -> String {
        guard prompt == "-" else { return prompt }
        let bytes = try FileHandle.standardInput.readToEnd() ?? Data()
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw Failure("standard input is not UTF-8")
        }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    private func finish(_ report: GenerateReport) throws {
        guard !json else {
            return Terminal.output.write(
                Array(try JSONCoding.encodePretty(report)) + [UInt8(ascii: "\n")])
        }
        Terminal.output.line()
        guard Terminal.error.isTerminal else { return }
        let rate = report.seconds > 0 ? Double(report.tokens) / report.seconds : 0
        Terminal.error.line(
            Style.dim.on(
                "\(report.tokens) tokens, \(String(format: "%.1f", rate)) a second", .error))
    }
}

/// What was generated.
private struct GenerateReport: Encodable {
    let model: String
    var text = ""
    var tokens = 0
    /// Why the text ended: `end_token`, `stop`, `max_tokens` or `positions`.
    var end = ""
    var loadSeconds = 0.0
    var seconds = 0.0

    init(model: String) { self.model = model }

    static func name(_ end: GenerationEnd) -> String {
        switch end {
        case .stopToken: "end_token"
        case .stopped: "stop"
        case .tokenCount: "max_tokens"
        case .positions: "positions"
        }
    }
}
