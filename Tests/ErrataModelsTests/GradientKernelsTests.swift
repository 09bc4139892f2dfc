import CErrataKernels
import ErrataModels
import Testing

/// Every gradient against the slope of its definition in double precision, and the same bits everywhere.
@Suite("gradient kernels")
struct GradientKernelsTests {
    @Test("gelu's gradient is its slope, with the same bits at every level")
    func gelu() {
        let x = (-3000...3001).map { Float($0) / 250 }
        let g = x.map { 1 + $0 / 100 }
        let results = levels.map { level in
            var y = g
            level.functions.gelu_gradient(&y, x, y.count)
            return y
        }
        let step = 1e-4
        let expected = zip(x, g).map { x, g in
            let slope = (exactGelu(Double(x) + step) - exactGelu(Double(x) - step)) / (2 * step)
            return Float(slope * Double(g))
        }
        expectClose(results[0], expected, within: 2e-6, "gelu")
        for result in results {
            #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
        }
    }

    @Test("softmax's gradient is p (g - Σ p g), with the same bits at every level")
    func softmax() {
        var random = SplitMix(state: 21)
        for width in 1...40 {
            let stride = (width + 15) / 16 * 16
            var p = random.floats(2 * stride)
            Kernels.current.functions.softmax(&p, stride, 2, width, 0.5)
            let g = random.floats(2 * stride)
            let results = levels.map { level in
                var y = g
                level.functions.softmax_gradient(&y, p, stride, 2, width, 0.5)
                return y
            }
            for row in 0..<2 {
                let range = row * stride..<row * stride + width
                let mean = zip(p[range], g[range]).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                let expected = zip(p[range], g[range]).map {
                    Float(Double($0) * (Double($1) - mean) * 0.5)
                }
                expectClose(results[0][range], expected, within: 1e-6, "width \(width)")
            }
            for result in results {
                #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
            }
        }
    }

    @Test("layer normalization's gradients are its slopes, with the same bits at every level")
    func layerNorm() {
        var random = SplitMix(state: 22)
        for width in [16, 32, 80] {
            let x = random.floats(2 * width)
            let (weight, g) = (random.floats(width), random.floats(2 * width))
            let results = levels.map { level in
                var y = g
                var sums = [Float](repeating: 1, count: 2 * width)
                sums.withUnsafeMutableBufferPointer { sums in
                    guard let start = sums.baseAddress else { return }
                    level.functions.layer_norm_gradient(
                        &y, start, start + width, x, 2, width, weight, 1e-3)
                }
                return y + sums
            }
            var expected: [Float] = []
            var sums = [Double](repeating: 1, count: 2 * width)
            for row in 0..<2 {
                let normal = Self.normalized(Array(x[row * width..<(row + 1) * width]))
                let outer = g[row * width..<(row + 1) * width].map(Double.init)
                let inner = zip(outer, weight).map { $0 * Double($1) }
                let mean = inner.reduce(0, +) / Double(width)
                let along = zip(inner, normal.values).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
                for i in 0..<width {
                    let slope = (inner[i] - mean - normal.values[i] * along) / normal.deviation
                    expected.append(Float(slope))
                    sums[i] += outer[i] * normal.values[i]
                    sums[width + i] += outer[i]
                }
            }
            expectClose(results[0], expected + sums.map(Float.init), within: 1e-5, "\(width)")
            for result in results {
                #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
            }
        }
    }

    private static func normalized(_ x: [Float]) -> (values: [Double], deviation: Double) {
        let values = x.map(Double.init)
        let mean = values.reduce(0, +) / Double(x.count)
        let variance =
            values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count) + 1e-3
        return (values.map { ($0 - mean) / variance.squareRoot() }, variance.squareRoot())
    }

    @Test("packing rows is packing the transpose, and transposing twice changes nothing")
    func packing() {
        var random = SplitMix(state: 23)
        for (n, k) in [(1, 1), (17, 5), (48, 3), (50, 20), (100, 33)] {
            let w = random.floats(n * k)
            var turned = [Float](repeating: .nan, count: n * k)
            errata_transpose(&turned, w, k, n, k)
            var back = [Float](repeating: .nan, count: n * k)
            errata_transpose(&back, turned, n, k, n)
            #expect(back == w)
            var packed = [Float](repeating: .nan, count: errata_packed_count(n, k))
            errata_pack(&packed, w, n, k)
            var rows = [Float](repeating: .nan, count: errata_packed_count(n, k))
            errata_pack_rows(&rows, turned, n, k)
            #expect(rows == packed)
        }
    }
}

