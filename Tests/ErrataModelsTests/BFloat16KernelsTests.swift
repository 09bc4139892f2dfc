import CErrataKernels
import ErrataModels
import Testing

@Suite("bfloat16 kernels")
struct BFloat16KernelsTests {
    @Test(
        "factors are rounded to the nearest, ties to even, from rows and columns alike, at every level"
    )
    func rounding() {
        var random = SplitMix(state: 21)
        for round in 0..<60 {
            let m = Int.random(in: 1...40, using: &random)
            let k = round == 0 ? 32 : Int.random(in: 1...70, using: &random)
            let depth = errata_bf16_depth(k)
            let a = (0..<m * k).map { _ in Self.hard(&random) }
            var turned = [Float](repeating: 0, count: m * k)
            errata_transpose(&turned, a, k, m, k)
            let expected = (0..<m).flatMap { i in
                (0..<depth).map { p in p < k ? Self.rounded(a[i * k + p]) : 0 }
            }
            // Panels of 16 columns, in each pairs of rows, in each the columns.
            let packed = (0..<errata_bf16_packed_count(m, k)).map { place in
                let (panel, inside) = (place / (16 * depth), place % (16 * depth))
                let (pair, column) = (inside / 32, panel * 16 + inside % 32 / 2)
                return column < m ? expected[column * depth + 2 * pair + inside % 2] : 0
            }
            // Groups of 16 rows, in each steps of 32, in each the rows.
            let left = (0..<errata_bf16_packed_count(m, k)).map { place in
                let (group, inside) = (place / (16 * depth), place % (16 * depth))
                let row = group * 16 + inside % 512 / 32
                return row < m ? expected[row * depth + inside / 512 * 32 + inside % 32] : 9
            }
            for level in levels {
                let functions = level.functions
                var rows = [UInt16](repeating: 9, count: left.count)
                var columns = rows
                functions.bf16_rows(&rows, a, k, m, k)
                functions.bf16_columns(&columns, turned, m, m, k)
                #expect(rows == left && columns == left, "\(level.name) \(m) \(k)")
                var fromRows = [UInt16](repeating: 7, count: packed.count)
                var fromColumns = fromRows
                functions.bf16_pack_rows(&fromRows, turned, m, m, k)
                functions.bf16_pack_columns(&fromColumns, a, k, m, k)
                #expect(fromRows == packed && fromColumns == packed, "\(level.name) \(m) \(k)")
            }
        }
    }

