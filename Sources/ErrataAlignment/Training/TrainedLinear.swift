import CErrataKernels
import ErrataModels

/// Affine maps of one input, their outputs one after the other, with their gradients.
///
///     y = x Wᵀ + b
///     dx = dy W,  dW = dyᵀ x,  db = Σ dy
///
/// In low-rank training (LoRA, Hu et al. 2021, section 4.1) W = W_0 + s B A, W_0 and b stay, and
///
///     dB = s dyᵀ (x Aᵀ),  dA = s (dy B)ᵀ x
///
/// B is kept transposed, (rank, outputs), so that both gradients are products without a transposed
/// large factor.
struct TrainedLinear {
    /// One map: rows of the stacked W.
    private struct Part {
        let outputs: Int
        /// Full training: W and b in the parameters.
        var weight = 0..<0
        var bias = 0..<0
        /// Low-rank training: Bᵀ, (rank, outputs).
        var up = 0..<0
    }

    /// What the maps compute with until the parameters change.
    // Written in `prepare` by one thread between steps, read by all during one.
    private final class Prepared: @unchecked Sendable {
        var forward: [Float] = []
        var backward: [Float] = []
        var bias: [Float] = []
        /// Low-rank: A packed, stacked, for x Aᵀ, and each part's Bᵀ for dy B.
        var down: [Float] = []
        var ups: [[Float]] = []
    }

    let inputs: Int
    let outputs: Int
    private let kernels: Kernels
    private let rank: Int
    private let scale: Float
    private let baseWeight: [Float]
    private let baseBias: [Float]
    private var parts: [Part] = []
    /// Low-rank: the parts' A one after the other, (parts * rank, inputs).
    private var down = 0..<0
    private let prepared = Prepared()

    /// Takes the maps `names` of a checkpoint (`name.weight`, `name.bias`).
    ///
    /// `tensor` returns a tensor of the checkpoint; `table` receives the parameters.
    init(
        _ names: [String], inputs: Int, method: TrainingMethod, table: inout ParameterTable,
        random: inout SeededGenerator, kernels: Kernels,
        tensor: (String) throws(ModelError) -> [Float]
    ) throws(ModelError) {
        self.inputs = inputs
        self.kernels = kernels
        var weights: [[Float]] = []
        var biases: [[Float]] = []
        for name in names {
            weights.append(try tensor(name + ".weight"))
            biases.append(try tensor(name + ".bias"))
        }
        outputs = biases.reduce(0) { $0 + $1.count }
        switch method {
        case .full:
            (rank, scale, baseWeight, baseBias) = (0, 0, [], [])
            for (i, name) in names.enumerated() {
                let outputs = biases[i].count
                var part = Part(outputs: outputs)
                part.weight = table.add(
                    name + ".weight", shape: [outputs, inputs], weights[i], decays: true)
                part.bias = table.add(name + ".bias", shape: [outputs], biases[i])
                parts.append(part)
            }
        case .lowRank(let rank, let scale):
            (self.rank, self.scale) = (rank, scale)
            (baseWeight, baseBias) = (weights.flatMap(\.self), biases.flatMap(\.self))
            // PEFT's start: A uniform (He et al. 2015, a = sqrt 5), B zero.
            let bound = 1 / Float(inputs).squareRoot()
            for name in names {
                let initial = (0..<rank * inputs).map { _ in random.uniform(-bound...bound) }
                let range = table.add(
                    name + ".lora_A.weight", shape: [rank, inputs], initial, decays: true)
                down = (down.isEmpty ? range.lowerBound : down.lowerBound)..<range.upperBound
            }
            for (i, name) in names.enumerated() {
                let outputs = biases[i].count
                var part = Part(outputs: outputs)
                part.up = table.add(
                    name + ".lora_B.transposed", shape: [rank, outputs],
                    [Float](repeating: 0, count: rank * outputs), decays: true)
                parts.append(part)
            }
        }
    }

    /// Reads the parameters anew: call it after every step of the optimizer.
    func prepare(_ values: UnsafePointer<Float>) {
        var weight = baseWeight
        var bias = baseBias
        prepared.ups = []
        if rank == 0 {
            for part in parts {
                weight += UnsafeBufferPointer(
                    start: values + part.weight.lowerBound, count: part.weight.count)
                bias += UnsafeBufferPointer(
                    start: values + part.bias.lowerBound, count: part.bias.count)
            }
        } else {
            addUpdates(to: &weight, values)
            prepared.down = pack(values + down.lowerBound, parts.count * rank, inputs)
            prepared.ups = parts.map { pack(values + $0.up.lowerBound, rank, $0.outputs) }
        }
        prepared.bias = bias
        weight.withUnsafeBufferPointer { weight in
            guard let weight = weight.baseAddress else { return }
            prepared.forward = pack(weight, outputs, inputs)
            prepared.backward = [Float](
                unsafeUninitializedCapacity: errata_packed_count(inputs, outputs)
            ) { buffer, count in
                count = errata_packed_count(inputs, outputs)
                if let start = buffer.baseAddress {
                    errata_pack_rows(start, weight, inputs, outputs)
                }
            }
        }
    }

