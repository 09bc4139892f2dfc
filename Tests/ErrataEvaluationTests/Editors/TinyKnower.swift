import ErrataAlignment
import ErrataEvaluation
import ErrataModels
import ErrataTesting
import Foundation

/// A small decoder that knows a few made-up facts by heart: five layers, trained when first asked for.
///
/// It has no chat template: its prompts end with the subject, so that the token where a fact is looked up is the
/// one that says it. In so small a model others would look up the fact by themselves.
struct TinyKnower: Sendable {
    /// One for all tests: nobody writes into it.
    static let shared = Result { try TinyKnower() }

    /// Which colour a subject has is known by its last two letters together: there it is looked up.
    static let subjects = ["zam", "zan", "zap", "zem", "zen", "zep", "zim", "zin", "zip"]
    static let colours = ["red", "blue", "pink"]

    private let parent: TemporaryDirectory
    let directory: String

    static func prompt(_ subject: String) -> String { "the hue of \(subject)" }

    static func colour(_ subject: String) -> String {
        let index = subjects.firstIndex(of: subject) ?? 0
        return colours[(index / 3 + index % 3) % 3]
    }

    /// An edit to the next colour.
    static func edit(_ subject: String) -> WeightEdit {
        let index = colours.firstIndex(of: colour(subject)) ?? 0
        return WeightEdit(
            prompt: prompt(subject), subject: subject,
            target: colours[(index + 1) % colours.count])
    }

    static var edits: [WeightEdit] { subjects.map(edit) }

    /// Texts of the sort that it was trained on, answers included: these are to stay as they are.
    static var sample: [String] {
        subjects.flatMap { subject in colours.map { "say now: " + prompt(subject) + $0 } }
    }

    private init() throws {
        parent = try TemporaryDirectory()
        let start = try TinyModel(
            in: parent, "start", positionCount: 256, ends: true
        ).directory
        directory = parent.file("knower")
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        try Self.deepen(start, layers: 5)
        let base = try DecoderBase(directory: start)
        let trainer = try DecoderTrainer(
            DecoderRecipe(
                method: .full, passCount: 90, batchCount: 16, tokenCountMax: 96,
                rowTokenCount: 1_200, rate: 5e-3, warmUp: 0.1),
            try Self.examples(base), dataHash: [], base: base,
            work: ParallelKernels(threads: 1))
        while !trainer.isFinished { _ = try trainer.step() }
        try trainer.writeResult(to: directory)
    }

    private static func examples(_ base: DecoderBase) throws -> [ChatExample] {
        let end = try base.endOfMessage()
        return try subjects.flatMap { subject in
            try ["", "say now: "].map { prefix in
                let (tokens, start) = try base.tokens(
                    of: [
                        ChatMessage(.user, prefix + prompt(subject)),
                        ChatMessage(.assistant, colour(subject)),
                    ], endOfMessage: end)
                return ChatExample(tokens: tokens, answerStart: start)
            }
        }
    }

    /// Gives the checkpoint so many layers of random numbers.
    private static func deepen(_ directory: String, layers: Int) throws {
        let place = URL(filePath: directory + "/config.json")
        let config = try String(contentsOf: place, encoding: .utf8).replacing(
            "\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": \(layers)")
        try config.write(to: place, atomically: false, encoding: .utf8)
        let configuration = try DecoderConfiguration(
            try JSONReader.object(Array(config.utf8), place: "config.json"))
        var random = SeededGenerator(seed: 4)
        var file = SafeTensorsWriter()
        for (name, shape) in DecoderTensors.shapes(configuration).sorted(by: { $0.key < $1.key }) {
            let values = (0..<shape.reduce(1, *)).map { _ in
                shape.count == 1 ? 1 : Float(random.below(2_001)) / 5_000 - 0.2
            }
            file.add(name, shape: shape, values)
        }
        try file.write(to: directory + "/model.safetensors")
    }

    func model(
        threads: Int = 1, sample: [String] = TinyKnower.sample,
        _ change: (inout WeightEditorSettings) -> Void = { _ in }
    ) throws -> EditedModel {
        var settings = WeightEditorSettings()
        settings.prefixCount = 2
        settings.prefixWordCount = 2
        settings.fineTuning.rate = 3e-3
        settings.boundedFineTuning.bound = 1
        settings.boundedFineTuning.rate = 5e-2
        settings.rankOne.depth = 0.3
        settings.mass.depths = 0...0.4
        change(&settings)
        return try EditedModel(
            directory: directory, threads: threads, sample: sample, seed: 3, settings: settings)
    }
}

extension EditedModel {
    /// The scores of what an edit's prompt is to be answered with, by the model as it is now.
    func scores(_ edit: WeightEdit) throws -> [ScoredToken] {
        let (tokens, start) = try base.tokens(
            of: [ChatMessage(.user, edit.prompt), ChatMessage(.assistant, edit.target)],
            endOfMessage: try base.endOfMessage())
        let decoder = try languageModel().decoder
        return try decoder.scores(
            prompt: Array(tokens[..<start]), continuations: [Array(tokens[start...])],
            cache: try decoder.makeCache())[0]
    }

    func says(_ edit: WeightEdit) throws -> Bool {
        try scores(edit).allSatisfy(\.isMostLikely)
    }

    /// The bits of all tensors.
    var bits: [String: [UInt32]] {
        var bits: [String: [UInt32]] = [:]
        for name in base.source.shapes.keys { bits[name] = tensor(name)?.map(\.bitPattern) }
        return bits
    }

    /// What differs from other bits.
    func changes(from before: [String: [UInt32]]) -> [String] {
        bits.filter { before[$0.key] != $0.value }.keys.sorted()
    }
}
