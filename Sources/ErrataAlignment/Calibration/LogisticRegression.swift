import Glibc

/// Fits probabilities to a few numbers: p = 1 / (1 + e^-(b + w · x)) (Cox 1958).
///
/// By Newton's method with a small ridge, which keeps the weights finite where the classes part cleanly.
package struct LogisticRegression: Equatable, Sendable {
    package let bias: Double
    package let weights: [Double]

    private static let ridge = 1e-3
    private static let iterationCountMax = 100

    /// Fits `rows`, all of one width, to whether each is a hit; needs hits and misses.
    package init?(_ rows: [[Double]], _ isHit: [Bool]) {
        precondition(rows.count == isHit.count)
        guard let width = rows.first?.count, Set(isHit).count == 2 else { return nil }
        var beta = [Double](repeating: 0, count: width + 1)
        for _ in 0..<Self.iterationCountMax {
            let (gradient, hessian) = Self.derivatives(rows, isHit, beta)
            guard let step = Self.solve(hessian, gradient) else { return nil }
            for i in beta.indices { beta[i] -= step[i] }
            if step.allSatisfy({ abs($0) < 1e-10 }) { break }
        }
        guard beta.allSatisfy(\.isFinite) else { return nil }
        bias = beta[0]
        weights = Array(beta[1...])
    }

    package func probability(_ row: [Double]) -> Double {
        1 / (1 + exp(-(bias + zip(weights, row).reduce(0) { $0 + $1.0 * $1.1 })))
    }

    /// Returns the gradient and the matrix of second derivatives of the loss.
    private static func derivatives(
        _ rows: [[Double]], _ isHit: [Bool], _ beta: [Double]
    ) -> (gradient: [Double], hessian: [[Double]]) {
        var gradient = beta.map { ridge * $0 }
        gradient[0] = 0
        var hessian = beta.indices.map { i in beta.indices.map { $0 == i ? ridge : 0 } }
        for (row, isHit) in zip(rows, isHit) {
            let x = [1] + row
            let p = 1 / (1 + exp(-zip(beta, x).reduce(0) { $0 + $1.0 * $1.1 }))
            for i in x.indices {
                gradient[i] += (p - (isHit ? 1 : 0)) * x[i]
                for j in x.indices { hessian[i][j] += p * (1 - p) * x[i] * x[j] }
            }
        }
        return (gradient, hessian)
    }

    /// Solves a x = b by elimination with row exchanges; nil if a is singular.
    private static func solve(_ a: [[Double]], _ b: [Double]) -> [Double]? {
        var rows = zip(a, b).map { $0 + [$1] }
        for i in rows.indices {
            guard let pivot = rows.indices[i...].max(by: { abs(rows[$0][i]) < abs(rows[$1][i]) }),
                abs(rows[pivot][i]) > 1e-12
            else { return nil }
            rows.swapAt(i, pivot)
            for j in rows.indices where j != i {
                let factor = rows[j][i] / rows[i][i]
                for k in i..<rows[j].count { rows[j][k] -= factor * rows[i][k] }
            }
        }
        return rows.indices.map { rows[$0][rows.count] / rows[$0][$0] }
    }
}