    /// Adds s B A of every part to its rows, with the arithmetic of ``WeightDelta``.
    private func addUpdates(to weight: inout [Float], _ values: UnsafePointer<Float>) {
        var row = 0
        for (i, part) in parts.enumerated() {
            let up = Tensor(rows: part.outputs, columns: rank)
            errata_transpose(
                up.start, values + part.up.lowerBound, part.outputs, rank, part.outputs)
            let down = UnsafeBufferPointer(
                start: values + self.down.lowerBound + i * rank * inputs, count: rank * inputs)
            let rows = row * inputs..<(row + part.outputs) * inputs
            weight.replaceSubrange(
                rows,
                with: WeightDelta.merged(
                    Array(weight[rows]), down: Array(down), up: up.values, rank: rank,
                    scale: scale, kernels: kernels))
            row += part.outputs
        }
    }

    private func pack(_ matrix: UnsafePointer<Float>, _ rows: Int, _ columns: Int) -> [Float] {
        let count = errata_packed_count(rows, columns)
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress { errata_pack(start, matrix, rows, columns) }
            initialized = count
        }
    }

    /// Returns (tokens, outputs) for x, (tokens, inputs).
    func callAsFunction(_ x: Tensor) -> Tensor {
        let y = Tensor(rows: x.rows, columns: outputs)
        multiply(
            x, x.columns, prepared.forward, outputs, inputs, bias: prepared.bias, into: y.start)
        return y
    }

    /// Returns the gradient at x and writes those of the parameters.
    func backward(_ x: Tensor, _ dy: Tensor, into gradients: UnsafeMutablePointer<Float>) -> Tensor
    {
        if rank == 0 {
            writeFull(x, dy, into: gradients)
        } else {
            writeLowRank(x, dy, into: gradients)
        }
        let dx = Tensor(rows: x.rows, columns: inputs)
        multiply(dy, outputs, prepared.backward, inputs, outputs, bias: nil, into: dx.start)
        return dx
    }

    private func writeFull(
        _ x: Tensor, _ dy: Tensor, into gradients: UnsafeMutablePointer<Float>
    ) {
        let packed = packRows(x)
        var column = 0
        for part in parts {
            let turned = dy.transposed(columns: column..<column + part.outputs)
            multiply(
                turned, x.rows, packed, inputs, x.rows, bias: nil,
                into: gradients + part.weight.lowerBound)
            let sums = gradients + part.bias.lowerBound
            sums.update(repeating: 0, count: part.outputs)
            for row in 0..<dy.rows {
                kernels.functions.add(sums, dy.start + row * outputs + column, part.outputs)
            }
            column += part.outputs
        }
    }

    private func writeLowRank(
        _ x: Tensor, _ dy: Tensor, into gradients: UnsafeMutablePointer<Float>
    ) {
        let tokens = x.rows
        let ranks = parts.count * rank
        let inner = Tensor(rows: tokens, columns: ranks)
        multiply(x, inputs, prepared.down, ranks, inputs, bias: nil, into: inner.start)
        let inside = inner.transposed(columns: 0..<ranks)
        inside.scale(by: scale)
        let outer = Tensor(rows: ranks, columns: tokens)
        var column = 0
        for (i, part) in parts.enumerated() {
            kernels.functions.gemm(
                rank, part.outputs, tokens, inside.start + i * rank * tokens, tokens,
                dy.start + column, outputs, Int(ERRATA_PANEL_WIDTH), nil,
                gradients + part.up.lowerBound, part.outputs)
            let back = Tensor(rows: tokens, columns: rank)
            kernels.functions.gemm(
                tokens, rank, part.outputs, dy.start + column, outputs, prepared.ups[i],
                Int(ERRATA_PANEL_WIDTH), part.outputs * Int(ERRATA_PANEL_WIDTH), nil, back.start,
                rank)
            errata_transpose(outer.start + i * rank * tokens, back.start, rank, tokens, rank)
            column += part.outputs
        }
        outer.scale(by: scale)
        multiply(
            outer, tokens, packRows(x), inputs, tokens, bias: nil,
            into: gradients + down.lowerBound)
    }

    private func packRows(_ x: Tensor) -> [Float] {
        let count = errata_packed_count(x.columns, x.rows)
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress {
                errata_pack_rows(start, x.start, x.columns, x.rows)
            }
            initialized = count
        }
    }

    /// Writes a b + bias, (a.rows, n), for a packed b, (k, n).
    private func multiply(
        _ a: Tensor, _ stride: Int, _ packed: [Float], _ n: Int, _ k: Int, bias: [Float]?,
        into c: UnsafeMutablePointer<Float>
    ) {
        let panel = Int(ERRATA_PANEL_WIDTH)
        kernels.functions.gemm(
            a.rows, n, k, a.start, stride, packed, panel, k * panel, bias, c, n)
    }
}
