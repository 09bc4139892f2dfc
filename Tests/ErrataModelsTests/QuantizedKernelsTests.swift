import CErrataKernels
import ErrataModels
import Testing

@Suite("8-bit kernels")
struct QuantizedKernelsTests {
    @Test("rows are rounded to 127 steps, ties to even, with the same bytes at every level")
    func quantizeRows() {
        var random = SplitMix(state: 11)
        for width in 1...70 {
            let stride = (width + 3) / 4 * 4
            var x = random.floats(3 * width)
            for i in 0..<width { x[width + i] = 0 }
            let results = levels.map { level in
                var bytes = [Int8](repeating: 99, count: 3 * stride)
                var scales = [Float](repeating: .nan, count: 3)
                level.functions.quantize_rows(&bytes, &scales, x, 3, width, stride)
                return (bytes, scales)
            }
            for (bytes, scales) in results {
                #expect(bytes == results[0].0 && scales == results[0].1)
                for row in [0, 2] {
                    let values = x[row * width..<(row + 1) * width]
                    let largest = values.map(abs).max() ?? 0
                    #expect(scales[row] == largest / 127)
                    for (i, value) in values.enumerated() {
                        let expected = (value * (127 / largest)).rounded(.toNearestOrEven)
                        #expect(Float(bytes[row * stride + i]) == expected)
                    }
                    #expect(bytes[row * stride + width..<(row + 1) * stride].allSatisfy { $0 == 0 })
                }
                #expect(scales[1] == 0 && bytes[stride..<2 * stride].allSatisfy { $0 == 0 })
            }
        }
    }

    @Test("8-bit matrix products equal the plain loop's at every level", arguments: levels)
    func matrixProduct(level: Kernels) {
        var random = SplitMix(state: 12)
        for round in 0..<60 {
            // Past 256 rows, and past 32 at a time, tiles begin anew.
            let m = round < 2 ? 290 + round : Int.random(in: 1...80, using: &random)
            let n = Int.random(in: 1...70, using: &random)
            let k = 4 * Int.random(in: 1...30, using: &random)
            var (a, w) = (random.bytes(m * k), random.bytes(n * k))
            if k.isMultiple(of: 5) { (a, w) = (a.map { _ in -128 }, w.map { _ in -128 }) }
            let aScales = random.floats(m)
            let (wScales, bias) = (random.floats(n), random.floats(n))
            var packed = [Int8](repeating: 7, count: errata_packed_i8_count(n, k))
            errata_pack_i8(&packed, w, n, k)
            var c = [Float](repeating: .nan, count: m * n)
            level.functions.gemm_i8(m, n, k, a, aScales, packed, wScales, bias, &c, n)
            for i in 0..<m {
                for j in 0..<n {
                    var sum: Int32 = 0
                    for p in 0..<k { sum += Int32(a[i * k + p]) * Int32(w[j * k + p]) }
                    let expected = bias[j].addingProduct(Float(sum), wScales[j] * aScales[i])
                    #expect(c[i * n + j].bitPattern == expected.bitPattern, "\(m) \(n) \(k)")
                }
            }
        }
    }

    @Test("a map in 8 bits is within two percent of the map in float32")
    func linear() {
        var random = SplitMix(state: 13)
        let (inputs, outputs) = (390, 50)
        let (weight, bias) = (random.floats(inputs * outputs), random.floats(outputs))
        let x = Matrix(rows: 5, columns: inputs, values: random.floats(5 * inputs))
        let exact = Linear(weight: weight, bias: bias, inputs: inputs, kernels: .current)(x)
        let rounded = Linear(
            weight: weight, bias: bias, inputs: inputs, precision: .int8, kernels: .current)(x)
        let largest = exact.values.map(abs).max() ?? 0
        expectClose(rounded.values, exact.values, within: largest / 50, "int8")
    }
}
