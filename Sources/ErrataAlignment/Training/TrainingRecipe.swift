package import ErrataModels

/// Everything that decides what training makes of a set of pairs.
///
/// Read from JSON; every key is required, since a default would train another reader in silence.
package struct TrainingRecipe: Equatable, Sendable {
    package let method: TrainingMethod
    package let seed: UInt64
    /// Pairs of one step of the optimizer.
    package let batchCount: Int
    /// Pairs seen in all; the set is gone through as often as that takes.
    package let pairCount: Int
    package let encoderRate: Double
    package let headRate: Double
    package let warmUp: Double
    package let decay: Double
    /// The largest norm of a gradient.
    package let clip: Double
    package let weights: LossWeights
    /// Parts that a batch is cut into, one thread each; part of the recipe since it decides about bits.
    package let shardCount: Int

    package static let rankMax = ReaderWeights.rankMax
    package static let batchCountMax = 4096
    package static let pairCountMax = 1 << 32
    package static let shardCountMax = 64

    package init(
        method: TrainingMethod, seed: UInt64, batchCount: Int, pairCount: Int,
        encoderRate: Double, headRate: Double, warmUp: Double, decay: Double, clip: Double,
        weights: LossWeights, shardCount: Int
    ) {
        self.method = method
        self.seed = seed
        self.batchCount = batchCount
        self.pairCount = pairCount
        self.encoderRate = encoderRate
        self.headRate = headRate
        self.warmUp = warmUp
        self.decay = decay
        self.clip = clip
        self.weights = weights
        self.shardCount = shardCount
    }

    /// Steps of the optimizer.
    package var stepCount: Int { (pairCount + batchCount - 1) / batchCount }

    package var schedule: LearningSchedule {
        LearningSchedule(stepCount: stepCount, warmUp: warmUp)
    }
}

extension TrainingRecipe {
    private static let keys = [
        "method", "seed", "batch", "pairs", "encoderRate", "headRate", "warmUp", "decay", "clip",
        "loss", "shards",
    ]

    /// Reads a recipe's members.
    package init(_ object: JSONObject) throws(ModelError) {
        try object.refuseKeys(besides: Set(Self.keys))
        func rate(_ key: String, below limit: Double) throws(ModelError) -> Double {
            let number = try object.number(key)
            guard number >= 0, number < limit else {
                throw ModelError(
                    .malformed, "\(object.place): '\(key)' is \(number), expected 0..<\(limit)")
            }
            return number
        }
        method = try TrainingMethod(try object.object("method"))
        seed = UInt64(try object.integer("seed", in: 0...Int.max))
        batchCount = try object.integer("batch", in: 1...Self.batchCountMax)
        pairCount = try object.integer("pairs", in: 1...Self.pairCountMax)
        encoderRate = try rate("encoderRate", below: 1)
        headRate = try rate("headRate", below: 1)
        warmUp = try rate("warmUp", below: 1)
        decay = try rate("decay", below: 1)
        clip = try rate("clip", below: 1e9)
        let loss = try object.object("loss")
        try loss.refuseKeys(besides: ["scope", "direction", "span"])
        weights = LossWeights(
            scope: Float(try loss.number("scope")), direction: Float(try loss.number("direction")),
            span: Float(try loss.number("span")))
        shardCount = try object.integer("shards", in: 1...Self.shardCountMax)
    }

    /// The recipe as JSON, keys in a fixed order: what a checkpoint remembers.
    package var json: String {
        let method =
            switch self.method {
            case .full: "{\"kind\":\"full\"}"
            case .lowRank(let rank, let scale):
                "{\"kind\":\"lowRank\",\"rank\":\(rank),\"scale\":\(scale)}"
            }
        return "{\"method\":\(method),\"seed\":\(seed),\"batch\":\(batchCount),"
            + "\"pairs\":\(pairCount),\"encoderRate\":\(encoderRate),\"headRate\":\(headRate),"
            + "\"warmUp\":\(warmUp),\"decay\":\(decay),\"clip\":\(clip),"
            + "\"loss\":{\"scope\":\(weights.scope),\"direction\":\(weights.direction),"
            + "\"span\":\(weights.span)},\"shards\":\(shardCount)}"
    }
}

extension TrainingMethod {
    init(_ object: JSONObject) throws(ModelError) {
        switch try object.string("kind") {
        case "full":
            try object.refuseKeys(besides: ["kind"])
            self = .full
        case "lowRank":
            try object.refuseKeys(besides: ["kind", "rank", "scale"])
            self = .lowRank(
                rank: try object.integer("rank", in: 1...TrainingRecipe.rankMax),
                scale: Float(try object.number("scale")))
        case let kind:
            throw ModelError(
                .unsupported, "\(object.place): kind '\(kind)', expected full or lowRank")
        }
    }
}
