import ArgumentParser
import ErrataAlignment
import ErrataModels
import Foundation

/// What training a reader takes.
struct ReaderTrainingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The recipe.", valueName: "file"))
    var recipe: String?

    @Option(help: ArgumentHelp("The pairs to train on.", valueName: "file"))
    var pairs: String?

    @Option(help: ArgumentHelp("Pairs to judge while training.", valueName: "file"))
    var heldBack: String?

    var isGiven: Bool { recipe != nil || pairs != nil || heldBack != nil }
}

/// Trains a reader.
struct ReaderTraining {
    static let checkpointEvery = 500
    static let judged = 4_000

    let recipe: String
    let pairs: String
    let heldBack: String?
    let out: String
    let resume: Bool
    let checkpointEvery: Int
    let judged: Int
    let json: Bool

    func run() throws {
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
    private let command: ReaderTraining
    private let trainer: Trainer
    private let judged: TrainingSet?
    private let bar = ProgressBar("training")

    init(_ command: ReaderTraining, _ trainer: Trainer, _ judged: TrainingSet?) {
        self.command = command
        self.trainer = trainer
        self.judged = judged
    }

    func finish() throws {
        let watch = InterruptWatch()
        let start = ContinuousClock.now
        let first = trainer.losses.count
        while !trainer.isFinished {
            let step = try trainer.step()
            show(step, since: start, first: first)
            let isLast = trainer.isFinished
            if watch.isInterrupted {
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
    func formatted(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
