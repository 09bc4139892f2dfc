import CErrataKernels
import ErrataModels
import Testing

@Suite("kernels")
struct KernelsTests {
    private struct Matrices {
        let m: Int
        let n: Int
        let k: Int
        let a: [Float]
        /// (n, k).
        let w: [Float]
        let bias: [Float]

        init(_ random: inout SplitMix) {
            m = Int.random(in: 1...20, using: &random)
            n = Int.random(in: 1...110, using: &random)
            k = Int.random(in: 1...40, using: &random)
            a = random.floats(m * k)
            w = random.floats(n * k)
            bias = random.floats(n)
        }

        /// The product by the plain loop that defines it.
        var product: [Float] {
            var c: [Float] = []
            for i in 0..<m {
                for j in 0..<n {
                    var sum = bias[j]
                    for p in 0..<k { sum.addProduct(a[i * k + p], w[j * k + p]) }
                    c.append(sum)
                }
            }
            return c
        }
    }

    @Test("the level in use is one that the machine can run")
    func currentLevel() {
        #expect(levels.map(\.name).contains(Kernels.current.name))
        #expect(String(cString: errata_kernel_level()) == Kernels.current.name)
        #expect(Kernels.named("sse9") == nil)
    }

    @Test("int8 products equal the plain loop's, at every length and level", arguments: levels)
    func int8(level: Kernels) {
        var random = SplitMix(state: 1)
        for width in 0...200 {
            let stride = width + 3
            var query = random.bytes(width)
            var rows = random.bytes(7 * stride)
            if width.isMultiple(of: 7) { query = query.map { _ in -128 } }
            if width.isMultiple(of: 14) { rows = rows.map { _ in -128 } }
            var expected = [Int32](repeating: 0, count: 7)
            for r in 0..<7 {
                for i in 0..<width { expected[r] += Int32(rows[r * stride + i]) * Int32(query[i]) }
            }
            var scanned = [Int32](repeating: 1, count: 7)
            level.functions.scan_i8(rows, stride, 7, query, width, &scanned)
            #expect(scanned == expected, "width \(width)")
            #expect(level.functions.dot_i8(rows, query, width) == expected[0], "width \(width)")
        }
    }

    @Test("the longest allowed int8 product does not overflow", arguments: levels)
    func int8Extreme(level: Kernels) {
        let a = [Int8](repeating: -128, count: 131_071)
        #expect(level.functions.dot_i8(a, a, a.count) == 131_071 * 16_384)
    }

    @Test("a float product has the bits of its stated order", arguments: levels)
    func floatDot(level: Kernels) {
        var random = SplitMix(state: 2)
        for count in 0...200 {
            let a = random.floats(count)
            let b = random.floats(count)
            var lanes = [Float](repeating: 0, count: 64)
            for i in 0..<count { lanes[i % 64].addProduct(a[i], b[i]) }
            for half in [32, 16, 8, 4, 2, 1] {
                for l in 0..<half { lanes[l] += lanes[l + half] }
            }
            let actual = level.functions.dot_f32(a, b, count)
            #expect(actual.bitPattern == lanes[0].bitPattern, "count \(count)")
        }
    }

    @Test("a matrix product is one chain of fused multiply-adds per output", arguments: levels)
    func matrixProduct(level: Kernels) {
        var random = SplitMix(state: 3)
        for _ in 0..<60 {
            let matrices = Matrices(&random)
            let (m, n, k) = (matrices.m, matrices.n, matrices.k)
            let expected = matrices.product.map(\.bitPattern)
            var packed = [Float](repeating: .nan, count: errata_packed_count(n, k))
            errata_pack(&packed, matrices.w, n, k)
            var c = [Float](repeating: .nan, count: m * n)
            level.functions.gemm(
                m, n, k, matrices.a, k, packed, 48, 48 * k, matrices.bias, &c, n)
            #expect(c.map(\.bitPattern) == expected, "packed \(m) \(n) \(k)")

            let plain = (0..<k * n).map { matrices.w[$0 % n * k + $0 / n] }
            c = [Float](repeating: .nan, count: m * n)
            level.functions.gemm(m, n, k, matrices.a, k, plain, n, 48, matrices.bias, &c, n)
            #expect(c.map(\.bitPattern) == expected, "plain \(m) \(n) \(k)")
        }
    }

