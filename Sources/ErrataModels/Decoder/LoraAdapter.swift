import CErrataKernels

/// A low-rank update of a decoder (Hu and others 2021, section 4.1), as PEFT writes it: W + scale · B A.
///
/// Merged into the weights when a decoder is loaded, or held by a sequence's cache and applied while it
/// runs: then many adapters share one base, also inside one batch.
package final class LoraAdapter: Sendable {
    private static let prefix = "base_model.model."

    /// The update of one map.
    struct Update: Sendable {
        let rank: Int
        let scale: Float
        /// A, (rank, inputs).
        let down: [Float]
        /// B, (outputs, rank).
        let up: [Float]
        /// x Aᵀ, and what follows of it.
        private let first: Linear
        private let second: Linear

        init(rank: Int, scale: Float, down: [Float], up: [Float], kernels: Kernels) {
            self.rank = rank
            self.scale = scale
            self.down = down
            self.up = up
            first = Linear(
                weight: down, bias: [Float](repeating: 0, count: rank), inputs: down.count / rank,
                kernels: kernels)
            second = Linear(
                weight: up, bias: [Float](repeating: 0, count: up.count / rank), inputs: rank,
                kernels: kernels)
        }

        /// Adds scale · B A x to columns of y from `column` on, for some rows.
        func add(_ x: Matrix, rows: Range<Int>, to y: inout Matrix, column: Int) {
            var part: [Float] = []
            part.reserveCapacity(rows.count * first.inputs)
            for row in rows {
                part += x.values[row * x.columns..<row * x.columns + first.inputs]
            }
            let update = second(
                first(Matrix(rows: rows.count, columns: first.inputs, values: part)))
            for (index, row) in rows.enumerated() {
                let start = row * y.columns + column
                for i in 0..<update.columns {
                    y.values[start + i] += scale * update.values[index * update.columns + i]
                }
            }
        }
    }

    /// The directory's last component.
    package let name: String
    /// The files that it was read from.
    let sources: [SourceFile]
    private let configuration: LoraConfiguration
    /// One a layer.
    private let updates: [[DecoderModule: Update]]

    /// Reads `adapter_config.json` and `adapter_model.safetensors`, an adapter of `base`.
    package init(
        directory: String, base: DecoderConfiguration, kernels: Kernels
    ) throws(ModelError) {
        var files = ModelFiles(directory: directory)
        name = files.name
        let config = "adapter_config.json"
        configuration = try LoraConfiguration(
            try JSONReader.object(try files.bytes(config), place: config))
        let tensors = try SafeTensors(try files.map("adapter_model.safetensors"))
        updates = try Self.updates(tensors, configuration, base, kernels)
        sources = files.sources
    }

    private static func updates(
        _ tensors: SafeTensors, _ configuration: LoraConfiguration, _ base: DecoderConfiguration,
        _ kernels: Kernels
    ) throws(ModelError) -> [[DecoderModule: Update]] {
        var unused = Set(tensors.shapes.keys)
        var updates: [[DecoderModule: Update]] = []
        for layer in 0..<base.layerCount {
            var own: [DecoderModule: Update] = [:]
            for module in configuration.modules {
                let stem = "\(prefix)model.layers.\(layer).\(module.path)"
                let (downName, upName) = WeightDelta.factors(of: stem)
                let shape = module.shape(base)
                own[module] = Update(
                    rank: configuration.rank, scale: configuration.scale,
                    down: try tensors.floats(downName, shape: [configuration.rank, shape[1]]),
                    up: try tensors.floats(upName, shape: [shape[0], configuration.rank]),
                    kernels: kernels)
                unused.remove(downName)
                unused.remove(upName)
            }
            updates.append(own)
        }
        if let tensor = unused.min() {
            throw ModelError(.mismatch, "\(tensors.name): nothing uses tensor '\(tensor)'")
        }
        return updates
    }

    /// Returns what the adapter does to a map, or nil if nothing.
    func update(_ module: DecoderModule, layer: Int) -> Update? { updates[layer][module] }

    /// Whether it fits a decoder's layers.
    func fits(_ configuration: DecoderConfiguration) -> Bool {
        updates.count == configuration.layerCount
            && updates.allSatisfy { layer in
                layer.allSatisfy { module, update in
                    let shape = module.shape(configuration)
                    return update.up.count == shape[0] * update.rank
                        && update.down.count == shape[1] * update.rank
                }
            }
    }
}
