import ArgumentParser
import ErrataAlignment
import ErrataModels
import Foundation
import Glibc

/// Trains decoders of known sizes on random weights and texts.
struct TrainDecoder: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the training of decoders: tokens a second, full and LoRA",
        discussion: """
            A step is gradient, clipping and AdamW, on random weights: speed does not depend on them. With \
            --peer PYTHON, one that has torch, transformers and peft, each step is followed by one of \
            PyTorch's on the same shapes, so that both have the same machine.
            """)

    @Option(help: "Sizes to measure: 15m, 110m, 0.5b (can be repeated)")
    var size: [String] = []

    @Option(help: "Texts of a step")
    var texts = 8

    @Option(help: "Tokens of a text, the last quarter of which is its answer")
    var tokens = 128

    @Option(help: "Steps for each figure after the first; the median counts")
    var repeats = 5

    @Option(help: "Numbers of threads (can be repeated)")
    var threads: [Int] = []

    @Option(help: "Only the rows whose names hold this, like 'full' or 'LoRA, 1 threads, keeping'")
    var only: String?

    @Flag(help: "Multiply in bfloat16 and sum in float32, the peer under its autocast")
    var mixedPrecision = false

    @Option(help: "A Python to compare with")
    var peer: String?

    @OptionGroup var options: BenchOptions

    func run() throws {
        let shapes =
            options.smoke
            ? [DecoderShape.smallest]
            : DecoderShape.all.filter { (size.isEmpty ? ["15m"] : size).contains($0.name) }
        guard !shapes.isEmpty else { throw ValidationError("no such size: \(size)") }
        for shape in shapes {
            let report = Report(
                "Training \(shape.name) random weights, \(texts) texts of \(tokens) tokens, "
                    + (mixedPrecision ? "mixed precision," : "float32,"))
            for threads in threads.isEmpty ? [1, 2] : threads {
                for isFull in [true, false] {
                    for recomputes in [false, true] {
                        let one = Case(
                            shape: shape, threads: threads, isFull: isFull,
                            recomputes: recomputes)
                        if one.name.contains(only ?? one.name) { try measure(one, report) }
                    }
                }
            }
        }
    }

    /// What one figure is of.
    private struct Case {
        let shape: DecoderShape
        let threads: Int
        let isFull: Bool
        let recomputes: Bool

        var name: String {
            "\(isFull ? "full" : "LoRA"), \(threads) threads, \(recomputes ? "recomputing" : "keeping")"
        }
    }

    private func measure(_ one: Case, _ report: Report) throws {
        let run = try Run(
            one.shape, one, precision: mixedPrecision ? .bfloat16 : .float32,
            texts: batch(one.shape), seed: options.seed)
        let other = try peer.map { try Peer($0, arguments(one)) }
        var (ours, theirs) = (Times(), Times())
        for step in 0...(options.smoke ? 1 : repeats) {
            let start = (ContinuousClock.now, processorSeconds())
            try run.step()
            let busy = processorSeconds() - start.1
            let wall = (ContinuousClock.now - start.0).inSeconds
            let found = try other?.step()
            guard step > 0 else { continue }
            ours.add(wall: wall, busy: busy)
            if let found { theirs.add(wall: found.wall, busy: found.busy) }
        }
        let count = Double(texts * tokens)
        var text =
            "\((count / ours.wall.median).formatted(digits: 0)) tokens a second, "
            + "\((Double(run.keptByteCount) / 1_048_576).formatted(digits: 1)) MiB kept"
        if other != nil {
            text +=
                "; PyTorch \((count / theirs.wall.median).formatted(digits: 0)), ratio "
                + (theirs.wall.median / ours.wall.median).formatted(digits: 2)
                + ", of processor time "
                + (theirs.busy.median / ours.busy.median).formatted(digits: 2)
        }
        report.row(one.name, text)
    }

    /// Seconds that passed, and those that the process was computing: others may have the machine too.
    private struct Times {
        var wall = Sample()
        var busy = Sample()

        mutating func add(wall: Double, busy: Double) {
            self.wall.add(seconds: wall)
            self.busy.add(seconds: busy)
        }
    }

    /// The processor time of all threads so far.
    private func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private func batch(_ shape: DecoderShape) -> PackedRow {
        let answer = tokens - max(1, tokens / 4)
        return PackedRow(
            (0..<texts).map { text in
                ChatExample(
                    tokens: (0..<tokens).map { Int32(($0 * 37 + text * 11) % shape.vocabulary) },
                    answerStart: answer)
            })
    }

    private func arguments(_ one: Case) -> [String] {
        let shape = one.shape
        let numbers = [
            shape.width, shape.layers, shape.heads, shape.keyValueHeads, shape.between,
            shape.vocabulary, texts, tokens, one.threads,
        ]
        return numbers.map(String.init) + [
            one.isFull ? "full" : "lora", one.recomputes ? "recompute" : "keep",
            mixedPrecision ? "mixed" : "float32",
        ]
    }

    /// Our side.
    private final class Run {
        private let decoder: TrainedDecoder
        private let gradients: DecoderGradients
        private var optimizer: AdamW
        private var table: ParameterTable
        private let row: PackedRow
        private(set) var keptByteCount = 0

        init(
            _ shape: DecoderShape, _ one: Case, precision: ProductPrecision, texts: PackedRow,
            seed: UInt64
        ) throws {
            let configuration = try shape.configuration()
            var table = ParameterTable()
            decoder = try TrainedDecoder(
                try DecoderSource(
                    configuration, RandomTensors(configuration, seed: seed)),
                method: one.isFull ? .full : .lora(LoraSettings()), seed: seed,
                recomputes: one.recomputes,
                work: ParallelKernels(threads: one.threads, precision: precision),
                table: &table)
            gradients = DecoderGradients(decoder, parameterCount: table.count)
            optimizer = AdamW(AdamW.Settings(), count: table.count)
            self.table = table
            row = texts
        }

        func step() throws {
            let result = try gradients([row], table.values, dropoutSeed: 1)
            keptByteCount = result.keptByteCount
            _ = gradients.clip(to: 1)
            optimizer.update(
                &table.values, gradients.gradient, table.entries, work: decoder.work
            ) { _ in 1e-5 }
        }
    }

    /// PyTorch's side: a program that does a step for every line and says how long it took.
    private final class Peer {
        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()

        init(_ python: String, _ arguments: [String]) throws {
            process.executableURL = URL(filePath: python)
            process.arguments =
                [BenchPaths.fixture("decoder/torch_training_speed.py")] + arguments
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        deinit {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }

        func step() throws -> (wall: Double, busy: Double) {
            try input.fileHandleForWriting.write(contentsOf: Data("step\n".utf8))
            var line = Data()
            while let byte = try output.fileHandleForReading.read(upToCount: 1),
                byte != Data("\n".utf8)
            {
                guard !byte.isEmpty else { break }
                line += byte
            }
            let numbers = String(decoding: line, as: UTF8.self).split(separator: " ")
                .compactMap { Double($0) }
            guard numbers.count == 2 else {
                throw ValidationError("the peer ended or said no two numbers")
            }
            return (numbers[0], numbers[1])
        }
    }
}
