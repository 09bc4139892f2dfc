import ArgumentParser
import ErrataAlignment
import ErrataModels
import Foundation
import Glibc

/// Trains a language model: steps, checkpoints and what the user sees of them.
final class DecoderTraining {
    static let checkpointEvery = 100
    static let judged = 1_000
    /// What only training needs lies apart: a directory of a model holds its weights alone.
    private static let folder = "training"
    private static let checkpoint = "checkpoint.safetensors"

    private let options: DecoderTrainingOptions
    private let out: String
    private let resume: Bool
    private let checkpointEvery: Int
    private let judged: Int
    private let json: Bool
    private let bar = ProgressBar("training")
    private let start = ContinuousClock.now
    private var tokenCount = 0
    private var computing = Duration.zero
    private var keptByteCount = 0

    init(
        _ options: DecoderTrainingOptions, out: String, resume: Bool, checkpointEvery: Int,
        judged: Int, json: Bool
    ) {
        self.options = options
        self.out = Paths.absolute(out)
        self.resume = resume
        self.checkpointEvery = checkpointEvery
        self.judged = judged
        self.json = json
    }

    private var trainingDirectory: String { out + "/" + Self.folder }

    func run() throws {
        let directory = Paths.absolute(options.model ?? "")
        guard realpath(directory) != realpath(out) else {
            throw Failure(
                "\(out) is the model's own directory",
                hint: "Name another one: the model that is trained stays as it is.")
        }
        let base = try DecoderBase(directory: directory)
        let recipe = try options.recipe(positionCount: base.configuration.positionCount)
        let contents = try read(options.data, base, recipe)
        let development = try options.development.map {
            Array(try read([$0], base, recipe).examples.prefix(judged))
        }
        bar.clear()
        try checkTarget()
        warnOfMemory(base, recipe)
        if recipe.precision == .bfloat16, !ProductPrecision.hasFastBFloat16 {
            Terminal.error.line(
                "This processor has no AMX for bfloat16: --mixed-precision makes it slower here.")
        }
        let threads = options.threads ?? ProcessInfo.processInfo.activeProcessorCount
        let trainer = try DecoderTrainer(
            recipe, contents.examples, dataHash: contents.hash, base: base,
            recomputes: !options.keepActivations, work: ParallelKernels(threads: threads))
        try makeDirectory()
        if resume { try trainer.resume(directory: trainingDirectory, name: Self.checkpoint) }
        try train(trainer, development)
        try trainer.writeResult(to: out, as: options.bfloat16 ? .bfloat16 : .float32)
        finish(trainer)
    }

    private func realpath(_ path: String) -> String {
        URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }

    private func read(
        _ paths: [String], _ base: DecoderBase, _ recipe: DecoderRecipe
    ) throws -> ChatFile.Contents {
        let contents = try ChatFile.read(
            paths.map(Paths.absolute), base, tokenCountMax: recipe.tokenCountMax,
            progress: { bar.update($0, of: nil, label: "reading chats") })
        if contents.skippedCount > 0 {
            bar.clear()
            Terminal.error.line(
                "\(contents.skippedCount.counted("answer")) left out: they end past "
                    + "\(recipe.tokenCountMax.grouped) tokens (--length)")
        }
        guard !contents.examples.isEmpty else {
            throw Failure("no answer ends within \(recipe.tokenCountMax.grouped) tokens")
        }
        return contents
    }

