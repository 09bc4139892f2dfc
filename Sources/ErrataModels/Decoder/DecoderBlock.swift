import CErrataKernels

/// One pre-norm decoder block.
///
///     h = x + attention(norm(x))
///     y = h + feedForward(norm(h))
struct DecoderBlock: Sendable {
    private let attention: GroupedQueryAttention
    private let attentionNorm: RootMeanSquareNorm
    private let feedForward: GatedFeedForward
    private let feedForwardNorm: RootMeanSquareNorm
    private let kernels: Kernels

    init(_ weights: DecoderWeights, layer: Int, pool: WorkerPool) throws(ModelError) {
        let prefix = "model.layers.\(layer)."
        kernels = weights.kernels
        attention = try GroupedQueryAttention(weights, layer: layer, pool: pool)
        attentionNorm = try weights.norm(prefix + "input_layernorm")
        feedForward = try GatedFeedForward(weights, layer: layer, pool: pool)
        feedForwardNorm = try weights.norm(prefix + "post_attention_layernorm")
    }

    var byteCount: Int { attention.byteCount + feedForward.byteCount }

    /// Returns (tokens, width) for x, (tokens, width).
    func callAsFunction(
        _ x: Matrix, _ pieces: [PassPiece], _ rotations: Rotations,
        caches: inout [KeyValueCache]
    ) -> Matrix {
        let h = attention(attentionNorm(x), pieces, rotations, caches: &caches)
            .adding(x, kernels)
        return feedForward(feedForwardNorm(h), pieces, caches).adding(h, kernels)
    }
}

/// The gated feed-forward network (Shazeer 2020, SwiGLU).
///
///     y = (silu(x W_gate) * (x W_up)) W_down,    silu(x) = x / (1 + e^-x)
struct GatedFeedForward: Sendable {
    private let input: AdaptedGroup
    private let output: AdaptedGroup
    private let kernels: Kernels

    init(_ weights: DecoderWeights, layer: Int, pool: WorkerPool) throws(ModelError) {
        kernels = weights.kernels
        input = try AdaptedGroup(weights, [.gate, .up], layer: layer, pool: pool)
        output = try AdaptedGroup(weights, [.down], layer: layer, pool: pool)
    }

    var byteCount: Int { input.byteCount + output.byteCount }

    func callAsFunction(
        _ x: Matrix, _ pieces: [PassPiece], _ caches: [KeyValueCache]
    ) -> Matrix {
        var hidden = input(x, pieces, caches)
        let (columns, half) = (hidden.columns, hidden.columns / 2)
        hidden.values.withUnsafeMutableBufferPointer { values in
            guard let start = values.baseAddress else { return }
            for row in 0..<x.rows {
                let gate = start + row * columns
                kernels.functions.swiglu(gate, gate + half, half)
            }
        }
        return output(hidden, pieces, caches)
    }
}
