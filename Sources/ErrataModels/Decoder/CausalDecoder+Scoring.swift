extension CausalDecoder {
    /// Rows of logits that are held at a time.
    private static let logitRowCountMax = 64

    /// Returns how likely the model holds each token of each continuation of one prompt.
    ///
    /// The prompt, which has a token at least, goes through the model once, behind what `cache` holds.
    package func scores(
        prompt: [Int32], continuations: [[Int32]], cache: KeyValueCache,
        isCancelled: () -> Bool = { false }
    ) throws -> [[ScoredToken]] {
        guard !prompt.isEmpty else { throw ModelError(.malformed, "the prompt has no token") }
        var caches = [cache]
        let prefix = try hiddenStates([prompt], &caches, isCancelled: isCancelled)[0]
        let last = Array(prefix[prefix.rows - 1])
        var scores: [[ScoredToken]] = []
        for continuation in continuations {
            for token in continuation
            where !(0..<configuration.vocabularyCount).contains(Int(token)) {
                throw ModelError(
                    .mismatch,
                    "token \(token) is not in 0..<\(configuration.vocabularyCount), the "
                        + "vocabulary of '\(name)'")
            }
            var fork = caches
            let states = try hiddenStates(
                [Array(continuation.dropLast())], &fork, isCancelled: isCancelled)[0]
            scores.append(try self.scores(continuation, hidden: last + states.values))
        }
        return scores
    }

    /// Scores tokens; row i of `hidden` is the state before token i.
    private func scores(_ tokens: [Int32], hidden: [Float]) throws(ModelError) -> [ScoredToken] {
        let width = configuration.width
        var scores: [ScoredToken] = []
        for start in stride(from: 0, to: tokens.count, by: Self.logitRowCountMax) {
            let end = min(start + Self.logitRowCountMax, tokens.count)
            let logits = logits(
                Matrix(
                    rows: end - start, columns: width,
                    values: Array(hidden[start * width..<end * width])))
            for row in 0..<end - start {
                scores.append(try Sampler.score(Int(tokens[start + row]), logits[row], kernels))
            }
        }
        return scores
    }
}
