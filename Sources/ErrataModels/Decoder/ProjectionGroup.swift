import CErrataKernels

/// One linear map of a decoder.
struct Projection: Sendable {
    let weight: PackedWeight
    let bias: [Float]?
}

/// Maps of one input, whose outputs lie side by side: queries, keys and values, or gate and up.
struct ProjectionGroup: Sendable {
    private let projections: [Projection]
    /// First column of each, and the end.
    private let starts: [Int]
    private let inputs: Int
    private let wantsRoundedInputs: Bool
    private let pool: WorkerPool
    private let kernels: Kernels

    init(_ projections: [Projection], pool: WorkerPool, kernels: Kernels) {
        self.projections = projections
        self.pool = pool
        self.kernels = kernels
        inputs = projections[0].weight.inputs
        var starts = [0]
        for projection in projections {
            precondition(projection.weight.inputs == inputs)
            starts.append(starts[starts.count - 1] + projection.weight.outputs)
        }
        self.starts = starts
        wantsRoundedInputs = projections.contains { $0.weight.wantsRoundedInputs }
    }

    var outputs: Int { starts[starts.count - 1] }

    var byteCount: Int {
        projections.reduce(0) { $0 + $1.weight.byteCount + 4 * ($1.bias?.count ?? 0) }
    }

    /// Returns (rows, outputs) for the first `inputs` columns of x.
    func callAsFunction(_ x: Matrix) -> Matrix {
        precondition(x.columns >= inputs)
        return Matrix(rows: x.rows, columns: outputs) { y in
            x.values.withUnsafeBufferPointer { values in
                guard let values = values.baseAddress else { return }
                guard wantsRoundedInputs else {
                    return multiply(
                        ProjectionInput(
                            rows: x.rows, stride: x.columns, values: values, rounded: nil), to: y)
                }
                round(values, rows: x.rows, stride: x.columns) { multiply($0, to: y) }
            }
        }
    }

    /// Calls `body` with the rows as they are and in 8 bits.
    private func round(
        _ values: UnsafePointer<Float>, rows: Int, stride: Int, _ body: (ProjectionInput) -> Void
    ) {
        let depth = (inputs + 3) / 4 * 4
        withUnsafeTemporaryAllocation(of: Int8.self, capacity: rows * depth) { rounded in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: rows) { scales in
                guard let rounded = rounded.baseAddress, let scales = scales.baseAddress
                else { return }
                let functions = kernels.functions
                for row in 0..<rows {
                    functions.quantize_rows(
                        rounded + row * depth, scales + row, values + row * stride, 1, inputs,
                        depth)
                }
                body(
                    ProjectionInput(
                        rows: rows, stride: stride, values: values,
                        rounded: (UnsafePointer(rounded), UnsafePointer(scales))))
            }
        }
    }

    /// Splits the panels of all maps among the threads.
    private func multiply(_ x: ProjectionInput, to y: UnsafeMutablePointer<Float>) {
        let panel = Int(ERRATA_PANEL_WIDTH)
        let panels = projections.map { ($0.weight.outputs + panel - 1) / panel }
        let products = panel * inputs * max(x.rows, 1)
        // The threads write different columns of y, and only read x.
        nonisolated(unsafe) let (x, y) = (x, y)
        pool.run(panels.reduce(0, +), grain: WorkerPool?.pieceProductCount / products + 1) {
            range in
            var first = 0
            for (number, projection) in projections.enumerated() {
                let own = range.clamped(to: first..<first + panels[number])
                let start = (own.lowerBound - first) * panel
                let end = (own.upperBound - first) * panel
                first += panels[number]
                guard !own.isEmpty else { continue }
                let columns = start..<min(end, projection.weight.outputs)
                multiply(projection, x, to: y + starts[number], columns: columns)
            }
        }
    }

    private func multiply(
        _ projection: Projection, _ x: ProjectionInput, to y: UnsafeMutablePointer<Float>,
        columns: Range<Int>
    ) {
        guard let bias = projection.bias else {
            return projection.weight.multiply(
                x, bias: nil, to: y, stride: outputs, columns: columns, kernels: kernels)
        }
        bias.withUnsafeBufferPointer { bias in
            projection.weight.multiply(
                x, bias: bias.baseAddress, to: y, stride: outputs, columns: columns,
                kernels: kernels)
        }
    }
}
