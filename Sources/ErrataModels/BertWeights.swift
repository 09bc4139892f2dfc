/// The tensors of a BERT checkpoint, by their names in it.
///
/// The table of names is checked in both directions before anything is read: a tensor that is missing,
/// has another shape or is not used is an error.
package struct BertWeights {
    /// In many checkpoints, and used by nothing here: the positions 0, 1, 2, … and the head of the
    /// next-sentence task.
    static let unused: Set<String> = [
        positionsName, "pooler.dense.weight", "pooler.dense.bias",
    ]

    private let file: SafeTensors
    /// By the names in the file.
    private let shapes: [String: [Int]]
    private let family: BertConfiguration.Family
    private let kernels: Kernels
    private let delta: WeightDelta?
    private let precision: Linear.Precision
    private let memory = WeightMemory()

    package init(
        _ file: SafeTensors, _ configuration: BertConfiguration, kernels: Kernels,
        delta: WeightDelta? = nil, precision: Linear.Precision = .float32
    ) throws(ModelError) {
        self.file = file
        self.kernels = kernels
        self.delta = delta
        self.precision = precision
        family = configuration.family
        shapes = Self.shapes(configuration)
        let found = file.shapes
        if let name = Set(shapes.keys).subtracting(found.keys).min() {
            throw ModelError(.mismatch, "model.safetensors: tensor '\(name)' is missing")
        }
        if let name = Set(found.keys).subtracting(shapes.keys).subtracting(Self.unused).min() {
            throw ModelError(.mismatch, "model.safetensors: nothing uses tensor '\(name)'")
        }
    }

    /// Returns the name and shape of every tensor that the configuration asks for.
    package static func shapes(_ configuration: BertConfiguration) -> [String: [Int]] {
        let width = configuration.width
        let between = configuration.intermediateWidth
        var shapes: [String: [Int]] = [
            "embeddings.word_embeddings.weight": [configuration.vocabularyCount, width],
            "embeddings.position_embeddings.weight": [
                configuration.positionCount + configuration.family.firstPosition, width,
            ],
        ]
        if configuration.family == .mpnet {
            shapes[biasName] = [RelativeBias.bucketCount, configuration.headCount]
        } else {
            shapes["embeddings.token_type_embeddings.weight"] = [
                configuration.tokenTypeCount, width,
            ]
        }
        func norm(_ bert: String) {
            let name = configuration.family.name(of: bert)
            shapes[name + ".weight"] = [width]
            shapes[name + ".bias"] = [width]
        }
        func linear(_ bert: String, _ inputs: Int, _ outputs: Int) {
            let name = configuration.family.name(of: bert)
            shapes[name + ".weight"] = [outputs, inputs]
            shapes[name + ".bias"] = [outputs]
        }
        norm("embeddings.LayerNorm")
        for layer in 0..<configuration.layerCount {
            let prefix = "encoder.layer.\(layer)."
            for part in ["query", "key", "value"] {
                linear(prefix + "attention.self.\(part)", width, width)
            }
            linear(prefix + "attention.output.dense", width, width)
            norm(prefix + "attention.output.LayerNorm")
            linear(prefix + "intermediate.dense", width, between)
            linear(prefix + "output.dense", between, width)
            norm(prefix + "output.LayerNorm")
        }
        return shapes
    }

    /// The positions 0, 1, 2, …: nothing that was trained.
    static let positionsName = "embeddings.position_ids"
    private static let biasName = "encoder.relative_attention_bias.weight"

    /// Returns what MPNet adds to attention by distance; nil for BERT.
    func relativeBias(
        _ configuration: BertConfiguration
    ) throws(ModelError) -> RelativeBias? {
        guard family == .mpnet else { return nil }
        return RelativeBias(
            table: try floats(Self.biasName), headCount: configuration.headCount,
            positionCount: configuration.positionCount)
    }

    /// Returns the rows of the segments, (segments, width): BERT's token types; one of zeros for MPNet.
    func segments(_ configuration: BertConfiguration) throws(ModelError) -> [Float] {
        guard family == .bert else { return [Float](repeating: 0, count: configuration.width) }
        return try floats("embeddings.token_type_embeddings.weight")
    }

    /// Returns a tensor by the name that BERT has for it.
    package func floats(_ bert: String) throws(ModelError) -> [Float] {
        let name = family.name(of: bert)
        guard let shape = shapes[name] else { fatalError("unreachable: \(name) is in the table") }
        let values = try file.floats(name, shape: shape)
        guard let delta else { return values }
        return try delta.applied(to: values, name, shape: shape, kernels)
    }

    /// Returns the map whose outputs are those of the named ones, one after the other.
    func linear(_ names: String...) throws(ModelError) -> Linear {
        var weight: [Float] = []
        var bias: [Float] = []
        for name in names {
            weight += try floats(name + ".weight")
            bias += try floats(name + ".bias")
        }
        return Linear(
            weight: weight, bias: bias, inputs: weight.count / bias.count, precision: precision,
            kernels: kernels, memory: memory)
    }

    func layerNorm(_ name: String, epsilon: Float) throws(ModelError) -> LayerNorm {
        LayerNorm(
            weight: try floats(name + ".weight"), bias: try floats(name + ".bias"),
            epsilon: epsilon, kernels: kernels)
    }
}
