import CErrataKernels
import ErrataModels

/// Causal attention of heads that share keys in groups, with its gradients, without parameters.
///
///     s = q kᵀ,  p = softmax(s / sqrt(headWidth)),  o = p v
///     dv = pᵀ do,  dp = do vᵀ,  ds = p * (dp - Σ dp * p) / sqrt(headWidth),  dq = ds k,  dk = dsᵀ q
///
/// Tokens see those before them in their own text, the last `window` of them if there is one. Probabilities
/// are not kept: the backward pass makes them again, some rows at a time (Dao et al. 2022).
struct DecoderAttention: Sendable {
    /// Queries of one block.
    static let blockRowCount = 64

    let headCount: Int
    let groupCount: Int
    let headWidth: Int
    let window: Int

    init(_ configuration: DecoderConfiguration, layer: Int) {
        headCount = configuration.headCount
        groupCount = configuration.keyValueHeadCount
        headWidth = configuration.headWidth
        window = configuration.windows[layer] ?? .max
    }

    var groupSize: Int { headCount / groupCount }
    var scale: Float { 1 / Float(headWidth).squareRoot() }
    var columns: Int { (headCount + 2 * groupCount) * headWidth }
    var heads: Int { headCount * headWidth }

    /// Returns (tokens, heads) for queries, keys and values side by side.
    func callAsFunction(_ qkv: Tensor, _ pass: DecoderPass) -> Tensor {
        let out = Tensor(rows: qkv.rows, columns: heads)
        let texts = pass.row.texts
        pass.work.each(texts.count * groupCount) { job in
            let group = AttentionGroup(
                self, qkv, texts[job / groupCount], job % groupCount, pass.work.kernels)
            for head in 0..<groupSize {
                for block in group.blocks {
                    let p = group.probabilities(head, block)
                    pass.work.kernels.functions.gemm(
                        block.rows.count, headWidth, block.keys.count, p.start, p.columns,
                        group.values.start + block.keys.lowerBound * headWidth, headWidth,
                        Int(ERRATA_PANEL_WIDTH), nil,
                        group.place(out, head: head, row: block.rows.lowerBound), heads)
                }
            }
        }
        return out
    }

    /// Returns the gradient at `qkv` for the one at the heads.
    func backward(_ qkv: Tensor, _ gradient: Tensor, _ pass: DecoderPass) -> Tensor {
        let result = Tensor(rows: qkv.rows, columns: columns)
        let texts = pass.row.texts
        pass.work.each(texts.count * groupCount) { job in
            let group = AttentionGroup(
                self, qkv, texts[job / groupCount], job % groupCount, pass.work.kernels)
            group.backward(gradient, into: result)
        }
        return result
    }
}

/// One group's keys and values of one text, and the heads that use them.
private struct AttentionGroup {
    /// Queries, and the keys that one of them sees, as rows of the text.
    struct Block {
        let rows: Range<Int>
        let keys: Range<Int>
        /// The number of keys up to whole lanes of the kernels.
        var padded: Int { (keys.count + 15) / 16 * 16 }
    }

    let attention: DecoderAttention
    let qkv: Tensor
    let text: Range<Int>
    let group: Int
    let kernels: Kernels
    /// (tokens, headWidth).
    let keys: Tensor
    let values: Tensor
    /// (headWidth, padded tokens), zero where there is no token.
    let turnedKeys: Tensor
    private let scores: Tensor

    init(
        _ attention: DecoderAttention, _ qkv: Tensor, _ text: Range<Int>, _ group: Int,
        _ kernels: Kernels
    ) {
        (self.attention, self.qkv, self.text) = (attention, qkv, text)
        (self.group, self.kernels) = (group, kernels)
        let first = attention.heads + group * attention.headWidth
        keys = Self.gather(qkv, text, first, attention.headWidth)
        values = Self.gather(
            qkv, text, first + attention.groupCount * attention.headWidth, attention.headWidth)
        turnedKeys = Self.turned(keys)
        scores = Tensor(
            rows: DecoderAttention.blockRowCount, columns: turnedKeys.columns + 16)
    }

    /// The queries in blocks.
    var blocks: [Block] {
        stride(from: 0, to: text.count, by: DecoderAttention.blockRowCount).map { start in
            let end = min(start + DecoderAttention.blockRowCount, text.count)
            let first = attention.window > start ? 0 : start - attention.window + 1
            return Block(rows: start..<end, keys: first..<end)
        }
    }

    private static func gather(
        _ qkv: Tensor, _ text: Range<Int>, _ column: Int, _ width: Int
    ) -> Tensor {
        let rows = Tensor(rows: text.count, columns: width)
        for (index, row) in text.enumerated() {
            (rows.start + index * width).update(
                from: qkv.start + row * qkv.columns + column, count: width)
        }
        return rows
    }

