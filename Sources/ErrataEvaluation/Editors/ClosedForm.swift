package import ErrataModels

/// The updates of ROME and MEMIT, in double precision.
package enum ClosedForm {
    /// Returns u of ROME's update W + δ uᵀ: C⁻¹ k / (keyᵀ C⁻¹ k).
    ///
    /// From Meng et al. 2022, equation 2, as its authors' program has it: k is the mean over contexts, and `key` the
    /// one of the prompt alone, for which W key + δ comes out exactly. Throws if both have nothing in common.
    package static func rankOne(
        mean: [Double], key: [Double], _ inverse: PositiveMatrix
    ) throws(ModelError) -> [Double] {
        let direction = inverse.solve(mean)
        let share = zip(key, direction).reduce(0) { $0 + $1.0 * $1.1 }
        guard share.isFinite, abs(share) > 1e-12 else {
            throw ModelError(.malformed, "the subject's key is zero: there is nothing to write to")
        }
        return direction.map { $0 / share }
    }

    /// Returns MEMIT's (λ C + K Kᵀ)⁻¹ K, (keys, size), for keys K, (keys, size).
    ///
    /// From Meng et al. 2023, equation 14. With fewer keys than numbers in one, by C⁻¹ K (λ + Kᵀ C⁻¹ K)⁻¹, which
    /// is the same (Woodbury) and needs no new factor of the large matrix.
    package static func mass(
        _ keys: [[Double]], weight: Double, moment: [Double], _ inverse: PositiveMatrix
    ) throws(ModelError) -> [[Double]] {
        keys.count <= inverse.size
            ? try few(keys, weight: weight, inverse) : try many(keys, weight: weight, moment)
    }

    static func few(
        _ keys: [[Double]], weight: Double, _ inverse: PositiveMatrix
    ) throws(ModelError) -> [[Double]] {
        let solved = keys.map(inverse.solve)
        let count = keys.count
        var inner = [Double](repeating: 0, count: count * count)
        for i in 0..<count {
            for j in 0...i {
                inner[i * count + j] = PositiveMatrix.dot(keys[i], solved[j], inverse.size)
            }
            inner[i * count + i] += weight
        }
        // Row by row of C⁻¹ K: its rows are what the small matrix is solved for.
        let small = try PositiveMatrix(inner, size: count)
        var result = [[Double]](
            repeating: [Double](repeating: 0, count: inverse.size), count: count)
        for column in 0..<inverse.size {
            for (i, x) in small.solve(solved.map { $0[column] }).enumerated() {
                result[i][column] = x
            }
        }
        return result
    }

    static func many(
        _ keys: [[Double]], weight: Double, _ moment: [Double]
    ) throws(ModelError) -> [[Double]] {
        let size = keys[0].count
        var sum = moment.map { weight * $0 }
        for key in keys {
            for i in 0..<size {
                let x = key[i]
                for j in 0...i { sum[i * size + j] += x * key[j] }
            }
        }
        let solver = try PositiveMatrix(sum, size: size)
        return keys.map(solver.solve)
    }
}
