/// What the reader says about hidden states: affine maps of the first token, and of each edit token.
struct ReaderHeads: Sendable {
    static let segmentName = "reader.segment.weight"
    static let names: [String] =
        ["scope", "direction", "span"].flatMap { ["reader.\($0).weight", "reader.\($0).bias"] }
        + [segmentName]

    private let scope: Linear
    private let direction: Linear
    private let span: Linear

    init(_ file: SafeTensors, width: Int, kernels: Kernels) throws(ModelError) {
        func linear(_ name: String, _ outputs: Int) throws(ModelError) -> Linear {
            Linear(
                weight: try file.floats("reader.\(name).weight", shape: [outputs, width]),
                bias: try file.floats("reader.\(name).bias", shape: [outputs]), inputs: width,
                kernels: kernels)
        }
        scope = try linear("scope", 1)
        direction = try linear("direction", 1)
        span = try linear("span", 2)
    }

    /// The logits of one pair.
    struct Logits {
        let scope: Float
        let direction: Float
        /// One a token of the edit.
        let starts: [Float]
        let ends: [Float]
    }

    /// Returns the logits of the pair whose hidden states are the rows `pair`.
    func callAsFunction(_ hidden: Matrix, pair: Range<Int>, edit: Range<Int>) -> Logits {
        let first = hidden.rows(pair.lowerBound..<pair.lowerBound + 1)
        let told = hidden.rows(
            pair.lowerBound + edit.lowerBound..<pair.lowerBound + edit.upperBound)
        let spans = span(told).values
        return Logits(
            scope: scope(first).values[0], direction: direction(first).values[0],
            starts: stride(from: 0, to: spans.count, by: 2).map { spans[$0] },
            ends: stride(from: 1, to: spans.count, by: 2).map { spans[$0] })
    }
}

extension Matrix {
    /// Returns a copy of some rows.
    func rows(_ range: Range<Int>) -> Matrix {
        Matrix(
            rows: range.count, columns: columns,
            values: Array(values[range.lowerBound * columns..<range.upperBound * columns]))
    }
}
