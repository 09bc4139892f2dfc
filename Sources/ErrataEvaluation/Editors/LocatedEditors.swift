import ErrataAlignment
import ErrataModels

/// What ROME and MEMIT share: an edit's keys and vectors, as the weights are now.
struct LocatedEdit {
    let texts: VectorSearch.Texts

    /// The prompt alone.
    var prompt: EditText { texts.contexts[0] }

    /// Returns what a layer is asked at the edit's place: by the prompt alone, and on average over all contexts.
    func keys(_ layer: Int, _ weights: EditedWeights) -> (prompt: [Double], mean: [Double]) {
        let row = PackedRow(texts.contexts.map(\.example))
        let width = weights.configuration.intermediateWidth
        guard
            let all = weights.decoder.feedForwardKeys(row, weights.values, layers: [layer])[layer]
        else { fatalError("unreachable: the layer that was asked for is there") }
        let keys = zip(row.texts, texts.contexts).map { range, text in
            all.row(range.lowerBound + text.place)
        }
        let mean = (0..<width).map { i in
            keys.reduce(0) { $0 + $1[i] } / Double(keys.count)
        }
        return (keys[0], mean)
    }

    /// Returns what a block hands on at the edit's place in the prompt alone.
    func state(_ layer: Int, _ weights: EditedWeights) -> [Double] {
        weights.decoder.halfway(
            PackedRow([prompt.example]), weights.values, layer: layer
        ).states.row(prompt.place)
    }
}

/// Rank-one model editing (Meng and others 2022).
struct RankOneEditor {
    let settings: RankOneSettings

    func layer(_ configuration: DecoderConfiguration) -> Int {
        settings.depth.layer(of: configuration.layerCount)
    }

    /// Writes W + δ uᵀ, so that the prompt's key finds what it did and δ.
    func apply(
        _ edit: LocatedEdit, to weights: inout EditedWeights, _ statistics: KeyStatistics,
        isCancelled: () -> Bool
    ) throws -> WeightEditOutcome {
        let layer = layer(weights.configuration)
        let range = weights.contraction(layer)
        let (key, mean) = edit.keys(layer, weights)
        let direction = try ClosedForm.rankOne(
            mean: mean, key: key, statistics.inverse(layer))
        let value = Self.product(weights.values[range], key)
        let search = VectorSearch(settings: settings.search, decoder: weights.decoder)
        let found = try search(
            edit.texts, weights.values, layer: layer, norm: value.length, isCancelled: isCancelled)
        try weights.change(range) { table in
            Self.add(found.vector.map(Double.init), direction, to: &table.values, at: range)
        }
        return found.outcome
    }

    /// Returns W k.
    static func product(_ weight: ArraySlice<Float>, _ key: [Double]) -> [Double] {
        stride(from: weight.startIndex, to: weight.endIndex, by: key.count).map { start in
            key.indices.reduce(0) { $0 + Double(weight[start + $1]) * key[$1] }
        }
    }

    /// Adds δ uᵀ to a map.
    static func add(
        _ change: [Double], _ direction: [Double], to values: inout [Float], at range: Range<Int>
    ) {
        precondition(range.count == change.count * direction.count)
        for (row, c) in change.enumerated() {
            let start = range.lowerBound + row * direction.count
            for (i, u) in direction.enumerated() {
                values[start + i] = Float(Double(values[start + i]) + c * u)
            }
        }
    }
}

/// Mass-editing memory in a transformer (Meng and others 2023).
struct MassEditor {
    let settings: MassSettings

    func layers(_ configuration: DecoderConfiguration) -> ClosedRange<Int> {
        let count = configuration.layerCount
        return settings.depths.lowerBound.layer(
            of: count)...settings.depths.upperBound.layer(
                of: count)
    }

    /// Finds what the last layer is to hand on for every edit, then spreads what is missing over the layers.
    func apply(
        _ edits: [LocatedEdit], to weights: inout EditedWeights, _ statistics: KeyStatistics,
        isCancelled: () -> Bool
    ) throws -> [WeightEditOutcome] {
        let layers = layers(weights.configuration)
        let search = VectorSearch(settings: settings.search, decoder: weights.decoder)
        var wanted: [[Double]] = []
        var outcomes: [WeightEditOutcome] = []
        for edit in edits {
            let state = edit.state(layers.upperBound, weights)
            let found = try search(
                edit.texts, weights.values, layer: layers.upperBound, norm: state.length,
                isCancelled: isCancelled)
            wanted.append(zip(state, found.vector).map { $0 + Double($1) })
            outcomes.append(found.outcome)
        }
        let before = layers.map { Array(weights.values[weights.contraction($0)]) }
        do {
            for layer in layers {
                try write(
                    edits, wanted, layer: layer, last: layers.upperBound, to: &weights,
                    statistics, isCancelled)
            }
        } catch {
            for (layer, numbers) in zip(layers, before) {
                let range = weights.contraction(layer)
                try weights.change(range) { $0.values.replaceSubrange(range, with: numbers) }
            }
            throw error
        }
        return outcomes
    }

    /// Writes one layer's share of what is missing.
    private func write(
        _ edits: [LocatedEdit], _ wanted: [[Double]], layer: Int, last: Int,
        to weights: inout EditedWeights, _ statistics: KeyStatistics, _ isCancelled: () -> Bool
    ) throws {
        var keys: [[Double]] = []
        var changes: [[Double]] = []
        for (edit, wanted) in zip(edits, wanted) {
            if isCancelled() { throw CancellationError() }
            keys.append(edit.keys(layer, weights).mean)
            let state = edit.state(last, weights)
            changes.append(zip(wanted, state).map { ($0 - $1) / Double(last - layer + 1) })
        }
        let directions = try ClosedForm.mass(
            keys, weight: settings.knownWeight * Double(keys[0].count),
            moment: statistics.moment(layer), statistics.inverse(layer))
        let range = weights.contraction(layer)
        try weights.change(range) { table in
            for (change, direction) in zip(changes, directions) {
                RankOneEditor.add(change, direction, to: &table.values, at: range)
            }
        }
    }
}

extension [Double] {
    /// The Euclidean norm.
    var length: Double { reduce(0) { $0 + $1 * $1 }.squareRoot() }
}

extension Tensor {
    func row(_ index: Int) -> [Double] {
        (0..<columns).map { Double(start[index * columns + $0]) }
    }
}
