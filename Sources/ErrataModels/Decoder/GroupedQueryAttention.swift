import CErrataKernels

/// A piece of a sequence inside a pass: rows of the pass that go to the end of a cache.
struct PassPiece: Sendable {
    /// Which of the caches.
    let sequence: Int
    let rows: Range<Int>
    /// Which of the sequence's new tokens the first row is.
    let offset: Int
    /// Position of the first row.
    let position: Int
}

/// Causal attention whose heads share keys and values in groups (Ainslie and others 2023).
///
///     q, k, v = rotate(norm(x W_q)), rotate(norm(x W_k)), x W_v
///     head_h = softmax(q_h k_gᵀ / sqrt(headWidth)) v_g,    g = h / groupSize
///     y = concat(head_0, head_1, …) W_o
///
/// With a window, a token sees the last `window` positions, its own included.
struct GroupedQueryAttention: Sendable {
    /// Products below which a thread's work is too short to hand over: some microseconds.
    private static let jobProductCount = 40_000
    /// A softmax clears whole groups of 16 numbers, from any start.
    private static let slack = 16

    private let configuration: DecoderConfiguration
    private let layer: Int
    private let window: Int
    private let projection: AdaptedGroup
    private let output: AdaptedGroup
    private let queryNorm: RootMeanSquareNorm?
    private let keyNorm: RootMeanSquareNorm?
    private let pool: WorkerPool
    private let kernels: Kernels

    init(_ weights: DecoderWeights, layer: Int, pool: WorkerPool) throws(ModelError) {
        let configuration = weights.configuration
        self.configuration = configuration
        self.layer = layer
        self.pool = pool
        window = configuration.windows[layer] ?? .max
        kernels = weights.kernels
        projection = try AdaptedGroup(weights, [.query, .key, .value], layer: layer, pool: pool)
        output = try AdaptedGroup(weights, [.output], layer: layer, pool: pool)
        let prefix = "model.layers.\(layer).self_attn."
        queryNorm = configuration.normalizesHeads ? try weights.norm(prefix + "q_norm") : nil
        keyNorm = configuration.normalizesHeads ? try weights.norm(prefix + "k_norm") : nil
    }

    var byteCount: Int { projection.byteCount + output.byteCount }

    /// Returns (tokens, width) for x, (tokens, width), and stores keys and values in the caches.
    func callAsFunction(
        _ x: Matrix, _ pieces: [PassPiece], _ rotations: Rotations,
        caches: inout [KeyValueCache]
    ) -> Matrix {
        var qkv = projection(x, pieces, caches)
        prepare(&qkv, pieces, rotations, caches: &caches)
        let heads = Matrix(
            rows: x.rows, columns: configuration.headCount * configuration.headWidth
        ) { heads in
            attend(qkv, pieces, caches, to: heads)
        }
        return output(heads, pieces, caches)
    }

    /// Normalizes and turns queries and keys, and stores keys and values.
    private func prepare(
        _ qkv: inout Matrix, _ pieces: [PassPiece], _ rotations: Rotations,
        caches: inout [KeyValueCache]
    ) {
        let (headCount, keyCount) = (configuration.headCount, configuration.keyValueHeadCount)
        let headWidth = configuration.headWidth
        let columns = qkv.columns
        qkv.values.withUnsafeMutableBufferPointer { values in
            guard let start = values.baseAddress else { return }
            for piece in pieces {
                for row in piece.rows {
                    let queries = start + row * columns
                    let keys = queries + headCount * headWidth
                    queryNorm?.apply(to: queries, rows: headCount)
                    keyNorm?.apply(to: keys, rows: keyCount)
                    rotations.turn(queries, headCount: headCount, token: row)
                    rotations.turn(keys, headCount: keyCount, token: row)
                    caches[piece.sequence].store(
                        keys: keys, values: keys + keyCount * headWidth, layer: layer,
                        position: piece.position + row - piece.rows.lowerBound)
                }
            }
        }
    }

