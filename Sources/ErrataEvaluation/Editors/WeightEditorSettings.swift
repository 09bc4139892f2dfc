/// The hyper-parameters of all editors.
///
/// The defaults are for decoders of 5 to 15 million parameters. Layers are shares of the depth and lengths shares
/// of the model's own vectors, so that they mean the same in models of other sizes.
package struct WeightEditorSettings: Equatable, Sendable {
    package var fineTuning = FineTuningSettings(scope: .all, rate: 1e-4)
    package var boundedFineTuning = FineTuningSettings(
        scope: .contraction(depth: 0.6), rate: 1e-3, bound: 2e-3)
    package var rankOne = RankOneSettings()
    package var mass = MassSettings()
    package var keys = KeyStatisticsSettings()
    /// Beginnings put before a prompt, beside the prompt alone, so that an edit holds wherever it stands.
    package var prefixCount = 1
    /// Words of each; they are cut out of the sample.
    package var prefixWordCount = 5

    package init() {}
}

/// How ``WeightEditorKind/ft`` and ``WeightEditorKind/ftl`` descend: with Adam, anew for each edit.
package struct FineTuningSettings: Equatable, Sendable {
    /// Which numbers change.
    package enum Scope: Equatable, Sendable {
        case all
        /// The feed-forward network of the block at a share of the depth.
        case feedForward(depth: Double)
        /// The last map of that network, `mlp.down_proj`.
        case contraction(depth: Double)
    }

    package var scope: Scope
    package var rate: Double
    package var stepCountMax = 25
    /// Steps end when every token of the target is the most likely one and their mean loss is less.
    package var lossEnd = 1e-2
    /// How far a number may go from where it was before the edit.
    package var bound: Double?

    package init(scope: Scope, rate: Double, bound: Double? = nil) {
        self.scope = scope
        self.rate = rate
        self.bound = bound
    }
}

/// How the vector is found that ROME and MEMIT write.
package struct VectorSearchSettings: Equatable, Sendable {
    package var stepCountMax = 50
    /// The length of a step, in shares of the length of the vector that is changed.
    package var stepLength: Double
    /// The longest change, in the same shares.
    package var lengthMax: Double
    /// The weight of ‖δ‖ / ‖v‖² in the loss.
    package var decay = 1e-3
    /// The weight of the divergence behind "{subject} is a".
    package var essenceWeight = 0.0625
    /// Steps end when every token of the target is the most likely one and the loss is less.
    package var lossEnd = 0.05

    package init(stepLength: Double, lengthMax: Double) {
        self.stepLength = stepLength
        self.lengthMax = lengthMax
    }
}

/// ROME's.
package struct RankOneSettings: Equatable, Sendable {
    /// Where it writes, as a share of the depth.
    package var depth = 0.35
    package var search = VectorSearchSettings(stepLength: 1, lengthMax: 20)

    package init() {}
}

/// MEMIT's.
package struct MassSettings: Equatable, Sendable {
    /// The blocks that it writes to, as shares of the depth.
    package var depths = 0.3...0.5
    package var search = VectorSearchSettings(stepLength: 0.5, lengthMax: 6)
    /// The weight of what is known, λ, in shares of the width of a key.
    ///
    /// A typical key's kᵀ C⁻¹ k is that width, so at 1 half of the change of a typical key comes through.
    package var knownWeight = 0.02

    package init() {}
}

/// How the keys of a text sample are summed up; see ``KeyStatistics``.
package struct KeyStatisticsSettings: Equatable, Sendable {
    /// Texts of the sample that are read.
    package var textCountMax = 1_000
    /// Tokens that are read of each.
    package var tokenCountMax = 128
    /// What is added to the diagonal, as a share of its mean.
    package var ridge = 1e-3

    package init() {}
}

extension Double {
    /// The block at this share of the depth.
    func layer(of count: Int) -> Int {
        Swift.min(count - 1, Swift.max(0, Int(self * Double(count))))
    }
}
