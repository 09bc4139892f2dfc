import CErrataKernels
import ErrataModels

/// A matrix of floats in memory of its own, (rows, columns), row after row.
///
/// A class and not ``Matrix``: backward passes write gradients in place, and a copy made by accident
/// would cost more than the arithmetic.
// One thread fills a tensor before others see it; after that it is only read. What one pass of the
// network makes stays on the thread of that pass.
package final class Tensor: @unchecked Sendable {
    package let rows: Int
    package let columns: Int
    package let start: UnsafeMutablePointer<Float>

    package var count: Int { rows * columns }

    package var byteCount: Int { count * MemoryLayout<Float>.stride }

    /// Makes a tensor whose elements have yet to be written.
    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        start = TensorMemory.take(rows * columns)
    }

    /// Makes a tensor of zeros.
    package static func zeros(rows: Int, columns: Int) -> Tensor {
        let tensor = Tensor(rows: rows, columns: columns)
        tensor.start.initialize(repeating: 0, count: tensor.count)
        return tensor
    }

    /// Returns a tensor of the same values.
    func copy() -> Tensor {
        let tensor = Tensor(rows: rows, columns: columns)
        tensor.start.initialize(from: start, count: count)
        return tensor
    }

    /// Makes a tensor of the values of an array.
    package convenience init(rows: Int, columns: Int, _ values: [Float]) {
        precondition(values.count == rows * columns)
        self.init(rows: rows, columns: columns)
        values.withUnsafeBufferPointer { buffer in
            if let source = buffer.baseAddress {
                start.initialize(from: source, count: values.count)
            }
        }
    }

    deinit { TensorMemory.giveBack(start, rows * columns) }

    package var values: [Float] { Array(UnsafeBufferPointer(start: start, count: count)) }

    /// Adds a tensor of the same shape.
    func add(_ other: Tensor, _ kernels: Kernels) {
        precondition(count == other.count)
        kernels.functions.add(start, other.start, count)
    }

    /// Returns the transpose of columns `range`.
    func transposed(columns range: Range<Int>) -> Tensor {
        let result = Tensor(rows: range.count, columns: rows)
        errata_transpose(
            result.start, start + range.lowerBound, columns, rows, range.count)
        return result
    }

    /// Multiplies all elements.
    func scale(by factor: Float) {
        for i in 0..<count { start[i] *= factor }
    }
}
