import CErrataKernels

/// Multi-head self-attention without a mask.
///
/// From Vaswani et al. 2017, section 3.2.
///
///     q, k, v = split(x W + b)
///     head_h = softmax(q_h k_hᵀ / sqrt(headWidth) + bias_h) v_h
///     y = concat(head_0, head_1, …) W_out + b_out
package struct SelfAttention: Sendable {
    private let headCount: Int
    private let headWidth: Int
    /// Query, key and value one after the other: (width) to (3 width).
    private let projection: Linear
    private let output: Linear
    private let kernels: Kernels
    private let bias: RelativeBias?

    package init(headCount: Int, projection: Linear, output: Linear, kernels: Kernels) {
        self.init(
            headCount: headCount, bias: nil, projection: projection, output: output,
            kernels: kernels)
    }

    init(
        headCount: Int, bias: RelativeBias?, projection: Linear, output: Linear, kernels: Kernels
    ) {
        precondition(projection.outputs == 3 * projection.inputs)
        precondition(projection.inputs.isMultiple(of: headCount))
        self.headCount = headCount
        headWidth = projection.inputs / headCount
        self.projection = projection
        self.output = output
        self.kernels = kernels
        self.bias = bias
    }

    /// Returns (tokens, width) for x, (tokens, width); each range of rows attends to itself only.
    ///
    /// No padding takes part: a sentence's rows come out the same whatever the other ranges hold. The threads of
    /// `pool` share the projections.
    package func callAsFunction(
        _ x: Matrix, sentences: [Range<Int>], _ pool: WorkerPool? = nil
    ) -> Matrix {
        let qkv = projection(x, pool)
        let heads = Matrix(rows: x.rows, columns: x.columns) { heads in
            let longest = sentences.map(\.count).max() ?? 0
            let scratch = Self.padded(longest) * (longest + headWidth)
            withUnsafeTemporaryAllocation(of: Float.self, capacity: max(scratch, 1)) { scratch in
                guard let scratch = scratch.baseAddress else { return }
                qkv.values.withUnsafeBufferPointer { qkv in
                    guard let qkv = qkv.baseAddress else { return }
                    for sentence in sentences {
                        for head in 0..<headCount {
                            attend(
                                from: qkv + sentence.lowerBound * 3 * x.columns + head * headWidth,
                                to: heads + sentence.lowerBound * x.columns + head * headWidth,
                                head: head, tokens: sentence.count, scratch: scratch)
                        }
                    }
                }
            }
        }
        return output(heads, pool)
    }

    /// Writes one head of one sentence.
    ///
    /// `q` points at the head's first query; keys and values lie one and two widths further in each
    /// row. `scratch` holds kᵀ, (headWidth, padded tokens), and the scores, (tokens, padded tokens).
    private func attend(
        from q: UnsafePointer<Float>, to out: UnsafeMutablePointer<Float>, head: Int, tokens: Int,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let width = headCount * headWidth
        let stride = Self.padded(tokens)
        let panel = Int(ERRATA_PANEL_WIDTH)
        let keys = scratch
        let scores = scratch + headWidth * stride
        transposeKeys(q + width, rowStride: 3 * width, tokens: tokens, to: keys, stride: stride)
        kernels.functions.gemm(
            tokens, stride, headWidth, q, 3 * width, keys, stride, panel, nil, scores, stride)
        let scale = 1 / Float(headWidth).squareRoot()
        if let bias {
            for query in 0..<tokens {
                let row = scores + query * stride
                bias.row(head: head, query: query) { bias in
                    for key in 0..<tokens { row[key] = row[key] * scale + bias[key] }
                }
            }
            kernels.functions.softmax(scores, stride, tokens, tokens, 1)
        } else {
            kernels.functions.softmax(scores, stride, tokens, tokens, scale)
        }
        kernels.functions.gemm(
            tokens, headWidth, tokens, scores, stride, q + 2 * width, 3 * width, panel, nil, out,
            width)
    }

    /// Writes the transpose of a head's keys to (headWidth, stride); columns past `tokens` are zero.
    private func transposeKeys(
        _ keys: UnsafePointer<Float>, rowStride: Int, tokens: Int,
        to transposed: UnsafeMutablePointer<Float>, stride: Int
    ) {
        for i in 0..<headWidth {
            let row = transposed + i * stride
            for t in 0..<tokens { row[t] = keys[t * rowStride + i] }
            for t in tokens..<stride { row[t] = 0 }
        }
    }

    /// The next multiple of the kernels' 16 lanes.
    private static func padded(_ tokens: Int) -> Int { (tokens + 15) / 16 * 16 }
}
