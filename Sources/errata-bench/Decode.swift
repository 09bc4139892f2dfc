import ArgumentParser
import ErrataAlignment
import ErrataModels

/// Runs decoders of known sizes on random weights.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure decoders: tokens a second, of a prompt and one after the other",
        discussion: """
            Weights are random: speed does not depend on them. Fixtures/decoder/torch_speed.py measures \
            PyTorch on the same shapes; run both in one go, on the same number of threads, and compare.
            """)

    @Option(help: "Sizes to measure: 15m, 110m, 0.5b (can be repeated)")
    var size: [String] = []

    @Option(help: "Tokens of the prompt")
    var prompt = 256

    @Option(help: "Tokens after the prompt")
    var tokens = 32

    @Option(help: "Prompts for each figure; the median counts")
    var repeats = 3

    @Option(help: "Numbers of threads (can be repeated)")
    var threads: [Int] = []

    @OptionGroup var options: BenchOptions

    func run() throws {
        let shapes =
            options.smoke
            ? [DecoderShape.smallest]
            : DecoderShape.all.filter { size.isEmpty || size.contains($0.name) }
        guard !shapes.isEmpty else { throw ValidationError("no such size: \(size)") }
        for shape in shapes {
            let report = Report("Decoding with \(shape.name) random weights,")
            for precision in [Linear.Precision.float32, .int8] {
                for threads in threads.isEmpty ? [1, 2] : threads {
                    try measure(shape, precision, threads: threads, report)
                }
            }
        }
    }

    private func measure(
        _ shape: DecoderShape, _ precision: Linear.Precision, threads: Int, _ report: Report
    ) throws {
        let configuration = try shape.configuration()
        let decoder = try CausalDecoder(
            configuration, RandomTensors(configuration, seed: options.seed), precision: precision,
            threads: threads)
        let (prompt, tokens) = options.smoke ? (8, 3) : (prompt, tokens)
        let ids = (0..<prompt).map { Int32($0 * 37 % configuration.vocabularyCount) }
        var reading = Sample()
        var writing = Sample()
        // What other processes take of the machine does not count here.
        var busyReading = Sample()
        var busyWriting = Sample()
        var bytes = 0
        for _ in 0..<(options.smoke ? 1 : repeats) {
            var generation = try Generation(
                decoder, prompts: [ids], caches: [try decoder.makeCache()],
                options: [GenerationOptions(tokenCountMax: tokens + 1)])
            let start = ProcessorTime.seconds
            _ = try reading.time { try generation.step() }
            let middle = ProcessorTime.seconds
            for _ in 0..<tokens { _ = try writing.time { try generation.step() } }
            busyReading.add(seconds: middle - start)
            busyWriting.add(seconds: (ProcessorTime.seconds - middle) / Double(tokens))
            bytes = generation.caches[0].byteCount
        }
        report.row(
            "\(precision.rawValue), \(threads) threads",
            "prompt \((Double(prompt) / reading.median).formatted(digits: 0)) tokens a second, "
                + "then \((1 / writing.median).formatted(digits: 1)); "
                + "weights \(decoder.byteCount >> 20) MiB, cache \(bytes >> 20) MiB")
        report.row(
            "  a second of processor time",
            "prompt \((Double(prompt) / busyReading.percentile(0)).formatted(digits: 0)), "
                + "then \((1 / busyWriting.percentile(0)).formatted(digits: 1)), at best")
    }
}

/// The shape of a decoder that people have.
struct DecoderShape {
    let name: String
    let width: Int
    let layers: Int
    let heads: Int
    let keyValueHeads: Int
    let between: Int
    let vocabulary: Int

    static let smallest = DecoderShape(
        name: "smoke", width: 48, layers: 1, heads: 3, keyValueHeads: 1, between: 64,
        vocabulary: 100)
    static let all = [
        DecoderShape(
            name: "15m", width: 288, layers: 6, heads: 6, keyValueHeads: 6, between: 768,
            vocabulary: 32_000),
        DecoderShape(
            name: "110m", width: 768, layers: 12, heads: 12, keyValueHeads: 12, between: 2048,
            vocabulary: 32_000),
        DecoderShape(
            name: "0.5b", width: 896, layers: 24, heads: 14, keyValueHeads: 2, between: 4864,
            vocabulary: 151_936),
    ]

    func configuration() throws(ModelError) -> DecoderConfiguration {
        let text = """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "vocab_size": \(vocabulary), "hidden_size": \(width), "num_hidden_layers": \(layers),
            "num_attention_heads": \(heads), "num_key_value_heads": \(keyValueHeads),
            "intermediate_size": \(between), "max_position_embeddings": 2048,
            "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": true}
            """
        return try DecoderConfiguration(
            try JSONReader.object(Array(text.utf8), place: "a random decoder"))
    }
}

/// Tensors of a shape, one block of random numbers over and over.
struct RandomTensors: TensorSource {
    let name = "random"
    let shapes: [String: [Int]]
    private let block: [Float]

    init(_ configuration: DecoderConfiguration, seed: UInt64) {
        shapes = DecoderTensors.shapes(configuration)
        var random = SeededGenerator(seed: seed)
        block = (0..<65_521).map { _ in Float(random.below(2001)) / 20_000 - 0.05 }
    }

    func type(of name: String) -> String { "F32" }

    func floats(_ name: String, shape: [Int]) -> [Float] {
        let count = shape.reduce(1, *)
        var values: [Float] = []
        values.reserveCapacity(count)
        while values.count < count { values += block.prefix(count - values.count) }
        return values
    }

    func halves(_ name: String, shape: [Int]) throws(ModelError) -> [UInt16] {
        throw ModelError(.unsupported, "random weights have 32 bits")
    }

    func bytes(
        of name: String, type: String, shape: [Int]
    ) throws(ModelError) -> MappedBytes {
        throw ModelError(.unsupported, "random weights are in no file")
    }
}
