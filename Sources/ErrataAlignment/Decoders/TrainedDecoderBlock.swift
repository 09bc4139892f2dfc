import CErrataKernels
import ErrataModels

/// One pre-norm decoder block with its gradients; see ``DecoderBlock``.
///
///     h = x + attention(norm(x))
///     y = h + feedForward(norm(h))
struct TrainedDecoderBlock: Sendable {
    private let attentionNorm: DecoderNorm
    private let projection: DecoderLinear
    private let queryNorm: DecoderNorm?
    private let keyNorm: DecoderNorm?
    private let attention: DecoderAttention
    private let output: DecoderLinear
    private let feedForwardNorm: DecoderNorm
    private let input: DecoderLinear
    private let contraction: DecoderLinear

    /// What the backward pass needs of a forward pass.
    struct Tape {
        let x: Tensor
        let normed: Tensor
        /// Before the heads' norms, where there are any.
        let raw: Tensor?
        let qkv: Tensor
        let heads: Tensor
        let h: Tensor
        let normedH: Tensor
        /// Gates and what they gate.
        let hidden: Tensor
        let activated: Tensor

        var byteCount: Int {
            [x, normed, qkv, heads, h, normedH, hidden, activated]
                .reduce(raw?.byteCount ?? 0) { $0 + $1.byteCount }
        }
    }

    init(layer: Int, _ parameters: inout DecoderParameters) throws(ModelError) {
        let configuration = parameters.source.configuration
        let prefix = "model.layers.\(layer)."
        attentionNorm = try DecoderNorm(
            prefix + "input_layernorm", width: configuration.width, &parameters)
        projection = try DecoderLinear([.query, .key, .value], layer: layer, &parameters)
        func headNorm(
            _ name: String, _ parameters: inout DecoderParameters
        ) throws(ModelError) -> DecoderNorm? {
            guard configuration.normalizesHeads else { return nil }
            return try DecoderNorm(
                prefix + "self_attn." + name, width: configuration.headWidth, &parameters)
        }
        queryNorm = try headNorm("q_norm", &parameters)
        keyNorm = try headNorm("k_norm", &parameters)
        attention = DecoderAttention(configuration, layer: layer)
        output = try DecoderLinear([.output], layer: layer, &parameters)
        feedForwardNorm = try DecoderNorm(
            prefix + "post_attention_layernorm", width: configuration.width, &parameters)
        input = try DecoderLinear([.gate, .up], layer: layer, &parameters)
        contraction = try DecoderLinear([.down], layer: layer, &parameters)
    }

    /// Returns (tokens, width) for x, (tokens, width).
    func callAsFunction(_ x: Tensor, _ pass: DecoderPass) -> (y: Tensor, tape: Tape) {
        let normed = attentionNorm(x, pass)
        let qkv = projection(normed, pass)
        let raw = queryNorm == nil ? nil : qkv.copy()
        turn(qkv, pass)
        let heads = attention(qkv, pass)
        let h = output(heads, pass)
        pass.work.add(x, to: h)
        let normedH = feedForwardNorm(h, pass)
        let hidden = input(normedH, pass)
        let activated = activate(hidden, pass)
        let y = contraction(activated, pass)
        pass.work.add(h, to: y)
        let tape = Tape(
            x: x, normed: normed, raw: raw, qkv: qkv, heads: heads, h: h, normedH: normedH,
            hidden: hidden, activated: activated)
        return (y, tape)
    }

    /// Calls `body` with every token, several at the same time, and its position in its text.
    private func eachToken(
        _ pass: DecoderPass, _ body: (_ row: Int, _ position: Int) -> Void
    ) {
        let texts = pass.row.texts
        pass.work.each(texts.count) { text in
            for row in texts[text] { body(row, row - texts[text].lowerBound) }
        }
    }

    /// Normalizes and turns queries and keys, in place.
    private func turn(_ qkv: Tensor, _ pass: DecoderPass) {
        eachToken(pass) { row, position in
            let queries = qkv.start + row * qkv.columns
            let keys = queries + attention.heads
            queryNorm?.apply(to: queries, count: attention.headCount, pass)
            keyNorm?.apply(to: keys, count: attention.groupCount, pass)
            pass.rotations.turn(queries, headCount: attention.headCount, token: position)
            pass.rotations.turn(keys, headCount: attention.groupCount, token: position)
        }
    }

    /// Replaces the gradient behind ``turn(_:_:)`` by the one before it.
    private func turnBack(
        _ gradient: Tensor, _ raw: Tensor?, _ pass: DecoderPass,
        _ gradients: UnsafeMutablePointer<Float>?
    ) {
        eachToken(pass) { row, position in
            let queries = gradient.start + row * gradient.columns
            pass.rotations.turnBack(queries, headCount: attention.headCount, token: position)
            pass.rotations.turnBack(
                queries + attention.heads, headCount: attention.groupCount, token: position)
        }
        guard let raw else { return }
        for (norm, column, count) in [
            (queryNorm, 0, attention.headCount),
            (keyNorm, attention.heads, attention.groupCount),
        ] {
            norm?.backward(
                DecoderNorm.Vectors(start: raw.start + column, stride: raw.columns, count: count),
                DecoderNorm.Vectors(
                    start: gradient.start + column, stride: gradient.columns, count: count),
                tokens: raw.rows, pass, gradients)
        }
    }

    private func activate(_ hidden: Tensor, _ pass: DecoderPass) -> Tensor {
        let half = hidden.columns / 2
        let activated = Tensor(rows: hidden.rows, columns: half)
        let functions = pass.work.kernels.functions
        pass.work.eachRows(hidden.rows) { rows in
            for row in rows {
                let gate = hidden.start + row * hidden.columns
                let out = activated.start + row * half
                out.update(from: gate, count: half)
                functions.swiglu(out, gate + half, half)
            }
        }
        return activated
    }

    private func activateBack(
        _ hidden: Tensor, _ gradient: Tensor, _ pass: DecoderPass
    ) -> Tensor {
        let half = hidden.columns / 2
        let result = Tensor(rows: hidden.rows, columns: hidden.columns)
        let functions = pass.work.kernels.functions
        pass.work.eachRows(hidden.rows) { rows in
            for row in rows {
                let (gate, out) = (
                    hidden.start + row * hidden.columns, result.start + row * hidden.columns
                )
                functions.swiglu_gradient(
                    out, out + half, gradient.start + row * half, gate, gate + half, half)
            }
        }
        return result
    }

    /// Returns the gradient at x for the one at y, which is overwritten, and sums the parameters' if they are wanted.
    ///
    /// Returns nil if the one at x is not wanted.
    func backward(
        _ tape: Tape, _ gradient: Tensor, _ pass: DecoderPass,
        _ gradients: UnsafeMutablePointer<Float>?, wantsInput: Bool
    ) -> Tensor? {
        guard let inner = contraction.backward(tape.activated, gradient, pass, gradients),
            let h = input.backward(
                tape.normedH, activateBack(tape.hidden, inner, pass), pass, gradients)
        else { return nil }
        feedForwardNorm.backward(tape.h, h, pass, gradients)
        pass.work.add(gradient, to: h)
        guard let heads = output.backward(tape.heads, h, pass, gradients) else { return nil }
        let qkv = attention.backward(tape.qkv, heads, pass)
        turnBack(qkv, tape.raw, pass, gradients)
        guard
            let x = projection.backward(
                tape.normed, qkv, pass, gradients, wantsInput: wantsInput)
        else { return nil }
        attentionNorm.backward(tape.x, x, pass, gradients)
        pass.work.add(h, to: x)
        return x
    }
}
