/// What a text is to be continued with.
package struct GenerationOptions: Sendable {
    package static let tokenCountMax = 1 << 20

    /// How many tokens at most, the one that ends the text included.
    package var tokenCountMax: Int
    /// Tokens that end the text.
    package var stopTokens: Set<Int32>
    package var sampling: Sampling
    /// Asked with all tokens so far whether the text is to end: for stop strings, which only a tokenizer
    /// can see.
    package var stops: (@Sendable ([Int32]) -> Bool)?

    package init(
        tokenCountMax: Int, stopTokens: Set<Int32> = [], sampling: Sampling = .greedy,
        stops: (@Sendable ([Int32]) -> Bool)? = nil
    ) {
        self.tokenCountMax = tokenCountMax
        self.stopTokens = stopTokens
        self.sampling = sampling
        self.stops = stops
    }

    fileprivate func check() throws(ModelError) {
        guard (1...Self.tokenCountMax).contains(tokenCountMax) else {
            throw ModelError(
                .limit,
                "the number of tokens must lie in 1...\(Self.tokenCountMax), "
                    + "not \(tokenCountMax)")
        }
        try sampling.check()
    }
}

/// Why a text ended.
package enum GenerationEnd: Equatable, Sendable {
    /// With this token, which is the last of the text.
    case stopToken(Int32)
    /// The caller's function said so.
    case stopped
    case tokenCount
    /// The model has no position left.
    case positions
}

/// Several texts, continued together, token by token.
///
/// Prompts go to the ends of caches: what their texts have in common is put into one cache first, and the
/// others are copies of it.
package struct Generation: Sendable {
    package static let sequenceCountMax = 256

    /// One text.
    package struct Sequence: Sendable {
        package fileprivate(set) var tokens: [ScoredToken] = []
        package fileprivate(set) var end: GenerationEnd?
        fileprivate var sampler: Sampler
        fileprivate let options: GenerationOptions
    }

    /// A token of one of the texts.
    package struct Step: Equatable, Sendable {
        package let sequence: Int
        package let token: ScoredToken
        /// Why the text ends here, if it does.
        package let end: GenerationEnd?
    }

    private let decoder: CausalDecoder
    package private(set) var sequences: [Sequence]
    package private(set) var caches: [KeyValueCache]
    /// What goes into the caches next.
    private var pending: [[Int32]]

    /// Prepares texts that start with what the caches hold, followed by `prompts`, none of them empty.
    package init(
        _ decoder: CausalDecoder, prompts: [[Int32]], caches: [KeyValueCache],
        options: [GenerationOptions]
    ) throws(ModelError) {
        precondition(prompts.count == caches.count && prompts.count == options.count)
        guard prompts.count <= Self.sequenceCountMax else {
            throw ModelError(
                .limit, "\(prompts.count) texts at a time are more than \(Self.sequenceCountMax)")
        }
        for option in options { try option.check() }
        if let index = prompts.firstIndex(where: \.isEmpty) {
            throw ModelError(.malformed, "prompt \(index) has no token")
        }
        self.decoder = decoder
        self.caches = caches
        pending = prompts
        sequences = options.map { Sequence(sampler: Sampler($0.sampling), options: $0) }
    }

    /// Whether all texts have ended.
    package var isFinished: Bool { sequences.allSatisfy { $0.end != nil } }

    /// Returns the next token of every text that has not ended.
    ///
    /// `isCancelled` is asked between passes; after it said so the generation is of no more use.
    package mutating func step(isCancelled: () -> Bool = { false }) throws -> [Step] {
        let active = sequences.indices.filter { sequences[$0].end == nil }
        guard !active.isEmpty else { return [] }
        var own = active.map { caches[$0] }
        // The only references now, so that the caches grow in place.
        for index in active { caches[index] = try decoder.makeCache() }
        let states = try decoder.hiddenStates(
            active.map { pending[$0] }, &own, isCancelled: isCancelled)
        for (index, cache) in zip(active, own) { caches[index] = cache }
        own = []
        let last = states.flatMap { $0[$0.rows - 1] }
        let logits = decoder.logits(
            Matrix(rows: active.count, columns: decoder.configuration.width, values: last))
        var steps: [Step] = []
        for (row, index) in active.enumerated() {
            let token = try sequences[index].sampler.choose(logits[row], decoder.kernels)
            sequences[index].tokens.append(token)
            pending[index] = [token.token]
            sequences[index].end = end(sequences[index], caches[index])
            steps.append(Step(sequence: index, token: token, end: sequences[index].end))
        }
        return steps
    }

    private func end(_ sequence: Sequence, _ cache: KeyValueCache) -> GenerationEnd? {
        let options = sequence.options
        if let last = sequence.tokens.last?.token, options.stopTokens.contains(last) {
            return .stopToken(last)
        }
        if let stops = options.stops, stops(sequence.tokens.map(\.token)) { return .stopped }
        if sequence.tokens.count >= options.tokenCountMax { return .tokenCount }
        return cache.count >= decoder.configuration.positionCount ? .positions : nil
    }

    /// Runs to the end of all texts.
    package mutating func run(isCancelled: () -> Bool = { false }) throws -> [Sequence] {
        while !isFinished { _ = try step(isCancelled: isCancelled) }
        return sequences
    }
}
