import Glibc

/// Turns what the reader and the lookup say about a pair into a probability, and that into a decision.
///
/// A logistic regression over the reader's logit and the lookup's (Platt 1999), fitted on subjects
/// that neither was trained on.
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
    /// The least probability that counts as in scope.
    package let thresholds: [Strictness: Double]

    package init(
        bias: Double, readerWeight: Double, lookupWeight: Double,
        thresholds: [Strictness: Double]
    ) {
        self.bias = bias
        self.readerWeight = readerWeight
        self.lookupWeight = lookupWeight
        self.thresholds = thresholds
    }

    /// The reader's logit alone, as it was trained.
    package static let uncalibrated = ReaderCalibration(
        bias: 0, readerWeight: 1, lookupWeight: 0,
        thresholds: [.strict: 0.88, .normal: 0.5, .lenient: 0.27])

    /// How far the lookup's probability may pull: logits beyond are cut.
    package static let logitMax = 12.0

    /// Returns how likely an edit answers a question.
    package func probability(reader: Float, lookup: Double) -> Double {
        let logit =
            bias + readerWeight * Self.cut(Double(reader))
            + lookupWeight * Self.logit(lookup)
        return 1 / (1 + exp(-logit))
    }

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
            + "\"thresholds\":{\(levels.joined(separator: ","))}}"
    }
}
