import Glibc

/// How the next token is chosen.
package enum Sampling: Equatable, Sendable {
    /// The most likely one; the lower id of equals.
    case greedy
    /// Drawn from softmax(logits / temperature), cut to the `topK` most likely tokens, then to the fewest
    /// most likely ones whose shares reach `topP` (Holtzman et al. 2020). Nil cuts nothing.
    case random(temperature: Float, topK: Int?, topP: Float?, seed: UInt64)

    /// Throws if a number is out of its range.
    func check() throws(ModelError) {
        guard case .random(let temperature, let topK, let topP, _) = self else { return }
        guard temperature > 0, temperature <= 100 else {
            throw ModelError(.limit, "temperature must lie in 0...100, not \(temperature)")
        }
        guard topK.map({ $0 >= 1 }) ?? true else {
            throw ModelError(.limit, "top-k must be 1 or more, not \(topK ?? 0)")
        }
        guard topP.map({ $0 > 0 && $0 <= 1 }) ?? true else {
            throw ModelError(.limit, "top-p must lie in 0...1, not \(topP ?? 0)")
        }
    }
}

/// A token and how likely the model held it, whatever the sampling.
package struct ScoredToken: Equatable, Sendable {
    package let token: Int32
    /// Natural logarithm of its share in softmax(logits).
    package let logProbability: Float
    /// Whether no token was likelier.
    package let isMostLikely: Bool
}

/// Chooses tokens; one for each sequence, so that a batch does not show in what it chooses.
struct Sampler: Sendable {
    private let sampling: Sampling
    private var state: UInt64 = 0

    init(_ sampling: Sampling) {
        self.sampling = sampling
        if case .random(_, _, _, let seed) = sampling { state = seed }
    }

    /// Returns the next token for finite logits, (vocabulary).
    mutating func choose(_ logits: ArraySlice<Float>) throws(ModelError) -> ScoredToken {
        switch sampling {
        case .greedy:
            return try Self.score(Self.mostLikely(logits), logits)
        case .random(let temperature, let topK, let topP, _):
            let scaled = logits.map { $0 / temperature }
            var candidates = Self.candidates(scaled, topK: topK)
            if let topP { candidates = Self.nucleus(candidates, topP) }
            return try Self.score(draw(candidates), logits)
        }
    }

    /// Returns a token with its share; logits that are not finite are an error.
    static func score(_ token: Int, _ logits: ArraySlice<Float>) throws(ModelError) -> ScoredToken {
        var largest = -Float.infinity
        for logit in logits {
            guard logit.isFinite else {
                throw ModelError(.malformed, "the model computes \(logit) for a token")
            }
            largest = max(largest, logit)
        }
        var sum = 0.0
        for logit in logits { sum += exp(Double(logit - largest)) }
        let own = logits[logits.startIndex + token]
        return ScoredToken(
            token: Int32(token), logProbability: Float(Double(own - largest) - log(sum)),
            isMostLikely: own == largest && mostLikely(logits) == token)
    }

    private static func mostLikely(_ logits: ArraySlice<Float>) -> Int {
        var best = logits.startIndex
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return best - logits.startIndex
    }

    /// Returns tokens with their shares, the most likely first; equals by id.
    private static func candidates(_ logits: [Float], topK: Int?) -> [(token: Int, share: Double)] {
        let largest = logits.max() ?? 0
        var order = Array(logits.indices)
        order.sort { (logits[$1], $0) < (logits[$0], $1) }
        let kept = order.prefix(topK ?? order.count)
        let shares = kept.map { exp(Double(logits[$0] - largest)) }
        let sum = shares.reduce(0, +)
        return zip(kept, shares).map { ($0, $1 / sum) }
    }

    private static func nucleus(
        _ candidates: [(token: Int, share: Double)], _ topP: Float
    ) -> [(token: Int, share: Double)] {
        var sum = 0.0
        var kept: [(token: Int, share: Double)] = []
        for candidate in candidates {
            kept.append(candidate)
            sum += candidate.share
            if sum >= Double(topP) { break }
        }
        return kept
    }

    private mutating func draw(_ candidates: [(token: Int, share: Double)]) -> Int {
        var left = candidates.reduce(0) { $0 + $1.share } * uniform()
        for candidate in candidates {
            left -= candidate.share
            if left < 0 { return candidate.token }
        }
        return candidates[candidates.count - 1].token
    }

    /// Returns the next of SplitMix64's numbers (Steele, Lea and Flood 2014) in 0..<1.
    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ z >> 31) >> 11) * 0x1p-53
    }
}
