import Glibc

/// Turns what the reader and the lookup say about a pair into a probability, and that into a decision.
///
/// A logistic regression over the reader's logit and the lookup's (Platt 1999), fitted on subjects that
/// the reader was not trained on; for chains of facts, which the lookup cannot judge, over the reader's
/// alone.
package struct ReaderCalibration: Equatable, Sendable {
    /// How sure an answer must be.
    package enum Strictness: String, CaseIterable, Sendable {
        case strict
        case normal
        case lenient
    }

    package let bias: Double
    package let readerWeight: Double
    package let lookupWeight: Double
    package let chainBias: Double
    package let chainWeight: Double
    /// The least probability that counts as in scope.
    package let thresholds: [Strictness: Double]

    package init(
        bias: Double, readerWeight: Double, lookupWeight: Double, chainBias: Double,
        chainWeight: Double, thresholds: [Strictness: Double]
    ) {
        self.bias = bias
        self.readerWeight = readerWeight
        self.lookupWeight = lookupWeight
        self.chainBias = chainBias
        self.chainWeight = chainWeight
        self.thresholds = thresholds
    }

    /// What the settings of a question ask for.
    ///
    /// Calibration goes by near misses, which are rarer among real questions: there a fact is likelier
    /// in scope than its probability says, so half is more than is wanted of an everyday question.
    package static let defaultThresholds: [Strictness: Double] = [
        .strict: 0.7, .normal: 0.35, .lenient: 0.15,
    ]

    /// The reader's logit alone, as it was trained.
    package static let uncalibrated = ReaderCalibration(
        bias: 0, readerWeight: 1, lookupWeight: 0, chainBias: 0, chainWeight: 1,
        thresholds: defaultThresholds)

    /// How far the lookup's probability may pull: logits beyond are cut.
    package static let logitMax = 12.0

    /// Returns how likely an edit answers a question, from the reader's logit and the lookup's probability.
    package func probability(reader: Float, lookup: Double) -> Double {
        probability(reader: reader, lookupLogit: Self.logit(lookup))
    }

    package func probability(reader: Float, lookupLogit: Double) -> Double {
        Self.sigmoid(
            bias + readerWeight * Self.cut(Double(reader)) + lookupWeight * lookupLogit)
    }

    /// Returns how likely a chain of facts answers a question.
    package func chainProbability(reader: Float) -> Double {
        Self.sigmoid(chainBias + chainWeight * Self.cut(Double(reader)))
    }

    private static func sigmoid(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }

    /// Returns log(p / (1 - p)), cut to ±`logitMax`.
    package static func logit(_ probability: Double) -> Double {
        cut(log(probability / (1 - probability)))
    }

    private static func cut(_ logit: Double) -> Double {
        max(-logitMax, min(logitMax, logit))
    }

    package func threshold(_ strictness: Strictness) -> Double {
        thresholds[strictness] ?? 0.5
    }
}

extension ReaderCalibration {
    /// Reads the members of a reader file's `calibration`.
    package init(_ object: JSONObject) throws(ModelError) {
        bias = try object.number("bias")
        readerWeight = try object.number("reader")
        lookupWeight = try object.number("lookup")
        chainBias = try object.number("chainBias")
        chainWeight = try object.number("chain")
        let levels = try object.object("thresholds")
        var thresholds: [Strictness: Double] = [:]
        for strictness in Strictness.allCases {
            let threshold = try levels.number(strictness.rawValue)
            guard (0...1).contains(threshold) else {
                throw ModelError(
                    .malformed,
                    "\(levels.place): '\(strictness.rawValue)' is \(threshold), expected 0 to 1")
            }
            thresholds[strictness] = threshold
        }
        self.thresholds = thresholds
    }

    /// The text that `init` reads.
    package var json: String {
        let levels = Strictness.allCases.map { "\"\($0.rawValue)\":\(threshold($0))" }
        return "{\"bias\":\(bias),\"reader\":\(readerWeight),\"lookup\":\(lookupWeight),"
            + "\"chainBias\":\(chainBias),\"chain\":\(chainWeight),"
            + "\"thresholds\":{\(levels.joined(separator: ","))}}"
    }
}
