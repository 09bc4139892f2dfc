import CErrataKernels
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
    /// The token that no other was likelier than; the lower id of equals.
    package let mostLikely: Int32

    /// Whether no token was likelier.
    package var isMostLikely: Bool { token == mostLikely }
}

/// Chooses tokens; one for each sequence, so that a batch does not show in what it chooses.
struct Sampler: Sendable {
    /// Up to how many tokens are selected without sorting all.
    private static let selectionCountMax = 1024

    private let sampling: Sampling
    private var state: UInt64 = 0

    init(_ sampling: Sampling) {
        self.sampling = sampling
        if case .random(_, _, _, let seed) = sampling { state = seed }
    }

    /// Returns the next token for finite logits, (vocabulary).
    mutating func choose(
        _ logits: ArraySlice<Float>, _ kernels: Kernels
    ) throws(ModelError) -> ScoredToken {
        switch sampling {
        case .greedy:
            return try Self.score(Self.mostLikely(logits), logits, kernels)
        case .random(let temperature, let topK, let topP, _):
            let candidates = Self.candidates(
                logits.map { $0 / temperature }, topK: topK, topP: topP)
            return try Self.score(draw(candidates), logits, kernels)
        }
    }

    /// Returns a token with its share; logits that are not finite are an error.
    static func score(
        _ token: Int, _ logits: ArraySlice<Float>, _ kernels: Kernels
    ) throws(ModelError) -> ScoredToken {
        if let logit = logits.first(where: { !$0.isFinite }) {
            throw ModelError(.malformed, "the model computes \(logit) for a token")
        }
        let best = mostLikely(logits)
        // The likeliest token's share is 1 over the sum of e^(logit - largest).
        let size = (logits.count + 15) / 16 * 16
        var shares = Array(logits) + [Float](repeating: 0, count: size - logits.count)
        kernels.functions.softmax(&shares, size, 1, logits.count, 1)
        let difference = logits[logits.startIndex + token] - logits[logits.startIndex + best]
        return ScoredToken(
            token: Int32(token),
            logProbability: Float(Double(difference) + log(Double(shares[best]))),
            mostLikely: Int32(best))
    }

    private static func mostLikely(_ logits: ArraySlice<Float>) -> Int {
        logits.withUnsafeBufferPointer { logits in
            var best = 0
            for index in logits.indices where logits[index] > logits[best] { best = index }
            return best
        }
    }

    /// Returns the tokens to draw from with their weights.
    private static func candidates(
        _ logits: [Float], topK: Int?, topP: Float?
    ) -> [(token: Int, weight: Double)] {
        let largest = logits.max() ?? 0
        func weighted(_ tokens: some Sequence<Int>) -> [(token: Int, weight: Double)] {
            tokens.map { ($0, exp(Double(logits[$0] - largest))) }
        }
        guard let topP else {
            return weighted(topK.map { top(logits, $0) } ?? Array(logits.indices))
        }
        if let topK {
            let kept = weighted(top(logits, topK))
            return nucleus(kept, Double(topP) * kept.reduce(0) { $0 + $1.weight })
        }
        let share = Double(topP) * weighted(logits.indices).reduce(0) { $0 + $1.weight }
        // Few tokens nearly always hold the share; sorting a large vocabulary takes longer than the model.
        let few = nucleus(weighted(top(logits, selectionCountMax)), share)
        if few.reduce(0, { $0 + $1.weight }) >= share { return few }
        return nucleus(weighted(top(logits, logits.count)), share)
    }

    /// Returns the `count` most likely tokens, the likeliest first; equals by id.
    private static func top(_ logits: [Float], _ count: Int) -> [Int] {
        let isBefore = { (a: Int, b: Int) in (logits[b], a) < (logits[a], b) }
        guard count <= selectionCountMax else {
            return Array(logits.indices.sorted(by: isBefore).prefix(count))
        }
        var kept: [Int] = []
        for token in logits.indices {
            if kept.count == count, let last = kept.last, !isBefore(token, last) { continue }
            var (low, high) = (0, kept.count)
            while low < high {
                let middle = (low + high) / 2
                if isBefore(kept[middle], token) { low = middle + 1 } else { high = middle }
            }
            kept.insert(token, at: low)
            if kept.count > count { kept.removeLast() }
        }
        return kept
    }

    /// Returns the first candidates whose weights reach `share`.
    private static func nucleus(
        _ candidates: [(token: Int, weight: Double)], _ share: Double
    ) -> [(token: Int, weight: Double)] {
        var sum = 0.0
        var kept: [(token: Int, weight: Double)] = []
        for candidate in candidates {
            kept.append(candidate)
            sum += candidate.weight
            if sum >= share { break }
        }
        return kept
    }

    private mutating func draw(_ candidates: [(token: Int, weight: Double)]) -> Int {
        var left = candidates.reduce(0) { $0 + $1.weight } * uniform()
        for candidate in candidates {
            left -= candidate.weight
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