/// The kernels that decoders are trained with, against the slopes of their definitions in double precision.
@Suite("decoders' gradient kernels")
struct DecoderGradientKernelsTests {
    @Test("a product cut along k has the bits of the whole one, at every level")
    func cutProduct() {
        var random = SplitMix(state: 31)
        for (m, n, k) in [(1, 1, 2), (5, 17, 9), (9, 100, 33), (20, 48, 7)] {
            let (a, b) = (random.floats(m * k), random.floats(k * n))
            for level in levels {
                func product(cuts: [Int]) -> [UInt32] {
                    var c = [Float](repeating: .nan, count: m * n)
                    for (start, end) in zip(cuts, cuts.dropFirst()) {
                        a.withUnsafeBufferPointer { a in
                            b.withUnsafeBufferPointer { b in
                                guard let a = a.baseAddress, let b = b.baseAddress else { return }
                                let panel = Int(ERRATA_PANEL_WIDTH)
                                if start == 0 {
                                    level.functions.gemm(m, n, end, a, k, b, n, panel, nil, &c, n)
                                } else {
                                    level.functions.gemm_add(
                                        m, n, end - start, a + start, k, b + start * n, n, panel,
                                        &c, n)
                                }
                            }
                        }
                    }
                    return c.map(\.bitPattern)
                }
                #expect(product(cuts: [0, 1, k]) == product(cuts: [0, k]))
            }
        }
    }

    @Test("root mean square normalization's gradients are its slopes, the same bits at every level")
    func rmsNorm() {
        var random = SplitMix(state: 32)
        for width in [1, 6, 16, 30, 80] {
            let x = random.floats(2 * width)
            let (weight, g) = (random.floats(width), random.floats(2 * width))
            let results = levels.map { level in
                var y = g
                var sums = [Float](repeating: 1, count: width)
                level.functions.rms_norm_gradient(&y, &sums, x, 2, width, weight, 1e-3)
                var alone = g
                level.functions.rms_norm_gradient(&alone, nil, x, 2, width, weight, 1e-3)
                #expect(alone == y)
                return y + sums
            }
            func normalized(_ x: [Double]) -> [Double] {
                let mean = x.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-3
                return x.map { $0 / mean.squareRoot() }
            }
            var expected: [Float] = []
            var sums = [Double](repeating: 1, count: width)
            for row in 0..<2 {
                let values = x[row * width..<(row + 1) * width].map(Double.init)
                let outer = g[row * width..<(row + 1) * width].map(Double.init)
                for i in 0..<width {
                    func loss(_ step: Double) -> Double {
                        var moved = values
                        moved[i] += step
                        return zip(zip(normalized(moved), weight), outer)
                            .reduce(0) { $0 + $1.0.0 * Double($1.0.1) * $1.1 }
                    }
                    expected.append(Float((loss(1e-5) - loss(-1e-5)) / 2e-5))
                    sums[i] += outer[i] * normalized(values)[i]
                }
            }
            expectClose(results[0], expected + sums.map(Float.init), within: 1e-4, "\(width)")
            for result in results {
                #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
            }
        }
    }

    @Test("the gated unit's gradients are its slopes, the same bits at every level")
    func swiglu() {
        let gate = (-2000...2003).map { Float($0) / 150 }
        let up = gate.indices.map { Float($0 % 37) / 10 - 1.8 }
        let g = gate.map { 1 + $0 / 100 }
        let results = levels.map { level in
            var (first, second) = (g.map { _ in Float.nan }, g.map { _ in Float.nan })
            level.functions.swiglu_gradient(&first, &second, g, gate, up, g.count)
            return first + second
        }
        func silu(_ x: Double) -> Double { x / (1 + exponential(-x)) }
        let atGate = gate.indices.map { i in
            let x = Double(gate[i])
            let slope = (silu(x + 1e-4) - silu(x - 1e-4)) / 2e-4
            return Float(Double(g[i]) * Double(up[i]) * slope)
        }
        let atUp = gate.indices.map { i in Float(Double(g[i]) * silu(Double(gate[i]))) }
        expectClose(results[0], atGate + atUp, within: 2e-5, "swiglu")
        for result in results {
            #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
        }
    }

    @Test("a step of AdamW is the plain loop's, bit for bit, at every level", arguments: levels)
    func adamw(level: Kernels) {
        var random = SplitMix(state: 31)
        let step = errata_adamw(
            beta1: 0.9, beta2: 0.999, epsilon: 1e-8, keep: 0.9999, size: 2e-3, root: 0.05)
        for count in [1, 15, 16, 17, 100] {
            var (x, m) = (random.floats(count), random.floats(count))
            var v = random.floats(count).map(abs)
            let g = random.floats(count)
            var (values, first, second) = (x, m, v)
            for i in 0..<count {
                first[i] += (1 - step.beta1) * (g[i] - first[i])
                second[i] = step.beta2 * second[i] + (1 - step.beta2) * g[i] * g[i]
                let root = second[i].squareRoot() / step.root + step.epsilon
                values[i] = step.keep * values[i] - step.size * first[i] / root
            }
            withUnsafePointer(to: step) { level.functions.adamw(&x, &m, &v, g, count, $0) }
            #expect((x + m + v).map(\.bitPattern) == (values + first + second).map(\.bitPattern))
        }
    }
}