    @Test("products are what TDPBF16PS makes of them, at every level", arguments: levels)
    func product(level: Kernels) {
        var random = SplitMix(state: 22)
        for round in 0..<60 {
            let m = Int.random(in: 1...70, using: &random)
            let n = Int.random(in: 1...70, using: &random)
            let k = Int.random(in: 1...100, using: &random)
            let depth = errata_bf16_depth(k)
            let a = (0..<m * k).map { _ in Self.small(&random) }
            let b = (0..<n * k).map { _ in Self.small(&random) }
            let start = random.floats(m * n)
            var left = [UInt16](repeating: 0, count: errata_bf16_packed_count(m, k))
            var right = [UInt16](repeating: 0, count: errata_bf16_packed_count(n, k))
            level.functions.bf16_rows(&left, a, k, m, k)
            level.functions.bf16_pack_columns(&right, b, k, n, k)
            var c = start
            switch round % 4 {
            case 0: level.functions.gemm_bf16(m, n, k, left, 16 * depth, right, nil, 0, &c, n)
            case 1: level.functions.gemm_bf16(m, n, k, left, 16 * depth, right, start, 0, &c, n)
            case 2: level.functions.gemm_bf16(m, n, k, left, 16 * depth, right, start, n, &c, n)
            default:
                c.withUnsafeMutableBufferPointer { c in
                    guard let c = c.baseAddress else { return }
                    level.functions.gemm_bf16(m, n, k, left, 16 * depth, right, c, n, c, n)
                }
            }
            for i in 0..<m {
                for j in 0..<n {
                    var sum: Float = round % 4 == 0 ? 0 : start[round % 4 == 1 ? j : i * n + j]
                    for p in stride(from: 0, to: k, by: 32) {
                        let end = min(p + 32, k)
                        sum = Self.flushed(
                            sum
                                + Self.flushed(
                                    Self.chain(a, i * k, b, j * k, stride(from: p, to: end, by: 2))
                                        + Self.chain(
                                            a, i * k, b, j * k, stride(from: p + 1, to: end, by: 2))
                                ))
                    }
                    #expect(
                        c[i * n + j].bitPattern == sum.bitPattern, "\(m) \(n) \(k) at \(i), \(j)")
                }
            }
        }
    }

    @Test("a product cut along k at steps has the bits of the whole one", arguments: levels)
    func cut(level: Kernels) {
        var random = SplitMix(state: 23)
        let (m, n, k) = (37, 50, 150)
        let (depth, functions) = (errata_bf16_depth(k), level.functions)
        let (a, b) = (random.floats(m * k), random.floats(k * n))
        var left = [UInt16](repeating: 0, count: errata_bf16_packed_count(m, k))
        functions.bf16_rows(&left, a, k, m, k)
        func product(_ rows: Range<Int>, _ c: inout [Float], adding: Bool) {
            var right = [UInt16](repeating: 0, count: errata_bf16_packed_count(n, rows.count))
            functions.bf16_pack_rows(
                &right, Array(b[(rows.lowerBound * n)...]), n, n, rows.count)
            let part = Array(left[(16 * rows.lowerBound)...])
            c.withUnsafeMutableBufferPointer { c in
                guard let c = c.baseAddress else { return }
                functions.gemm_bf16(
                    m, n, rows.count, part, 16 * depth, right, adding ? UnsafePointer(c) : nil, n,
                    c, n)
            }
        }
        var (whole, parts) = (
            [Float](repeating: 0, count: m * n), [Float](repeating: 9, count: m * n)
        )
        product(0..<k, &whole, adding: false)
        product(0..<64, &parts, adding: false)
        product(64..<96, &parts, adding: true)
        product(96..<k, &parts, adding: true)
        #expect(whole == parts)
    }

    /// Any bits, ties and values that are no numbers among them.
    private static func hard(_ random: inout SplitMix) -> Float {
        let bits = UInt32.random(in: 0...UInt32.max, using: &random)
        return Float(bitPattern: bits % 4 == 0 ? bits & 0xFFFF_0000 | 0x8000 : bits)
    }

    /// Of any size, now and then below the normal numbers after a product.
    private static func small(_ random: inout SplitMix) -> Float {
        let x = Float.random(in: -3...3, using: &random)
        guard Int.random(in: 0..<8, using: &random) == 0 else { return x }
        return Float(
            sign: .plus, exponent: -Int.random(in: 0...140, using: &random), significand: x)
    }

    private static func rounded(_ x: Float) -> UInt16 {
        guard !x.isNaN else { return 0x7FC0 }
        let (high, low) = (UInt16(x.bitPattern >> 16), x.bitPattern & 0xFFFF)
        return low > 0x8000 || (low == 0x8000 && high & 1 == 1) ? high + 1 : high
    }

    private static func flushed(_ x: Float) -> Float {
        abs(x) < .leastNormalMagnitude ? Float(sign: x.sign, exponent: 0, significand: 0) : x
    }

    private static func chain(
        _ a: [Float], _ row: Int, _ b: [Float], _ column: Int, _ places: StrideTo<Int>
    ) -> Float {
        places.reduce(Float(0)) { sum, p in
            let x = flushed(Float(bitPattern: UInt32(rounded(a[row + p])) << 16))
            let y = flushed(Float(bitPattern: UInt32(rounded(b[column + p])) << 16))
            return flushed(sum.addingProduct(x, y))
        }
    }
}
