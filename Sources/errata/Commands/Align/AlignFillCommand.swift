import ArgumentParser
import ErrataAlignment
import ErrataModels
import ErrataRemote
import Foundation

struct AlignFillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill",
        abstract: "Have the unaligned model answer questions that no edit answers",
        discussion: """
            Alignment must not change what a model says where no edit matters. This asks the model \
            itself, or a server with OpenAI's chat interface, and writes each answer twice: to the \
            question alone, and after edits that do not bear on it. Train on that file beside the others.

              errata align fill --model qwen3 --questions pairs/open.train.jsonl \\
                --count 2000 --out pairs/chat.filled.jsonl
              errata align train --model qwen3 --lora --out aligned \\
                --data pairs/chat.train.jsonl --data pairs/chat.filled.jsonl

            Answers that are empty or longer than --max-tokens are left out. Ctrl-C writes what is \
            answered by then; --skip goes on behind it, into another file.
            """)

    @Option(
        help: ArgumentHelp(
            "The model: a directory, or a server's address (http://… or unix:…).",
            valueName: "dir|url"))
    var model: String

    @Option(help: ArgumentHelp("What the server calls the model.", valueName: "name"))
    var serverModel: String?

    @Option(help: ArgumentHelp("A file that holds the server's key.", valueName: "file"))
    var keyFile: String?

    @Option(
        help: ArgumentHelp("Questions, as 'errata align dataset' writes them.", valueName: "file"))
    var questions: String

    @Option(help: ArgumentHelp("The file to write; must not exist.", valueName: "file"))
    var out: String

    @Option(help: "How many questions are asked. (default: all)")
    var count: Int?

    @Option(help: "How many questions are passed over first.")
    var skip = 0

    @Option(help: "Tokens of the longest answer.")
    var maxTokens = ChatOptions.tokenCountDefault

    @Option(help: "How many threads compute. (default: one for each processor)")
    var threads: Int?

    private static let serverRequestCountMax = 8

    private var isServer: Bool { model.hasPrefix("http://") || model.hasPrefix("unix:") }

    func validate() throws {
        if isServer, serverModel == nil { throw ValidationError("a server needs --server-model") }
        if !isServer, serverModel != nil || keyFile != nil {
            throw ValidationError("--server-model and --key-file go with a server's address")
        }
        if skip < 0 || (count ?? 1) < 1 {
            throw ValidationError("--skip takes at least 0, --count at least 1")
        }
        let tokens = 1...ChatOptions.tokenCountMax
        if !tokens.contains(maxTokens) {
            throw ValidationError("--max-tokens takes 1 to \(tokens.upperBound)")
        }
        let threads = 1...DecoderTrainingOptions.threadCountMax
        if let count = self.threads, !threads.contains(count) {
            throw ValidationError("--threads takes 1 to \(threads.upperBound)")
        }
    }

    func run() async throws {
        let target = Paths.absolute(out)
        guard access(target, F_OK) != 0 else {
            throw Failure("\(out) is there already", hint: "Name another file.")
        }
        let list = try OpenQuestion.read(
            Paths.absolute(questions), skip: skip, count: count ?? .max)
        let filler = AnswerFiller(
            try backend(), ChatOptions(tokenCountMax: maxTokens),
            atATime: isServer ? Self.serverRequestCountMax : 1)
        let bar = ProgressBar("asking")
        defer { bar.clear() }
        let report = try await Interrupt.cancelling {
            try await filler.fill(
                list, to: target, progress: { bar.update($0, of: list.count) })
        }
        bar.clear()
        Terminal.output.line(
            "Wrote \(out.printable): \(report.lineCount.counted("chat")) of "
                + report.askedCount.counted("question"))
        if report.leftOutCount > 0 {
            Terminal.error.line(
                "\(report.leftOutCount.counted("answer")) left out: empty, or longer than "
                    + "\(maxTokens.grouped) tokens")
        }
        guard !report.isComplete else { return }
        let next = "--skip \(skip + report.askedCount) goes on from there, into another file."
        if let failure = report.failure {
            throw Failure(
                failure.message, hint: "\(failure.hint ?? "What is answered is kept.") \(next)")
        }
        Terminal.error.line("Stopped; \(next)")
        throw ExitCode(Interrupt.status)
    }

    private func backend() throws -> any ChatBackend {
        if isServer {
            return ChatServer(
                address: try ServerAddress(model), model: serverModel ?? "",
                key: keyFile.map { .file(Paths.absolute($0)) } ?? .none)
        }
        return try CheckpointBackend(
            directory: Paths.absolute(model), precision: .float32,
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    }
}
