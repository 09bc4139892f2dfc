import CErrataKernels
import ErrataAlignment
import ErrataModels
import Testing

@Suite("Shared matrix products")
struct ParallelKernelsTests {
    // Deeper than a panel; more rows than stay in a cache; fewer panels than threads; odd rests.
    @Test(
        "a product that is cut and shared has the bits of one call",
        arguments: [(2100, 60, 1030), (40, 200, 2050), (300, 16, 64), (1, 1, 1), (7, 97, 33)])
    func product(shape: (m: Int, n: Int, k: Int)) {
        let (m, n, k) = shape
        let a = Self.numbers(m * k, seed: 1)
        let b = Self.numbers(k * n, seed: 2)
        let bias = Self.numbers(n, seed: 3)
        let start = Self.floats(m * n, seed: 4)
        let whole = Tensor(rows: m, columns: n, start)
        var expected = [Float](repeating: 0, count: m * n)
        let functions = Kernels.current.functions
        let panel = Int(ERRATA_PANEL_WIDTH)
        functions.gemm(m, n, k, a.start, k, b.start, n, panel, bias.start, &expected, n)
        functions.gemm_add(m, n, k, a.start, k, b.start, n, panel, whole.start, n)
        let turned = Self.transpose(b, rows: k, columns: n)
        for threads in [1, 2, 3] {
            let work = ParallelKernels(threads: threads)
            for factor in [
                ParallelKernels.Factor.rows(b.start, stride: n),
                .transposed(turned.start, stride: k),
            ] {
                let c = Tensor(rows: m, columns: n, start)
                work.multiply(m, n, k, a.start, k, factor, bias: bias.start, into: c.start, n)
                #expect(c.values == expected)
                let sum = Tensor(rows: m, columns: n, start)
                work.multiply(m, n, k, a.start, k, factor, into: sum.start, n, adding: true)
                #expect(sum.values == whole.values)
            }
        }
    }

    // Past 256 rows and 8,192 columns of b, and 256 rows of a, pieces begin.
    @Test(
        "a product of rounded factors has the bits of one call, from rows and columns, on any threads",
        arguments: [(300, 60, 1030), (40, 8200, 50), (1, 1, 1), (257, 97, 33)])
    func mixedProduct(shape: (m: Int, n: Int, k: Int)) {
        let (m, n, k) = shape
        let a = Self.numbers(m * k, seed: 1)
        let b = Self.numbers(k * n, seed: 2)
        let bias = Self.numbers(n, seed: 3)
        let start = Self.floats(m * n, seed: 4)
        let functions = Kernels.current.functions
        let depth = errata_bf16_depth(k)
        var left = [UInt16](repeating: 0, count: errata_bf16_packed_count(m, k))
        var right = [UInt16](repeating: 0, count: errata_bf16_packed_count(n, k))
        functions.bf16_rows(&left, a.start, k, m, k)
        functions.bf16_pack_rows(&right, b.start, n, n, k)
        var expected = [Float](repeating: 0, count: m * n)
        functions.gemm_bf16(m, n, k, left, 16 * depth, right, bias.start, 0, &expected, n)
        var whole = [Float](repeating: 0, count: m * n)
        functions.gemm_bf16(m, n, k, left, 16 * depth, right, start, n, &whole, n)
        let aTurned = Self.transpose(a, rows: m, columns: k)
        let bTurned = Self.transpose(b, rows: k, columns: n)
        for threads in [1, 3] {
            let work = ParallelKernels(threads: threads, precision: .bfloat16)
            for (left, factor) in [
                (
                    work.left(a.start, stride: k, rows: m, depth: k),
                    ParallelKernels.Factor.rows(b.start, stride: n)
                ),
                (
                    work.left(transposing: aTurned.start, stride: m, rows: m, depth: k),
                    .transposed(bTurned.start, stride: k)
                ),
            ] {
                let c = Tensor(rows: m, columns: n, start)
                work.multiply(left, columns: n, factor, bias: bias.start, into: c.start, n)
                #expect(c.values == expected)
                let sum = Tensor(rows: m, columns: n, start)
                work.multiply(left, columns: n, factor, into: sum.start, n, adding: true)
                #expect(sum.values == whole)
            }
        }
    }

    private static func transpose(_ a: Tensor, rows: Int, columns: Int) -> Tensor {
        let turned = Tensor.zeros(rows: columns, columns: rows)
        errata_transpose(turned.start, a.start, columns, rows, columns)
        return turned
    }

    private static func numbers(_ count: Int, seed: UInt64) -> Tensor {
        Tensor(rows: 1, columns: count, floats(count, seed: seed))
    }

    private static func floats(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float(random.below(2001)) / 1000 - 1 }
    }
}
