package import ErrataModels

/// How a decoder is trained.
package enum DecoderMethod: Equatable, Sendable {
    /// All its numbers change.
    case full
    /// Low-rank updates of some of its maps (LoRA, Hu et al. 2021); the rest stays.
    case lora(LoraSettings)
}

/// Numbers of a checkpoint: trained ones lie among the parameters, frozen ones by themselves.
struct CheckpointValues: Sendable {
    private enum Place: Sendable {
        case trained(Range<Int>)
        case frozen(Tensor)
    }

    private let place: Place

    init(trained range: Range<Int>) { place = .trained(range) }

    init(frozen values: [Float]) {
        place = .frozen(Tensor(rows: 1, columns: values.count, values))
    }

    func start(_ values: UnsafePointer<Float>) -> UnsafePointer<Float> {
        switch place {
        case .trained(let range): values + range.lowerBound
        case .frozen(let tensor): UnsafePointer(tensor.start)
        }
    }

    /// Where the gradient is summed, or nil if the numbers stay or are out of focus.
    func gradient(
        _ gradients: UnsafeMutablePointer<Float>?, _ pass: DecoderPass
    ) -> UnsafeMutablePointer<Float>? {
        guard case .trained(let range) = place else { return nil }
        if let focus = pass.focus,
            range.lowerBound < focus.lowerBound || range.upperBound > focus.upperBound
        {
            return nil
        }
        return gradients.map { $0 + range.lowerBound }
    }
}

/// Hands a checkpoint's tensors out to layers, and remembers in a table which of them are trained.
struct DecoderParameters {
    let source: DecoderSource
    let method: DecoderMethod
    var table: ParameterTable
    private var random: SeededGenerator

    init(_ source: DecoderSource, _ method: DecoderMethod, seed: UInt64) {
        self.source = source
        self.method = method
        table = ParameterTable()
        random = SeededGenerator(seed: seed)
        if method == .full {
            table.values.reserveCapacity(source.shapes.values.reduce(0) { $0 + $1.reduce(1, *) })
        }
    }

    /// Returns a tensor of the checkpoint.
    mutating func values(_ name: String) throws(ModelError) -> CheckpointValues {
        let values = try source.floats(name)
        guard method == .full, let shape = source.shapes[name] else {
            return CheckpointValues(frozen: values)
        }
        // Matrices decay, norms and biases do not.
        return CheckpointValues(
            trained: table.add(
                name, shape: shape, values, group: .decoder, decays: shape.count > 1))
    }

    /// Returns the low-rank update of a map, or nil if it has none.
    ///
    /// Starts as PEFT does: A uniform (He et al. 2015, a = √5), B zero.
    mutating func update(_ module: DecoderModule, layer: Int) -> LowRankUpdate? {
        guard case .lora(let settings) = method, settings.modules.contains(module) else {
            return nil
        }
        let shape = module.shape(source.configuration)
        let stem = "base_model.model.model.layers.\(layer).\(module.path)"
        let (down, up) = WeightDelta.factors(of: stem)
        let bound = 1 / Float(shape[1]).squareRoot()
        let first = (0..<settings.rank * shape[1]).map { _ in random.uniform(-bound...bound) }
        return LowRankUpdate(
            rank: settings.rank, inputs: shape[1], outputs: shape[0], scale: settings.scale,
            dropout: Dropout(
                rate: settings.dropout, layer: layer,
                place: DecoderModule.allCases.firstIndex(of: module) ?? 0),
            down: table.add(
                down, shape: [settings.rank, shape[1]], first, group: .decoder, decays: true),
            up: table.add(
                up, shape: [shape[0], settings.rank],
                [Float](repeating: 0, count: shape[0] * settings.rank), group: .decoder,
                decays: true))
    }
}
