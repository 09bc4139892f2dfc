import CErrataKernels

/// A matrix of floats, (rows, columns), row after row.
///
/// Rows are tokens in most places.
package struct Matrix: Sendable {
    package let rows: Int
    package let columns: Int
    package internal(set) var values: [Float]

    package init(rows: Int, columns: Int, values: [Float]) {
        precondition(values.count == rows * columns)
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// Makes a matrix that `body` fills completely.
    init(rows: Int, columns: Int, filledBy body: (UnsafeMutablePointer<Float>) -> Void) {
        self.rows = rows
        self.columns = columns
        values = [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
            if let start = buffer.baseAddress { body(start) }
            count = rows * columns
        }
    }

    package subscript(row: Int) -> ArraySlice<Float> {
        values[row * columns..<(row + 1) * columns]
    }

    /// Adds matrices of one shape.
    package func adding(_ other: Matrix, _ kernels: Kernels) -> Matrix {
        precondition(rows == other.rows)
        precondition(columns == other.columns)
        var sum = values
        kernels.functions.add(&sum, other.values, sum.count)
        return Matrix(rows: rows, columns: columns, values: sum)
    }
}
