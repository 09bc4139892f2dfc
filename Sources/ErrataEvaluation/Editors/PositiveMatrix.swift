package import ErrataModels

/// The factor L of a symmetric positive definite matrix L Lᵀ (Cholesky), to solve equations with.
package struct PositiveMatrix: Sendable {
    package let size: Int
    /// (size, size), zero above the diagonal.
    private let factor: [Double]

    /// Factors a matrix, of which only the lower half is read.
    ///
    /// Throws `malformed` if it is not positive definite.
    package init(_ matrix: [Double], size: Int) throws(ModelError) {
        precondition(matrix.count == size * size)
        self.size = size
        var factor = matrix
        let isDefinite = factor.withUnsafeMutableBufferPointer { factor in
            guard let start = factor.baseAddress else { return true }
            return Self.decompose(start, size)
        }
        guard isDefinite else {
            throw ModelError(
                .malformed, "the keys' second moments have no inverse",
                hint: "Give a larger sample of texts, or a larger ridge.")
        }
        self.factor = factor
    }

    private static func decompose(_ l: UnsafeMutablePointer<Double>, _ size: Int) -> Bool {
        for row in 0..<size {
            let a = l + row * size
            for column in 0..<row {
                let b = l + column * size
                a[column] = (a[column] - dot(a, b, column)) / b[column]
            }
            let square = a[row] - dot(a, a, row)
            guard square > 0, square.isFinite else { return false }
            a[row] = square.squareRoot()
            for column in row + 1..<max(size, row + 1) { a[column] = 0 }
        }
        return true
    }

    /// Four sums, so that one does not wait for the other.
    static func dot(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int
    ) -> Double {
        var sums = SIMD4<Double>()
        var i = 0
        while i + 4 <= count {
            sums +=
                SIMD4(a[i], a[i + 1], a[i + 2], a[i + 3])
                * SIMD4(b[i], b[i + 1], b[i + 2], b[i + 3])
            i += 4
        }
        var sum = sums.sum()
        while i < count {
            sum += a[i] * b[i]
            i += 1
        }
        return sum
    }

    /// Returns x with (L Lᵀ) x = b.
    package func solve(_ b: [Double]) -> [Double] {
        precondition(b.count == size)
        var x = b
        factor.withUnsafeBufferPointer { factor in
            x.withUnsafeMutableBufferPointer { x in
                guard let l = factor.baseAddress, let x = x.baseAddress else { return }
                for row in 0..<size {
                    x[row] = (x[row] - Self.dot(l + row * size, x, row)) / l[row * size + row]
                }
                for row in (0..<size).reversed() {
                    let a = l + row * size
                    x[row] /= a[row]
                    for column in 0..<row { x[column] -= a[column] * x[row] }
                }
            }
        }
        return x
    }
}