    private func makeDirectory() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: trainingDirectory, withIntermediateDirectories: true)
        } catch {
            throw Failure("cannot make the directory \(out): \(error.localizedDescription)")
        }
    }

    /// Says so if the numbers alone take more memory than there is.
    private func warnOfMemory(_ base: DecoderBase, _ recipe: DecoderRecipe) {
        let count = base.source.shapes.values.reduce(0) { $0 + $1.reduce(1, *) }
        // Parameter, gradient and the optimizer's two means; frozen ones are the parameter alone.
        let bytes = count * 4 * (recipe.method == .full ? 4 : 1)
        guard let free = ProcessMemory.availableByteCount, bytes > free else { return }
        Terminal.error.line(
            "The numbers take \(byteText(bytes)), and \(byteText(free)) of memory are free"
                + (recipe.method == .full ? "; --lora takes a quarter." : "."))
    }

    private func checkTarget() throws {
        guard !resume else { return }
        for name in [
            "model.safetensors", "adapter_model.safetensors", Self.folder + "/" + Self.checkpoint,
        ] where access("\(out)/\(name)", F_OK) == 0 {
            throw Failure(
                "\(out)/\(name) is there already",
                hint: "Go on with --resume, or name another directory.")
        }
    }

    private func train(_ trainer: DecoderTrainer, _ development: [ChatExample]?) throws {
        let watch = InterruptWatch()
        let isInterrupted = { watch.isInterrupted }
        do {
            if trainer.losses.isEmpty {
                try judge(trainer, development, isInterrupted)
                report(trainer)
            }
            while !trainer.isFinished {
                let begin = ContinuousClock.now
                let step = try trainer.step(isCancelled: isInterrupted)
                computing += ContinuousClock.now - begin
                tokenCount += step.tokenCount
                keptByteCount = max(keptByteCount, step.keptByteCount)
                show(step, trainer)
                guard trainer.isFinished || step.number.isMultiple(of: checkpointEvery) else {
                    continue
                }
                try judge(trainer, development, isInterrupted)
                try save(trainer)
                report(trainer)
            }
        } catch is CancellationError {
            try save(trainer)
            bar.clear()
            Terminal.error.line(
                "Stopped after step \(trainer.losses.count.grouped); --resume goes on from there.")
            throw ExitCode(Interrupt.status)
        }
    }

    private func judge(
        _ trainer: DecoderTrainer, _ development: [ChatExample]?,
        _ isInterrupted: () -> Bool
    ) throws {
        guard let development, !development.isEmpty else { return }
        _ = try trainer.evaluate(development, isCancelled: isInterrupted)
    }

    private func save(_ trainer: DecoderTrainer) throws {
        try trainer.save(to: trainingDirectory + "/" + Self.checkpoint)
        try LossCurve(trainer.losses).write(to: trainingDirectory)
    }

    private var tokensPerSecond: Double { Double(tokenCount) / max(computing.inSeconds, 1e-9) }

    private func secondsLeft(_ trainer: DecoderTrainer, _ done: Int) -> Double {
        let perStep = computing.inSeconds / Double(max(1, done))
        return perStep * Double(trainer.stepCount - trainer.losses.count)
    }

    private var stepsHere = 0

    private func show(_ step: DecoderTrainer.Step, _ trainer: DecoderTrainer) {
        stepsHere += 1
        bar.update(
            step.number, of: trainer.stepCount,
            label: "loss \(decimal(step.loss, 3)) \(Int(tokensPerSecond).grouped)/s",
            detail: "\(secondsLeft(trainer, stepsHere).secondsText) left, "
                + byteText(ProcessMemory.residentByteCount))
    }

    /// Tells of the steps since the last checkpoint.
    private func report(_ trainer: DecoderTrainer) {
        bar.clear()
        let found = trainer.evaluations.last.flatMap {
            $0.step == trainer.losses.count ? $0.evaluation : nil
        }
        let recent = trainer.losses.suffix(checkpointEvery)
        let loss =
            recent.isEmpty ? nil : Double(recent.reduce(0, +)) / Double(recent.count)
        if json {
            let record = DecoderTrainingRecord(
                step: trainer.losses.count, steps: trainer.stepCount, loss: loss,
                developmentLoss: found?.loss, developmentAccuracy: found?.accuracy,
                tokensPerSecond: tokensPerSecond,
                secondsLeft: secondsLeft(trainer, stepsHere),
                residentBytes: ProcessMemory.residentByteCount, keptBytes: keptByteCount)
            guard let line = try? record.line else { return }
            return Terminal.output.line(line)
        }
        var line = "step \(trainer.losses.count.grouped) of \(trainer.stepCount.grouped)"
        if let loss { line += "  loss \(decimal(loss, 4))" }
        if let found {
            line +=
                "  development: loss \(decimal(found.loss, 4)), "
                + "\(decimal(found.accuracy * 100, 2)) % of tokens right"
        }
        if stepsHere > 0 { line += "  \(Int(tokensPerSecond).grouped) tokens/s" }
        Terminal.output.line(line)
    }

    private func finish(_ trainer: DecoderTrainer) {
        guard !json else { return }
        let isFull = trainer.recipe.method == .full
        Terminal.output.line(
            "Wrote \(out.printable), \(isFull ? "a checkpoint" : "an adapter") for "
                + "\(isFull ? "transformers" : "PEFT"), in \((ContinuousClock.now - start).inSeconds.secondsText)"
        )
        Terminal.output.line(
            "  memory \(byteText(ProcessMemory.residentByteCount)), of which "
                + "\(byteText(keptByteCount)) kept for the backward pass")
        let use = isFull ? out : "\(options.model ?? "") --adapter \(out)"
        Terminal.error.line("Add it to the daemon: errata models add NAME \(use.printable)")
    }
}

/// One checkpoint as a line of JSON.
private struct DecoderTrainingRecord: Encodable {
    let step: Int
    let steps: Int
    let loss: Double?
    let developmentLoss: Double?
    let developmentAccuracy: Double?
    let tokensPerSecond: Double
    let secondsLeft: Double
    let residentBytes: Int
    let keptBytes: Int

    var line: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

/// What the process takes of the machine's memory.
enum ProcessMemory {
    /// What the kernel holds for available, nil where it does not say.
    static var availableByteCount: Int? {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let number = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return number.map { $0 * 1024 }
    }

    /// The pages that are in memory now; 0 where the kernel does not say.
    static var residentByteCount: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
            return 0
        }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
