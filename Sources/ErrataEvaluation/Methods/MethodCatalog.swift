package import ErrataModels
import ErrataService

/// The methods that can be evaluated, by name.
///
/// `lookup`, `reader`: what the daemon answers without a language model. `decoder`, `decoder-lte`: the small decoder of
/// the program with facts in scope, with the nearest three. `none`, `ice`: the model before alignment, alone and with
/// the nearest three edits. `ft`, `ft-l`, `rome`, `memit`: the same model, the edits written into its weights.
/// `serac`: the small decoder for what is in scope, the model before alignment for the rest. `lte`, `errata`: the
/// aligned model with the nearest three, with those in scope. A method that judges scope takes `:strict` or `:lenient`
/// behind its name.
package struct MethodCatalog: Sendable {
    package static let names =
        [
            "lookup", "reader", "decoder", "decoder-lte", "none", "ice", "serac", "lte",
            "errata",
        ] + WeightEditorKind.allCases.map(\.rawValue)

    /// Which models there are.
    package struct Models: Sendable {
        /// The directory of the model before alignment.
        package var base: String?
        /// The directory of the aligned model, or of an adapter for the base.
        package var aligned: String?
        /// Running text, for the editors that ask what keys mostly are.
        package var text: [String] = []
        /// Threads of an editor; other methods have one for each question.
        package var threads = 1
        /// How the models' weights are held.
        package var precision: Linear.Precision = .float32

        package init() {}
    }

    private let models: Models
    private let store: EvaluationStore
    private let k: Int?
    private let tokenCountMax: Int
    private let seed: UInt64
    private var loaded: [String: PromptMethod.Model] = [:]

    package init(
        _ models: Models, store: EvaluationStore, k: Int?, tokenCountMax: Int, seed: UInt64
    ) {
        self.seed = seed
        self.models = models
        self.store = store
        self.k = k
        self.tokenCountMax = tokenCountMax
    }

    /// Throws unless `names` are methods, and the models that they need are named.
    package static func check(_ names: [String], _ models: Models) throws {
        for name in names {
            let (method, _) = try parts(of: name)
            let editor = WeightEditorKind(rawValue: method)
            if ["none", "ice", "serac"].contains(method) || editor != nil, models.base == nil {
                throw EvaluationError("'\(name)' needs --model, the model before alignment")
            }
            if ["lte", "errata"].contains(method), models.aligned == nil {
                throw EvaluationError("'\(name)' needs --aligned, the model after alignment")
            }
        }
    }

    private static func parts(of name: String) throws -> (method: String, Strictness) {
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        guard let method = parts.first, names.contains(method) else {
            throw EvaluationError(
                "there is no method '\(name)'",
                hint: "There are \(names.joined(separator: ", ")).")
        }
        guard parts.count == 2 else { return (method, .normal) }
        guard let strictness = Strictness(rawValue: parts[1]),
            ["lookup", "reader", "decoder", "serac", "errata"].contains(method)
        else {
            throw EvaluationError(
                "'\(name)': a method that judges scope takes :strict, :normal or :lenient")
        }
        return (method, strictness)
    }

    /// Returns a method, after loading its model.
    package mutating func method(_ name: String) throws -> any EvaluatedMethod {
        let (method, strictness) = try Self.parts(of: name)
        if let kind = WeightEditorKind(rawValue: method) {
            return try EditorMethod(
                kind, directory: models.base ?? "", sample: models.text, threads: models.threads,
                tokenCountMax: tokenCountMax, seed: seed)
        }
        switch method {
        case "lookup", "reader":
            return try JudgeMethod(method, strictness: strictness, k: k, store: store)
        case "serac":
            let small = try prompted("decoder", .facts(.errata), strictness)
            return ScopeClassifierMethod(
                name, counterfactual: small, base: try prompted("none", .nothing, .normal))
        case "none": return try prompted(method, .nothing, strictness)
        case "ice", "lte", "decoder-lte": return try prompted(method, .facts(.lte), strictness)
        default: return try prompted(method, .facts(.errata), strictness)
        }
    }

    private mutating func prompted(
        _ method: String, _ showing: PromptMethod.Showing, _ strictness: Strictness
    ) throws -> PromptMethod {
        try PromptMethod(
            method, try model(of: method), showing: showing, strictness: strictness, k: k,
            tokenCountMax: tokenCountMax, store: store)
    }

    private mutating func model(of method: String) throws -> PromptMethod.Model {
        let place =
            switch method {
            case "none", "ice": models.base ?? ""
            case "lte", "errata": models.aligned ?? ""
            default: ""
            }
        if let model = loaded[place] { return model }
        let model =
            place.isEmpty
            ? try PromptMethod.Model.embedded() : PromptMethod.Model(try language(place))
        loaded[place] = model
        return model
    }

    private func language(_ place: String) throws -> LanguageModel {
        let isAdapter =
            !CheckpointFiles.contains("config.json", in: place)
            && CheckpointFiles.contains("adapter_config.json", in: place)
        guard isAdapter else {
            return try LanguageModel(directory: place, precision: models.precision, threads: 1)
        }
        guard let base = models.base else {
            throw EvaluationError(
                "\(place) is an adapter", hint: "--model names the model that it was made for.")
        }
        return try LanguageModel(
            directory: base, precision: models.precision, threads: 1, mergingAdapters: [place])
    }
}
