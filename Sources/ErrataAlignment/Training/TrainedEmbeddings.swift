import ErrataModels

/// Word, position and segment embeddings with their gradients; words never change.
struct TrainedEmbeddings: Sendable {
    private let width: Int
    private let word: [Float]
    private let position: [Float]
    /// Full training: the positions' place in the parameters.
    private let positionRange: Range<Int>?
    private let segmentRange: Range<Int>
    private let norm: TrainedNorm

    static let positionName = "embeddings.position_embeddings.weight"

    init(
        _ configuration: BertConfiguration, method: TrainingMethod, table: inout ParameterTable,
        kernels: Kernels, tensor: (String) throws(ModelError) -> [Float]
    ) throws(ModelError) {
        width = configuration.width
        word = try tensor("embeddings.word_embeddings.weight")
        position = try tensor(Self.positionName)
        positionRange =
            method == .full
            ? table.add(
                Self.positionName, shape: [configuration.positionCount, width], position,
                decays: true) : nil
        let types = try tensor("embeddings.token_type_embeddings.weight")
        // The question is BERT's first sentence, the edit its second, matches start like the rest.
        let first = types[0..<width]
        let second = configuration.tokenTypeCount > 1 ? types[width..<2 * width] : first
        segmentRange = table.add(
            "reader.segment.weight", shape: [PairTokenizer.Segment.allCases.count, width],
            Array(first) + second + first + second)
        norm = try TrainedNorm(
            "embeddings.LayerNorm", epsilon: configuration.layerNormEpsilon, table: &table,
            kernels: kernels, tensor: tensor)
    }

    /// Returns (tokens, width) and what was normalized.
    func callAsFunction(
        _ examples: [ReaderExample], _ values: UnsafePointer<Float>
    ) -> (y: Tensor, sum: Tensor) {
        let sum = Tensor(rows: examples.reduce(0) { $0 + $1.ids.count }, columns: width)
        let segment = values + segmentRange.lowerBound
        var row = sum.start
        position.withUnsafeBufferPointer { base in
            let fixed = base.baseAddress
            guard let position = positionRange.map({ values + $0.lowerBound }) ?? fixed else {
                return
            }
            for example in examples {
                for (place, id) in example.ids.enumerated() {
                    let word = Int(id) * width
                    let segment = segment + Int(example.segments[place]) * width
                    let position = position + place * width
                    for i in 0..<width { row[i] = self.word[word + i] + segment[i] + position[i] }
                    row += width
                }
            }
        }
        return (norm(sum, values), sum)
    }

    /// Adds the gradients of segments and positions for the one at y, which is overwritten.
    func backward(
        _ sum: Tensor, _ examples: [ReaderExample], _ gradient: Tensor,
        _ values: UnsafePointer<Float>, into gradients: UnsafeMutablePointer<Float>
    ) {
        norm.backward(sum, gradient, values, into: gradients)
        var row = gradient.start
        for example in examples {
            for place in example.ids.indices {
                let segment =
                    gradients + segmentRange.lowerBound + Int(example.segments[place]) * width
                for i in 0..<width { segment[i] += row[i] }
                if let positionRange {
                    let position = gradients + positionRange.lowerBound + place * width
                    for i in 0..<width { position[i] += row[i] }
                }
                row += width
            }
        }
    }
}
