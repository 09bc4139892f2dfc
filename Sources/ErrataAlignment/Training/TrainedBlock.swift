import CErrataKernels
import ErrataModels

/// One post-norm transformer block with its gradients; see ``BertBlock``.
///
///     h = norm(x + attention(x))
///     y = norm(h + feedForward(h))
struct TrainedBlock {
    private let projection: TrainedLinear
    private let attention: TrainedAttention
    private let output: TrainedLinear
    private let attentionNorm: TrainedNorm
    private let intermediate: TrainedLinear
    private let contraction: TrainedLinear
    private let norm: TrainedNorm
    private let kernels: Kernels

    /// What the backward pass needs of a forward pass.
    struct Tape {
        let x: Tensor
        let qkv: Tensor
        let probabilities: TrainedAttention.Probabilities
        let heads: Tensor
        let attended: Tensor
        let h: Tensor
        let inner: Tensor
        let activated: Tensor
        let sum: Tensor
    }

    init(
        _ prefix: String, _ configuration: BertConfiguration, method: TrainingMethod,
        table: inout ParameterTable, random: inout SeededGenerator, kernels: Kernels,
        tensor: (String) throws(ModelError) -> [Float]
    ) throws(ModelError) {
        let width = configuration.width
        let part = prefix + "attention.self."
        func norm(_ name: String, _ table: inout ParameterTable) throws(ModelError) -> TrainedNorm {
            try TrainedNorm(
                prefix + name, epsilon: configuration.layerNormEpsilon, table: &table,
                kernels: kernels, tensor: tensor)
        }
        projection = try TrainedLinear(
            [part + "query", part + "key", part + "value"], inputs: width, method: method,
            table: &table, random: &random, kernels: kernels, tensor: tensor)
        attention = TrainedAttention(
            headCount: configuration.headCount, width: width, kernels: kernels)
        output = try TrainedLinear(
            [prefix + "attention.output.dense"], inputs: width, method: method, table: &table,
            random: &random, kernels: kernels, tensor: tensor)
        attentionNorm = try norm("attention.output.LayerNorm", &table)
        intermediate = try TrainedLinear(
            [prefix + "intermediate.dense"], inputs: width, method: method, table: &table,
            random: &random, kernels: kernels, tensor: tensor)
        contraction = try TrainedLinear(
            [prefix + "output.dense"], inputs: configuration.intermediateWidth, method: method,
            table: &table, random: &random, kernels: kernels, tensor: tensor)
        self.norm = try norm("output.LayerNorm", &table)
        self.kernels = kernels
    }

    func prepare(_ values: UnsafePointer<Float>) {
        for linear in [projection, output, intermediate, contraction] { linear.prepare(values) }
    }

    /// Returns (tokens, width) for x, (tokens, width).
    func callAsFunction(
        _ x: Tensor, sentences: [Range<Int>], _ values: UnsafePointer<Float>
    ) -> (y: Tensor, tape: Tape) {
        let qkv = projection(x)
        let (heads, probabilities) = attention(qkv, sentences: sentences)
        let attended = output(heads)
        attended.add(x, kernels)
        let h = attentionNorm(attended, values)
        let inner = intermediate(h)
        let activated = Tensor(rows: inner.rows, columns: inner.columns)
        activated.start.initialize(from: inner.start, count: inner.count)
        kernels.functions.gelu(activated.start, activated.count)
        let sum = contraction(activated)
        sum.add(h, kernels)
        let tape = Tape(
            x: x, qkv: qkv, probabilities: probabilities, heads: heads, attended: attended, h: h,
            inner: inner, activated: activated, sum: sum)
        return (norm(sum, values), tape)
    }

    /// Returns the gradient at x for the one at y, which is overwritten, and writes the parameters'.
    func backward(
        _ tape: Tape, _ gradient: Tensor, sentences: [Range<Int>],
        _ values: UnsafePointer<Float>, into gradients: UnsafeMutablePointer<Float>
    ) -> Tensor {
        norm.backward(tape.sum, gradient, values, into: gradients)
        let inner = contraction.backward(tape.activated, gradient, into: gradients)
        kernels.functions.gelu_gradient(inner.start, tape.inner.start, inner.count)
        let h = intermediate.backward(tape.h, inner, into: gradients)
        h.add(gradient, kernels)
        attentionNorm.backward(tape.attended, h, values, into: gradients)
        let heads = output.backward(tape.heads, h, into: gradients)
        let qkv = attention.backward(
            tape.qkv, tape.probabilities, heads, sentences: sentences)
        let x = projection.backward(tape.x, qkv, into: gradients)
        x.add(h, kernels)
        return x
    }
}
