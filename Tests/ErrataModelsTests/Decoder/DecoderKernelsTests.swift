import CErrataKernels
import ErrataModels
import Testing

@Suite("kernels of decoders")
struct DecoderKernelsTests {
    @Test("16-bit products have the bits of their widened weights", arguments: levels)
    func half(level: Kernels) {
        var random = SplitMix(state: 21)
        for round in 0..<80 {
            let m = Int.random(in: 1...12, using: &random)
            let n = Int.random(in: 1...110, using: &random)
            let k = Int.random(in: 1...40, using: &random)
            let isBrain = round.isMultiple(of: 2)
            let w = (0..<n * k).map { _ in
                // Every finite number, subnormal ones included.
                UInt16.random(in: 0...(isBrain ? 0x4200 : 0x7BFF), using: &random)
                    | (Bool.random(using: &random) ? 0x8000 : 0)
            }
            let wide = w.map {
                isBrain ? SafeTensors.float(brain: $0) : SafeTensors.float(half: $0)
            }
            let (a, bias) = (random.floats(m * k), random.floats(n))
            var expected: [Float] = []
            for i in 0..<m {
                for j in 0..<n {
                    var sum = bias[j]
                    for p in 0..<k { sum.addProduct(a[i * k + p], wide[j * k + p]) }
                    expected.append(sum)
                }
            }
            var packed = [UInt16](repeating: 0x7FFF, count: errata_packed_count(n, k))
            errata_pack_u16(&packed, w, n, k)
            var c = [Float](repeating: .nan, count: m * n)
            var panel = [Float](repeating: .nan, count: k * 48)
            level.functions.gemm_half(
                m, n, k, a, k, packed, isBrain ? ERRATA_BFLOAT16 : ERRATA_FLOAT16, bias, &c, n,
                &panel)
            #expect(c.map(\.bitPattern) == expected.map(\.bitPattern), "\(m) \(n) \(k)")
        }
    }

    @Test("an 8-bit product of one row equals the plain loop's, at any depth", arguments: levels)
    func oneRow(level: Kernels) {
        var random = SplitMix(state: 22)
        for k in stride(from: 4, through: 200, by: 4) {
            let n = Int.random(in: 1...40, using: &random)
            let (a, w) = (random.bytes(k), random.bytes(n * k))
            let (scales, bias) = (random.floats(n), random.floats(n))
            var packed = [Int8](repeating: 7, count: errata_packed_i8_count(n, k))
            errata_pack_i8(&packed, w, n, k)
            var c = [Float](repeating: .nan, count: n)
            level.functions.gemm_i8(1, n, k, a, [0.5], packed, scales, bias, &c, n)
            for j in 0..<n {
                var sum: Int32 = 0
                for p in 0..<k { sum += Int32(a[p]) * Int32(w[j * k + p]) }
                let expected = bias[j].addingProduct(Float(sum), scales[j] * 0.5)
                #expect(c[j].bitPattern == expected.bitPattern, "\(n) \(k)")
            }
        }
    }

    @Test("the root mean square norm is close to its definition, the same bits at every level")
    func rootMeanSquare() {
        var random = SplitMix(state: 23)
        for width in 1...70 {
            let x = random.floats(2 * width)
            let weight = random.floats(width)
            let results = levels.map { level in
                var y = x
                level.functions.rms_norm(&y, x, 2, width, weight, 1e-3)
                return y
            }
            var expected: [Float] = []
            for row in 0..<2 {
                let values = x[row * width..<(row + 1) * width].map(Double.init)
                let mean = values.reduce(0) { $0 + $1 * $1 } / Double(width)
                for (i, value) in values.enumerated() {
                    expected.append(Float(value / (mean + 1e-3).squareRoot() * Double(weight[i])))
                }
            }
            expectClose(results[0], expected, within: 3e-6, "width \(width)")
            for result in results {
                #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
            }
        }
    }

    @Test("the gate is close to its definition, the same bits at every level")
    func gate() {
        let x = (-4000...4001).map { Float($0) / 40 }
        let up = x.map { 1 + $0 / 200 }
        let results = levels.map { level in
            var y = x
            level.functions.swiglu(&y, up, y.count)
            return y
        }
        for (i, actual) in results[0].enumerated() {
            let expected = Double(x[i]) / (1 + exponential(-Double(x[i]))) * Double(up[i])
            #expect(abs(Double(actual) - expected) <= 4e-6 * abs(expected) + 1e-30, "\(x[i])")
        }
        for result in results {
            #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
        }
    }
}
