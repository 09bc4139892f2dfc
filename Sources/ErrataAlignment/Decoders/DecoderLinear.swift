import CErrataKernels
import ErrataModels

/// Linear maps of one input, their outputs side by side, with their gradients.
///
///     y = x Wᵀ + b
///     dx = dy W,  dW = dyᵀ x,  db = Σ dy
///
/// Weights are used as they lie in the checkpoint: no second copy is held.
struct DecoderLinear: Sendable {
    private struct Part: Sendable {
        let outputs: Int
        /// Its first column in y.
        let column: Int
        let weight: CheckpointValues
        let bias: CheckpointValues?
        let update: LowRankUpdate?
    }

    let inputs: Int
    let outputs: Int
    private let parts: [Part]

    init(
        _ modules: [DecoderModule], layer: Int, _ parameters: inout DecoderParameters
    ) throws(ModelError) {
        let configuration = parameters.source.configuration
        var parts: [Part] = []
        var column = 0
        for module in modules {
            let name = "model.layers.\(layer).\(module.path)"
            let outputs = module.shape(configuration)[0]
            let weight = try parameters.values(name + ".weight")
            let bias =
                module.hasBias(configuration) ? try parameters.values(name + ".bias") : nil
            parts.append(
                Part(
                    outputs: outputs, column: column, weight: weight, bias: bias,
                    update: parameters.update(module, layer: layer)))
            column += outputs
        }
        self.parts = parts
        inputs = modules[0].shape(configuration)[1]
        outputs = column
    }

    /// Returns (tokens, outputs) for x, (tokens, inputs).
    func callAsFunction(_ x: Tensor, _ pass: DecoderPass) -> Tensor {
        let y = Tensor(rows: x.rows, columns: outputs)
        let left = pass.work.left(x.start, stride: inputs, rows: x.rows, depth: inputs)
        for part in parts {
            pass.work.multiply(
                left, columns: part.outputs,
                .transposed(part.weight.start(pass.values), stride: inputs),
                bias: part.bias?.start(pass.values), into: y.start + part.column, outputs)
            part.update?.add(x, to: y, column: part.column, pass)
        }
        return y
    }

    /// Sums the gradients of the parameters, if they are wanted.
    ///
    /// Returns the gradient at x, or nil if it is not wanted.
    func backward(
        _ x: Tensor, _ dy: Tensor, _ pass: DecoderPass,
        _ gradients: UnsafeMutablePointer<Float>?, wantsInput: Bool = true
    ) -> Tensor? {
        let dx = wantsInput ? Tensor(rows: x.rows, columns: inputs) : nil
        for (index, part) in parts.enumerated() {
            if let gradient = part.weight.gradient(gradients, pass) {
                let turned = pass.work.left(
                    transposing: dy.start + part.column, stride: outputs, rows: part.outputs,
                    depth: x.rows)
                pass.work.multiply(
                    turned, columns: inputs, .rows(x.start, stride: inputs), into: gradient,
                    inputs, adding: true)
            }
            if let gradient = part.bias?.gradient(gradients, pass) {
                for row in 0..<dy.rows {
                    pass.work.kernels.functions.add(
                        gradient, dy.start + row * outputs + part.column, part.outputs)
                }
            }
            guard let dx else { continue }
            let left = pass.work.left(
                dy.start + part.column, stride: outputs, rows: x.rows, depth: part.outputs)
            pass.work.multiply(
                left, columns: inputs,
                .rows(part.weight.start(pass.values), stride: inputs), into: dx.start, inputs,
                adding: index > 0)
        }
        for part in parts {
            part.update?.backward(
                x, dy, column: part.column, pass, gradients, addingTo: dx)
        }
        return dx
    }
}