    /// Returns the transpose, its rows with room for the kernels' lanes behind.
    static func turned(_ rows: Tensor) -> Tensor {
        let stride = (rows.rows + 15) / 16 * 16 + 16
        let turned = Tensor.zeros(rows: rows.columns, columns: stride)
        for row in 0..<rows.rows {
            for i in 0..<rows.columns {
                turned.start[i * stride + row] = rows.start[row * rows.columns + i]
            }
        }
        return turned
    }

    private func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ aStride: Int,
        _ b: UnsafePointer<Float>, _ bStride: Int, _ c: UnsafeMutablePointer<Float>, _ cStride: Int
    ) {
        kernels.functions.gemm(
            m, n, k, a, aStride, b, bStride, Int(ERRATA_PANEL_WIDTH), nil, c, cStride)
    }

    private func add(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ aStride: Int,
        _ b: UnsafePointer<Float>, _ bStride: Int, _ c: UnsafeMutablePointer<Float>, _ cStride: Int
    ) {
        kernels.functions.gemm_add(
            m, n, k, a, aStride, b, bStride, Int(ERRATA_PANEL_WIDTH), c, cStride)
    }

    /// Where a head of a token starts in a matrix whose first columns are heads.
    func place(_ matrix: Tensor, head: Int, row: Int) -> UnsafeMutablePointer<Float> {
        let column = (group * attention.groupSize + head) * attention.headWidth
        return matrix.start + (text.lowerBound + row) * matrix.columns + column
    }

    /// Returns softmax(q kᵀ) of a block, zero where a query does not see a key; overwrites the last one.
    func probabilities(_ head: Int, _ block: Block) -> Tensor {
        let stride = scores.columns
        multiply(
            block.rows.count, block.padded, attention.headWidth,
            place(qkv, head: head, row: block.rows.lowerBound), qkv.columns,
            turnedKeys.start + block.keys.lowerBound, turnedKeys.columns, scores.start, stride)
        let scale = attention.scale
        for (index, position) in block.rows.enumerated() {
            let first =
                attention.window > position ? 0 : position - attention.window + 1
            let low = first - block.keys.lowerBound
            let high = position + 1 - block.keys.lowerBound
            let row = scores.start + index * stride
            kernels.functions.softmax(row + low, stride, 1, high - low, scale)
            for i in 0..<low { row[i] = 0 }
            for i in high..<max(high, block.padded) { row[i] = 0 }
        }
        return scores
    }

    /// Writes the gradients at the group's queries, keys and values.
    func backward(_ gradient: Tensor, into result: Tensor) {
        let width = attention.headWidth
        let turnedValues = Self.turned(values)
        let keyGradient = Tensor.zeros(rows: text.count, columns: width)
        let valueGradient = Tensor.zeros(rows: text.count, columns: width)
        let inner = Tensor(rows: scores.rows, columns: scores.columns)
        let turned = Tensor(rows: scores.columns, columns: scores.rows)
        let scale = attention.scale
        for head in 0..<attention.groupSize {
            for block in blocks {
                let (rows, count, stride) = (block.rows.count, block.keys.count, scores.columns)
                let first = block.keys.lowerBound * width
                let p = probabilities(head, block)
                let outer = place(gradient, head: head, row: block.rows.lowerBound)
                let query = place(qkv, head: head, row: block.rows.lowerBound)
                errata_transpose(turned.start, p.start, stride, rows, count)
                add(
                    count, width, rows, turned.start, rows, outer, gradient.columns,
                    valueGradient.start + first, width)
                multiply(
                    rows, block.padded, width, outer, gradient.columns,
                    turnedValues.start + block.keys.lowerBound, turnedValues.columns, inner.start,
                    stride)
                kernels.functions.softmax_gradient(
                    inner.start, p.start, stride, rows, block.padded, scale)
                multiply(
                    rows, width, count, inner.start, stride, keys.start + first, width,
                    place(result, head: head, row: block.rows.lowerBound), result.columns)
                errata_transpose(turned.start, inner.start, stride, rows, count)
                add(
                    count, width, rows, turned.start, rows, query, qkv.columns,
                    keyGradient.start + first, width)
            }
        }
        scatter(keyGradient, result, attention.heads + group * width)
        scatter(
            valueGradient, result, attention.heads + (attention.groupCount + group) * width)
    }

    private func scatter(_ rows: Tensor, _ result: Tensor, _ column: Int) {
        for (index, row) in text.enumerated() {
            (result.start + row * result.columns + column).update(
                from: rows.start + index * rows.columns, count: rows.columns)
        }
    }
}
