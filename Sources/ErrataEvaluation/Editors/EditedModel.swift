import ErrataAlignment
package import ErrataModels

/// A checkpoint whose weights edits change, one after the other.
///
/// The same checkpoint, sample, seed, settings and edits give the same bits, on any number of threads. Takes five
/// times the weights in float32 once fine-tuning has begun, else three times.
package final class EditedModel {
    package let base: DecoderBase
    /// Changes count for edits to come; those of `keys` only before the first edit.
    package var settings: WeightEditorSettings {
        didSet { tuners = [:] }
    }
    private let threads: Int
    private let form: EditForm
    private let sample: [String]
    private let seed: UInt64
    private var weights: EditedWeights
    private var statistics: KeyStatistics?
    private var tuners: [WeightEditorKind: FineTuning] = [:]

    /// Reads a checkpoint; `sample` are texts like those that the model reads, a thousand or so.
    ///
    /// From them come the keys' second moments, and the beginnings that are put before prompts.
    package init(
        directory: String, mergingAdapters: [String] = [], threads: Int, sample: [String],
        seed: UInt64, settings: WeightEditorSettings = WeightEditorSettings()
    ) throws {
        base = try DecoderBase(directory: directory, mergingAdapters: mergingAdapters)
        form = try EditForm(base)
        weights = try EditedWeights(base, threads: threads, seed: seed)
        self.settings = settings
        self.threads = threads
        self.sample = sample
        self.seed = seed
    }

    /// Makes edits on the weights as they are now; several at once where the editor can, else one after the other.
    ///
    /// No edits change nothing. All are checked first: one without prompt or target, or longer than the model's
    /// positions, throws a ``ModelError`` and nothing is changed. If a later one throws, or `isCancelled` says so
    /// (`CancellationError`), those before it stay, and of it nothing; of MEMIT's batch nothing.
    @discardableResult
    package func apply(
        _ edits: [WeightEdit], with kind: WeightEditorKind, isCancelled: () -> Bool = { false }
    ) throws -> [WeightEditOutcome] {
        let texts = try edits.map { try form.text($0) }
        guard !edits.isEmpty else { return [] }
        switch kind {
        case .ft, .ftl:
            var tuner =
                tuners[kind]
                ?? FineTuning(
                    kind == .ft ? settings.fineTuning : settings.boundedFineTuning, weights)
            tuners[kind] = nil
            defer { tuners[kind] = tuner }
            return try texts.map {
                try tuner.apply($0, to: &weights, isCancelled: isCancelled)
            }
        case .rome:
            let editor = RankOneEditor(settings: settings.rankOne)
            let statistics = try statistics(
                [editor.layer(weights.configuration)], isCancelled)
            return try located(edits, texts).map {
                try editor.apply($0, to: &weights, statistics, isCancelled: isCancelled)
            }
        case .memit:
            let editor = MassEditor(settings: settings.mass)
            let statistics = try statistics(
                Set(editor.layers(weights.configuration)), isCancelled)
            return try editor.apply(
                try located(edits, texts), to: &weights, statistics, isCancelled: isCancelled)
        }
    }

    /// Puts the checkpoint's own weights back, to the bit.
    package func restore() { weights.restore() }

    /// The numbers at one time, to come back to.
    package struct Saved {
        let weights: EditedWeights.Saved
    }

    /// Returns the present weights; takes as much memory as they do.
    package func saved() -> Saved { Saved(weights: weights.saved()) }

    /// Puts weights back that were saved, to the bit.
    package func restore(_ saved: Saved) { weights.restore(saved.weights) }

    /// Returns the model with its present weights, to score and generate with; later edits leave it as it is.
    ///
    /// Blocks that did not change since the last call are shared with what it returned. Its identity is the
    /// checkpoint's.
    package func languageModel() throws -> LanguageModel {
        LanguageModel(base, decoder: try weights.runtime(base.name, threads: threads))
    }

    /// Returns the present numbers of one of the checkpoint's tensors, or nil if there is none of that name.
    package func tensor(_ name: String) -> [Float]? {
        base.source.shapes[name] == nil ? nil : Array(weights.values[weights.range(name)])
    }

    /// Returns C of the layers, of the checkpoint's own weights.
    private func statistics(
        _ layers: Set<Int>, _ isCancelled: () -> Bool
    ) throws -> KeyStatistics {
        var statistics =
            try statistics
            ?? KeyStatistics(sample, form, settings.keys)
        try statistics.prepare(
            layers, weights.decoder, weights.original, isCancelled: isCancelled)
        self.statistics = statistics
        return statistics
    }

    /// Returns the edits with their contexts; those too long for the model are left out.
    private func located(_ edits: [WeightEdit], _ texts: [EditText]) throws -> [LocatedEdit] {
        let prefixes = prefixes()
        return try zip(edits, texts).map { edit, text in
            let others = prefixes.compactMap { try? form.text(edit, prefix: $0) }
            return LocatedEdit(
                texts: .init(contexts: [text] + others, essence: try form.essence(edit)))
        }
    }

    /// Returns beginnings cut out of the sample, the same for all edits.
    private func prefixes() -> [String] {
        var random = SeededGenerator(seed: seed)
        var texts = sample
        random.shuffle(&texts)
        return texts.lazy.compactMap { text in
            let words = text.split(whereSeparator: \.isWhitespace)
                .prefix(self.settings.prefixWordCount)
            return words.count < 2 ? nil : words.joined(separator: " ") + ". "
        }.prefix(max(0, settings.prefixCount)).map { $0 }
    }
}
