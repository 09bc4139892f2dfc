import ErrataAlignment
import ErrataModels

/// Fine-tuning on one edit (FT), within a bound if there is one (FT-L; Zhu and others 2020).
struct FineTuning {
    private let settings: FineTuningSettings
    private let focus: Range<Int>
    private let gradients: Tensor
    private var optimizer: AdamW

    init(_ settings: FineTuningSettings, _ weights: EditedWeights) {
        self.settings = settings
        let count = weights.configuration.layerCount
        focus =
            switch settings.scope {
            case .all: 0..<weights.values.count
            case .feedForward(let depth): weights.feedForward(depth.layer(of: count))
            case .contraction(let depth): weights.contraction(depth.layer(of: count))
            }
        gradients = Tensor.zeros(rows: 1, columns: weights.values.count)
        optimizer = AdamW(AdamW.Settings(decay: 0), count: weights.values.count)
    }

    /// Descends until the target is learned, or so many steps.
    mutating func apply(
        _ text: EditText, to weights: inout EditedWeights, isCancelled: () -> Bool
    ) throws -> WeightEditOutcome {
        let row = PackedRow([text.example])
        let decoder = weights.decoder
        optimizer.restart(focus)
        let before = settings.bound.map { _ in Array(weights.values[focus]) }
        return try weights.change(focus) { table in
            let entries = table.entries.filter { focus.contains($0.range.lowerBound) }
            var step = 0
            while true {
                if isCancelled() { throw CancellationError() }
                (gradients.start + focus.lowerBound).update(repeating: 0, count: focus.count)
                let score = decoder.score(
                    row, table.values,
                    training: .init(
                        divisor: Double(row.targetCount), gradients: gradients.start,
                        focus: focus))
                let loss = score.loss / Double(row.targetCount)
                let isLearned = score.rightCount == score.tokenCount
                if isLearned && loss < settings.lossEnd || step >= settings.stepCountMax {
                    return WeightEditOutcome(stepCount: step, loss: loss, isLearned: isLearned)
                }
                optimizer.update(
                    &table.values, gradients.start, entries, work: decoder.work
                ) { _ in settings.rate }
                if let before { bind(&table.values, before) }
                step += 1
            }
        }
    }

    /// Puts each number back into its bound.
    private func bind(_ values: inout [Float], _ before: [Float]) {
        let bound = Float(settings.bound ?? .infinity)
        for (index, old) in before.enumerated() {
            let i = focus.lowerBound + index
            values[i] = min(max(values[i], old - bound), old + bound)
        }
    }
}