    @Test("fused multiply-adds without the instruction round correctly")
    func emulatedFusedMultiplyAdd() throws {
        let baseline = try #require(Kernels.named("baseline"))
        var random = SplitMix(state: 4)
        // Exponents from subnormal to overflow, so that every rounding case occurs.
        func any() -> Float {
            Float(sign: .plus, exponent: .random(in: -149...127, using: &random), significand: 1)
                * Float.random(in: -2...2, using: &random)
        }
        for _ in 0..<20_000 {
            let (a, b, c) = (any(), any(), any())
            let near = Bool.random(using: &random) ? -(a * b).nextUp : c
            var actual: Float = 0
            baseline.functions.gemm(1, 1, 1, [a], 1, [b], 1, 48, [near], &actual, 1)
            let expected = near.addingProduct(a, b)
            #expect(
                actual == expected || actual.isNaN && expected.isNaN, "\(a) * \(b) + \(near)")
        }
    }

    @Test("softmax sums to one, is close to the definition and has the same bits at every level")
    func softmax() {
        var random = SplitMix(state: 5)
        for width in 1...50 {
            let stride = (width + 15) / 16 * 16
            let x = random.floats(2 * stride).map { $0 * 20 }
            let results = levels.map { level in
                var y = x
                level.functions.softmax(&y, stride, 2, width, 0.5)
                return y
            }
            for row in 0..<2 {
                let values = x[row * stride..<row * stride + width].map { Double($0) * 0.5 }
                let largest = values.max() ?? 0
                let powers = values.map { exponential($0 - largest) }
                let sum = powers.reduce(0, +)
                expectClose(
                    results[0][row * stride..<row * stride + width],
                    powers.map { Float($0 / sum) }, within: 3e-7, "width \(width)")
                #expect(
                    results[0][row * stride + width..<(row + 1) * stride].allSatisfy { $0 == 0 })
            }
            for result in results {
                #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
            }
        }
    }

    @Test("gelu is within 4e-7 of the exact form and has the same bits at every level")
    func gelu() {
        let x = (-4000...4001).map { Float($0) / 400 }
        let results = levels.map { level in
            var y = x
            level.functions.gelu(&y, y.count)
            return y.map(\.bitPattern)
        }
        expectClose(
            results[0].map(Float.init(bitPattern:)), x.map { Float(exactGelu(Double($0))) },
            within: 9e-7, "gelu")
        for result in results { #expect(result == results[0]) }
    }

    @Test("layer normalization is close to its definition and has the same bits at every level")
    func layerNorm() {
        var random = SplitMix(state: 6)
        for width in 1...70 {
            let x = random.floats(2 * width)
            let (weight, bias) = (random.floats(width), random.floats(width))
            let results = levels.map { level in
                var y = [Float](repeating: .nan, count: 2 * width)
                level.functions.layer_norm(&y, x, 2, width, weight, bias, 1e-3)
                return y.map(\.bitPattern)
            }
            var expected: [Float] = []
            for row in 0..<2 {
                let values = x[row * width..<(row + 1) * width].map(Double.init)
                let mean = values.reduce(0, +) / Double(width)
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                for (i, value) in values.enumerated() {
                    let normal = (value - mean) / (variance + 1e-3).squareRoot()
                    expected.append(Float(normal * Double(weight[i]) + Double(bias[i])))
                }
            }
            expectClose(
                results[0].map(Float.init(bitPattern:)), expected, within: 3e-6, "width \(width)")
            for result in results { #expect(result == results[0]) }
        }
    }
}
