import CErrataKernels
import ErrataModels

/// The products of multi-head self-attention with their gradients, without parameters.
///
///     s = q kᵀ,  p = softmax(s / sqrt(headWidth)),  o = p v
///     dv = pᵀ do,  dp = do vᵀ,  ds = p * (dp - Σ dp * p) / sqrt(headWidth),  dq = ds k,  dk = dsᵀ q
struct TrainedAttention {
    let headCount: Int
    let width: Int
    let kernels: Kernels

    private var headWidth: Int { width / headCount }
    private var scale: Float { 1 / Float(headWidth).squareRoot() }

    /// The attention of every head of every sentence, (tokens, padded tokens) each, in that order.
    struct Probabilities {
        let values: Tensor
        let starts: [Int]
    }

    /// Returns (tokens, width) for the stacked queries, keys and values, (tokens, 3 width).
    func callAsFunction(
        _ qkv: Tensor, sentences: [Range<Int>]
    ) -> (heads: Tensor, probabilities: Probabilities) {
        let heads = Tensor(rows: qkv.rows, columns: width)
        let probabilities = makeProbabilities(sentences)
        for (index, sentence) in sentences.enumerated() {
            let tokens = sentence.count
            let stride = Self.padded(tokens)
            let keys = Tensor(rows: headWidth, columns: stride)
            for head in 0..<headCount {
                let place = Place(self, qkv, sentence, head)
                let p =
                    probabilities.values.start + probabilities.starts[index]
                    + head * tokens * stride
                transpose(place.k, stride: 3 * width, tokens: tokens, to: keys)
                multiply(
                    tokens, stride, headWidth, place.q, 3 * width, keys.start, stride, p, stride)
                kernels.functions.softmax(p, stride, tokens, tokens, scale)
                multiply(
                    tokens, headWidth, tokens, p, stride, place.v, 3 * width,
                    heads.start + sentence.lowerBound * width + head * headWidth, width)
            }
        }
        return (heads, probabilities)
    }

    /// Returns the gradient at `qkv` for the one at the heads.
    func backward(
        _ qkv: Tensor, _ probabilities: Probabilities, _ gradient: Tensor,
        sentences: [Range<Int>]
    ) -> Tensor {
        let result = Tensor(rows: qkv.rows, columns: 3 * width)
        for (index, sentence) in sentences.enumerated() {
            let tokens = sentence.count
            let stride = Self.padded(tokens)
            let values = Tensor(rows: headWidth, columns: stride)
            let inner = Tensor(rows: tokens, columns: stride)
            let turned = Tensor(rows: stride, columns: tokens)
            for head in 0..<headCount {
                let at = Place(self, qkv, sentence, head)
                let to = Place(self, result, sentence, head)
                let p =
                    probabilities.values.start + probabilities.starts[index]
                    + head * tokens * stride
                let outer = gradient.start + sentence.lowerBound * width + head * headWidth
                errata_transpose(turned.start, p, stride, tokens, tokens)
                multiply(
                    tokens, headWidth, tokens, turned.start, tokens, outer, width, to.v, 3 * width)
                transpose(at.v, stride: 3 * width, tokens: tokens, to: values)
                multiply(
                    tokens, stride, headWidth, outer, width, values.start, stride, inner.start,
                    stride)
                kernels.functions.softmax_gradient(inner.start, p, stride, tokens, tokens, scale)
                multiply(
                    tokens, headWidth, tokens, inner.start, stride, at.k, 3 * width, to.q, 3 * width
                )
                errata_transpose(turned.start, inner.start, stride, tokens, tokens)
                multiply(
                    tokens, headWidth, tokens, turned.start, tokens, at.q, 3 * width, to.k,
                    3 * width)
            }
        }
        return result
    }

    private func makeProbabilities(_ sentences: [Range<Int>]) -> Probabilities {
        var starts: [Int] = []
        var end = 0
        for sentence in sentences {
            starts.append(end)
            end += headCount * sentence.count * Self.padded(sentence.count)
        }
        return Probabilities(values: Tensor(rows: 1, columns: end), starts: starts)
    }

    /// Where one head of one sentence starts in stacked queries, keys and values.
    private struct Place {
        let q: UnsafeMutablePointer<Float>
        let k: UnsafeMutablePointer<Float>
        let v: UnsafeMutablePointer<Float>

        init(_ attention: TrainedAttention, _ qkv: Tensor, _ sentence: Range<Int>, _ head: Int) {
            q =
                qkv.start + sentence.lowerBound * 3 * attention.width
                + head * attention.headWidth
            k = q + attention.width
            v = k + attention.width
        }
    }

    /// Writes the transpose of a head's rows to (headWidth, stride); columns past `tokens` are zero.
    private func transpose(
        _ rows: UnsafePointer<Float>, stride: Int, tokens: Int, to turned: Tensor
    ) {
        for i in 0..<headWidth {
            let row = turned.start + i * turned.columns
            for t in 0..<tokens { row[t] = rows[t * stride + i] }
            for t in tokens..<turned.columns { row[t] = 0 }
        }
    }

    private func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ aStride: Int,
        _ b: UnsafePointer<Float>, _ bStride: Int, _ c: UnsafeMutablePointer<Float>, _ cStride: Int
    ) {
        kernels.functions.gemm(
            m, n, k, a, aStride, b, bStride, Int(ERRATA_PANEL_WIDTH), nil, c, cStride)
    }

    /// The next multiple of the kernels' 16 lanes.
    private static func padded(_ tokens: Int) -> Int { (tokens + 15) / 16 * 16 }
}
