import ArgumentParser
import ErrataAlignment
import ErrataModels
import Foundation
import Glibc
import Synchronization

struct AlignTrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a reader on pairs of questions and edits",
        discussion: """
            Reads a recipe (JSON: method, rates, number of pairs, seed) and pairs as 'errata align \
            dataset' writes them, and trains the sentence encoder's blocks and the reader's heads. \
            OUT gets reader.safetensors, checkpoint.safetensors, losses.csv and losses.svg. Ctrl-C \
            saves a checkpoint; --resume goes on from it, to the same bits as without the interruption.
            """)

    @Option(help: ArgumentHelp("The recipe.", valueName: "file"))
    var recipe: String

    @Option(help: ArgumentHelp("The pairs to train on.", valueName: "file"))
    var pairs: String

    @Option(help: ArgumentHelp("Pairs to judge while training.", valueName: "file"))
    var heldBack: String?

    @Option(help: ArgumentHelp("Where the results go.", valueName: "directory"))
    var out: String

    @Flag(help: "Go on from the checkpoint in the directory of the results.")
    var resume = false

    @Option(help: ArgumentHelp("Steps between two checkpoints.", valueName: "steps"))
    var checkpointEvery = 500

    @Option(help: ArgumentHelp("Held-back pairs judged at each checkpoint.", valueName: "count"))
    var judged = 4_000

    @Flag(help: "Write JSON to standard output: one line a checkpoint.")
    var json = false

    func run() async throws {
        let place = (Paths.absolute(recipe) as NSString)
        let recipe = try TrainingRecipe(
            JSONReader.object(
                Array(try Data(contentsOf: URL(filePath: place as String))),
                place: place.lastPathComponent
            ).object("training"))
        guard let directory = try EncoderModel.installed() else {
            throw Failure(
                "no sentence encoder is installed", hint: "Fetch it with 'errata models pull'.")
        }
        let encoder = try SentenceEncoder(directory: directory, threads: 1)
        let bar = ProgressBar("reading pairs")
        let (set, hash) = try TrainingFiles.read(pairs, encoder, bar)
        let judgedSet = try heldBack.map { try TrainingFiles.read($0, encoder, bar).set }
        bar.clear()
        try FileManager.default.createDirectory(
            atPath: out, withIntermediateDirectories: true)
        let trainer = try Trainer(recipe, set, dataHash: hash, encoder: encoder)
        if resume { try trainer.resume(directory: out, name: TrainingFiles.checkpoint) }
        try TrainingRun(self, trainer, judgedSet).finish()
    }
}

/// The files of a training.
enum TrainingFiles {
    static let checkpoint = "checkpoint.safetensors"
    static let reader = "reader.safetensors"
    /// There once the last step is done.
    static let finished = "finished.json"

    /// Reads a file of pairs; returns its SHA-256 too.
    static func read(
        _ path: String, _ encoder: SentenceEncoder, _ bar: ProgressBar
    ) throws -> (set: TrainingSet, hash: [UInt8]) {
        let tokenizer = try encoder.pairTokenizer()
        var set = TrainingSet()
        let hash = try ScopePairFile.read(path) { pair in
            set.add(pair, tokenizer)
            if set.examples.count.isMultiple(of: 1024) {
                bar.update(set.examples.count, of: nil, label: "reading pairs")
            }
        }
        return (set, hash)
    }
}

/// Steps, checkpoints and what the user sees of them.
private struct TrainingRun {
    private let command: AlignTrainCommand
    private let trainer: Trainer
    private let judged: TrainingSet?
    private let bar = ProgressBar("training")

    init(_ command: AlignTrainCommand, _ trainer: Trainer, _ judged: TrainingSet?) {
        self.command = command
        self.trainer = trainer
        self.judged = judged
    }

    func finish() throws {
        let isInterrupted = Atomic<Bool>(false)
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { isInterrupted.store(true, ordering: .relaxed) }
        source.resume()
        defer { source.cancel() }
        let start = ContinuousClock.now
        let first = trainer.losses.count
        while !trainer.isFinished {
            let step = try trainer.step()
            show(step, since: start, first: first)
            let isLast = trainer.isFinished
            if isInterrupted.load(ordering: .relaxed) {
                try save(isLast: false)
                bar.clear()
                Terminal.error.line(
                    "Stopped after step \(step.number.grouped); --resume goes on from there.")
                throw ExitCode(Interrupt.status)
            }
            if isLast || step.number.isMultiple(of: command.checkpointEvery) {
                try save(isLast: isLast)
                try judge(step)
            }
        }
    }

    private func show(_ step: Trainer.Step, since start: ContinuousClock.Instant, first: Int) {
        let done = step.number - first
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rate = Double(done * trainer.recipe.batchCount) / seconds
        let left = Double(trainer.recipe.stepCount - step.number) * seconds / Double(done)
        let recent = trainer.losses.suffix(100)
        let loss = recent.reduce(0, +) / Float(recent.count)
        let label =
            "loss \(loss.formatted(3)) \(Int(rate))/s \(Int(left / 60))m\(Int(left) % 60)s"
        bar.update(step.number, of: trainer.recipe.stepCount, label: label)
    }

    private func save(isLast: Bool) throws {
        try trainer.save(to: command.out + "/" + TrainingFiles.checkpoint)
        try LossCurve(trainer.losses).write(to: command.out)
        try trainer.writeReader(
            to: command.out + "/" + TrainingFiles.reader, calibration: .uncalibrated)
        guard isLast else { return }
        try AtomicFile.write(
            Array((trainer.recipe.json + "\n").utf8),
            to: command.out + "/" + TrainingFiles.finished)
    }

    private func judge(_ step: Trainer.Step) throws {
        bar.clear()
        let recent = trainer.losses.suffix(200)
        let loss = recent.reduce(0, +) / Float(recent.count)
        guard let judged else {
            return Terminal.output.line("step \(step.number.grouped)  loss \(loss.formatted(4))")
        }
        let found = ReaderEvaluation(
            trainer.reader, trainer.table.values, judged, limit: command.judged,
            threads: trainer.recipe.shardCount)
        if command.json {
            return Terminal.output.line(
                "{\"step\":\(step.number),\"loss\":\(loss),\"accuracy\":\(found.accuracy),"
                    + "\"areaUnderCurve\":\(found.areaUnderCurve)}")
        }
        Terminal.output.line(
            "step \(step.number.grouped)  loss \(loss.formatted(4))  "
                + "held back: right \(Float(found.accuracy * 100).formatted(2)) %  "
                + "AUROC \(Float(found.areaUnderCurve).formatted(4))  "
                + "span \(found.spans.rightCount)/\(found.spans.count)  "
                + "direction \(found.directions.rightCount)/\(found.directions.count)")
        guard trainer.isFinished else { return }
        for kind in found.kinds {
            Terminal.output.line(
                "  \(kind.name.padded(44)) \(kind.rightCount.grouped) of \(kind.count.grouped)")
        }
    }
}

extension Float {
    fileprivate func formatted(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