    /// Writes all heads; a piece's group of heads that share keys is one thread's work.
    private func attend(
        _ qkv: Matrix, _ pieces: [PassPiece], _ caches: [KeyValueCache],
        to heads: UnsafeMutablePointer<Float>
    ) {
        let groups = configuration.keyValueHeadCount
        let products = pieces.map {
            $0.rows.count * ($0.position + $0.rows.count) * configuration.headWidth
                * configuration.headCount / groups * 2
        }
        // The threads write different columns or rows of `heads`, and only read the rest.
        nonisolated(unsafe) let heads = heads
        pool.run(
            pieces.count * groups, grain: Self.jobProductCount / max(products.max() ?? 0, 1) + 1
        ) { range in
            for job in range {
                let piece = pieces[job / groups]
                attend(qkv, piece, caches[piece.sequence], group: job % groups, to: heads)
            }
        }
    }

    /// Writes the heads of one group for one piece.
    ///
    /// Rows that see the same positions go through the kernels together: all heads of the group for a
    /// single token, else all tokens of a head.
    private func attend(
        _ qkv: Matrix, _ piece: PassPiece, _ cache: KeyValueCache, group: Int,
        to heads: UnsafeMutablePointer<Float>
    ) {
        let headWidth = configuration.headWidth
        let groupSize = configuration.headCount / configuration.keyValueHeadCount
        let columns = configuration.headCount * headWidth
        let first = group * groupSize * headWidth
        let view = CacheView(cache, layer: layer, group: group)
        qkv.values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { return }
            let queries = start + piece.rows.lowerBound * qkv.columns + first
            let out = heads + piece.rows.lowerBound * columns + first
            guard piece.rows.count > 1 else {
                return attend(
                    QueryRows(
                        values: queries, stride: headWidth, count: groupSize,
                        position: piece.position, isOneToken: true), view, to: out,
                    stride: headWidth)
            }
            for head in 0..<groupSize {
                attend(
                    QueryRows(
                        values: queries + head * headWidth, stride: qkv.columns,
                        count: piece.rows.count, position: piece.position, isOneToken: false),
                    view, to: out + head * headWidth, stride: columns)
            }
        }
    }

    /// Writes softmax(q kᵀ) v for rows of queries.
    private func attend(
        _ q: QueryRows, _ view: CacheView, to out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        let headWidth = configuration.headWidth
        let panel = Int(ERRATA_PANEL_WIDTH)
        let functions = kernels.functions
        let scale = 1 / Float(headWidth).squareRoot()
        // Positions before the first row's window take no part, but for those in its panel of keys, which are
        // taken with a weight of zero.
        let start = max(0, q.position - window + 1) / panel * panel
        let end = q.position + (q.isOneToken ? 1 : q.count)
        let padded = (end - start + 15) / 16 * 16
        let rowStride = padded + Self.slack
        withUnsafeTemporaryAllocation(of: Float.self, capacity: q.count * rowStride) { scores in
            guard let scores = scores.baseAddress else { return }
            view.withPointers { keys, values in
                functions.gemm(
                    q.count, padded, headWidth, q.values, q.stride, keys + start * headWidth, panel,
                    headWidth * panel, nil, scores, rowStride)
                for row in 0..<q.count {
                    let position = q.isOneToken ? q.position : q.position + row
                    let low = max(0, position - window + 1) - start
                    let high = position + 1 - start
                    let x = scores + row * rowStride
                    functions.softmax(x + low, rowStride, 1, high - low, scale)
                    for i in 0..<low { x[i] = 0 }
                    for i in high..<max(high, end - start) { x[i] = 0 }
                }
                functions.gemm(
                    q.count, headWidth, end - start, scores, rowStride,
                    values + start * headWidth, headWidth, panel, nil, out, stride)
            }
        }
    }
}

/// Rows of queries that one call of the kernels takes.
private struct QueryRows {
    let values: UnsafePointer<Float>
    let stride: Int
    let count: Int
    /// Position of the first row.
    let position: Int
    /// Whether the rows are heads of one token rather than tokens of one head.
    let isOneToken: Bool
}

/// What one group of heads sees of a cache.
private struct CacheView {
    private let layer: KeyValueCache.Layer
    private let offset: Int

    init(_ cache: KeyValueCache, layer: Int, group: Int) {
        self.layer = cache.layers[layer]
        offset = group * cache.headWidth * cache.capacity
    }

    /// Calls `body` with the keys, (panels, headWidth, 48), and the values, (capacity, headWidth).
    func withPointers(_ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void) {
        layer.keys.withUnsafeBufferPointer { keys in
            layer.values.withUnsafeBufferPointer { values in
                guard let keys = keys.baseAddress, let values = values.baseAddress else { return }
                body(keys + offset, values + offset)
            }
        }
    }
}
