import ArgumentParser
import ErrataAlignment
import ErrataModels

/// What training a language model takes.
struct DecoderTrainingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The model to train: a directory with config.json, weights and tokenizer.json.",
            valueName: "dir"))
    var model: String?

    @Option(
        help: ArgumentHelp("Chats to learn, JSON Lines. (can be repeated)", valueName: "file"))
    var data: [String] = []

    @Option(help: ArgumentHelp("Chats to judge while training.", valueName: "file"))
    var development: String?

    @Flag(help: "Train low-rank updates instead of all weights.")
    var lora = false

    @Option(help: "The rank of updates. (default: 8)")
    var rank: Int?

    @Option(help: "Updates are scaled by alpha / rank. (default: 16)")
    var alpha: Double?

    @Option(help: "The share of an update's inputs that is dropped. (default: 0.05)")
    var dropout: Double?

    @Option(
        help: ArgumentHelp(
            "The maps that get updates, comma-separated. (default: q_proj,k_proj,v_proj,o_proj)",
            valueName: "names"))
    var targets: String?

    @Flag(help: "Scale updates by alpha over the root of the rank (rsLoRA).")
    var rslora = false

    @Option(help: "How often the data is gone through.")
    var epochs = 3

    @Option(help: "Texts of one step.")
    var batch = 128

    @Option(
        help:
            "Tokens of the longest text; longer ones are left out. (default: 2048, or as many as the model reads)"
    )
    var length: Int?

    @Option(
        help: ArgumentHelp(
            "Tokens that go through the model at a time, texts packed behind one another. (default: the longest text)",
            valueName: "tokens"))
    var row: Int?

    @Option(help: "The highest learning rate. (default: 2e-5, with --lora 3e-4)")
    var rate: Double?

    @Option(help: "The share of steps in which the rate rises.")
    var warmUp = 0.03

    @Option(help: "Weight decay.")
    var decay = 0.0

    @Option(help: "The largest norm of a gradient.")
    var clip = 1.0

    @Option(help: "The start of all chance.")
    var seed: UInt64 = 1

    @Option(help: "How many threads compute. (default: one for each processor)")
    var threads: Int?

    @Flag(
        help:
            "Keep what the backward pass needs instead of computing it again: faster, more memory.")
    var keepActivations = false

    @Flag(
        help:
            "Round what is multiplied to bfloat16 and sum in float32: faster where the processor has AMX."
    )
    var mixedPrecision = false

    @Flag(help: "Write the weights in 16 bits.")
    var bfloat16 = false

    static let threadCountMax = 256

    var isGiven: Bool { model != nil || !data.isEmpty || lora || development != nil }

    /// Refuses numbers that no training can be done with.
    func check() throws {
        guard model != nil else { throw ValidationError("--model is missing") }
        guard !data.isEmpty else { throw ValidationError("--data is missing") }
        func require(_ holds: Bool, _ what: String) throws {
            if !holds { throw ValidationError(what) }
        }
        try require(
            lora || (rank == nil && alpha == nil && dropout == nil && targets == nil && !rslora),
            "--rank, --alpha, --dropout, --targets and --rslora go with --lora")
        try require(!lora || !bfloat16, "an adapter is written in 32 bits; leave --bfloat16 out")
        let ranks = 1...LoraSettings.rankMax
        try require(ranks.contains(rank ?? 8), "--rank takes 1 to \(ranks.upperBound)")
        try require((0..<1e6).contains(alpha ?? 16), "--alpha takes 0 to 1000000")
        try require((0..<1).contains(dropout ?? 0), "--dropout takes 0 to less than 1")
        let passes = 1...DecoderRecipe.passCountMax
        try require(passes.contains(epochs), "--epochs takes 1 to \(passes.upperBound)")
        let batches = 1...DecoderRecipe.batchCountMax
        try require(batches.contains(batch), "--batch takes 1 to \(batches.upperBound)")
        let tokens = DecoderRecipe.tokenCountRange
        for (name, count) in [("--length", length), ("--row", row)] {
            try require(
                tokens.contains(count ?? 64),
                "\(name) takes \(tokens.lowerBound) to \(tokens.upperBound)")
        }
        try require((0..<1).contains(rate ?? 0), "--rate takes 0 to less than 1")
        try require((0..<1).contains(warmUp), "--warm-up takes 0 to less than 1")
        try require((0..<1).contains(decay), "--decay takes 0 to less than 1")
        try require((0..<1e9).contains(clip) && clip > 0, "--clip takes more than 0")
        let counts = 1...Self.threadCountMax
        try require(counts.contains(threads ?? 1), "--threads takes 1 to \(counts.upperBound)")
        _ = try modules()
    }

    private func modules() throws -> [DecoderModule] {
        guard let targets else { return [.query, .key, .value, .output] }
        let names = targets.split(separator: ",").map(String.init)
        let modules = names.compactMap(DecoderModule.init(rawValue:))
        guard !names.isEmpty, modules.count == names.count, Set(names).count == names.count else {
            let known = DecoderModule.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--targets takes some of: \(known)")
        }
        return modules
    }

    /// Returns the recipe for a model of so many positions.
    func recipe(positionCount: Int) throws -> DecoderRecipe {
        let method: DecoderMethod =
            lora
            ? .lora(
                LoraSettings(
                    rank: rank ?? 8, alpha: alpha ?? 16, dropout: dropout ?? 0.05,
                    isStabilized: rslora, modules: try modules())) : .full
        return DecoderRecipe(
            method: method, seed: seed, passCount: epochs, batchCount: batch,
            tokenCountMax: length ?? min(2048, positionCount), rowTokenCount: row, rate: rate,
            warmUp: warmUp, decay: decay, clip: clip,
            precision: mixedPrecision ? .bfloat16 : .float32)
    }
}
