/// The settings of low-rank updates, by the names of PEFT.
package struct LoraSettings: Equatable, Sendable {
    package static let rankMax = LoraConfiguration.rankMax

    package let rank: Int
    package let alpha: Double
    package let dropout: Double
    /// Whether updates are scaled by alpha / √r rather than alpha / r (Kalajdzievski 2023).
    package let isStabilized: Bool
    package let modules: [DecoderModule]

    package init(
        rank: Int = 8, alpha: Double = 16, dropout: Double = 0.05, isStabilized: Bool = false,
        modules: [DecoderModule] = [.query, .key, .value, .output]
    ) {
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.isStabilized = isStabilized
        self.modules = modules
    }

    package var scale: Float {
        Float(alpha / (isStabilized ? Double(rank).squareRoot() : Double(rank)))
    }
}
