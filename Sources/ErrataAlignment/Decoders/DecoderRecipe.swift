import ErrataModels

/// Everything that decides what training makes of a decoder and a set of chats.
///
/// The defaults are those of "Learning to Edit" (Jiang and others, ACL 2024, appendix).
package struct DecoderRecipe: Equatable, Sendable {
    package static let passCountMax = 1_000
    package static let batchCountMax = 65_536
    package static let tokenCountRange = 8...131_072

    package let method: DecoderMethod
    package let seed: UInt64
    /// How often the set is gone through.
    package let passCount: Int
    /// Texts of one step of the optimizer.
    package let batchCount: Int
    /// Longer texts are left out.
    package let tokenCountMax: Int
    /// Tokens that go through the model at a time, texts packed behind one another.
    package let rowTokenCount: Int
    package let rate: Double
    package let warmUp: Double
    package let decay: Double
    /// The largest norm of a gradient.
    package let clip: Double
    package let precision: ProductPrecision

    /// Nil takes the paper's number for the method.
    package init(
        method: DecoderMethod, seed: UInt64 = 1, passCount: Int = 3, batchCount: Int = 128,
        tokenCountMax: Int = 2048, rowTokenCount: Int? = nil, rate: Double? = nil,
        warmUp: Double = 0.03, decay: Double = 0, clip: Double = 1,
        precision: ProductPrecision = .float32
    ) {
        self.method = method
        self.seed = seed
        self.passCount = passCount
        self.batchCount = batchCount
        self.tokenCountMax = tokenCountMax
        self.rowTokenCount = max(rowTokenCount ?? tokenCountMax, tokenCountMax)
        self.rate = rate ?? (method == .full ? 2e-5 : 3e-4)
        self.warmUp = warmUp
        self.decay = decay
        self.clip = clip
        self.precision = precision
    }

    /// Steps of the optimizer for a set of texts; a pass's last step takes what is left.
    package func stepCount(_ textCount: Int) -> Int {
        passCount * ((textCount + batchCount - 1) / batchCount)
    }

    func schedule(_ textCount: Int) -> LearningSchedule {
        LearningSchedule(stepCount: stepCount(textCount), warmUp: warmUp, fall: .cosine)
    }

    /// The recipe as JSON, keys in a fixed order: what a checkpoint and a model card remember.
    package var json: String {
        "{\"method\":\(method.json),\"seed\":\(seed),\"passes\":\(passCount),"
            + "\"batch\":\(batchCount),\"length\":\(tokenCountMax),\"row\":\(rowTokenCount),"
            + "\"rate\":\(rate),\"schedule\":\"cosine\",\"warmUp\":\(warmUp),\"decay\":\(decay),"
            + "\"clip\":\(clip)"
            // Left out for float32, so that older checkpoints go on.
            + (precision == .float32 ? "" : ",\"products\":\"\(precision.rawValue)\"") + "}"
    }
}

extension DecoderMethod {
    fileprivate var json: String {
        guard case .lora(let settings) = self else { return "{\"kind\":\"full\"}" }
        let modules = settings.modules.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
        return "{\"kind\":\"lora\",\"rank\":\(settings.rank),\"alpha\":\(settings.alpha),"
            + "\"dropout\":\(settings.dropout),\"stabilized\":\(settings.isStabilized),"
            + "\"modules\":[\(modules)]}"
    }
}
