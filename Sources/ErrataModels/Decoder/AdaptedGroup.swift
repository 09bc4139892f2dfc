/// A ``ProjectionGroup`` whose outputs take each sequence's adapter on.
struct AdaptedGroup: Sendable {
    private let group: ProjectionGroup
    private let layer: Int
    /// Each map with its first column.
    private let modules: [(module: DecoderModule, column: Int)]

    init(
        _ weights: DecoderWeights, _ modules: [DecoderModule], layer: Int, pool: WorkerPool
    ) throws(ModelError) {
        self.layer = layer
        var projections: [Projection] = []
        var columns: [(DecoderModule, Int)] = []
        var column = 0
        for module in modules {
            projections.append(try weights.projection(module, layer: layer))
            columns.append((module, column))
            column += module.shape(weights.configuration)[0]
        }
        self.modules = columns
        group = ProjectionGroup(projections, pool: pool, kernels: weights.kernels)
    }

    var byteCount: Int { group.byteCount }

    /// Returns the maps of x side by side; x may have columns past the maps' inputs.
    func callAsFunction(
        _ x: Matrix, _ pieces: [PassPiece], _ caches: [KeyValueCache]
    ) -> Matrix {
        var y = group(x)
        for piece in pieces {
            guard let adapter = caches[piece.sequence].adapter else { continue }
            for (module, column) in modules {
                adapter.update(module, layer: layer)?.add(
                    x, rows: piece.rows, to: &y, column: column)
            }
        }
        return y
    }
}
