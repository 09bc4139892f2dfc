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
        let turned = Tensor(rows: n, columns: k, [Float](repeating: 0, count: n * k))
        errata_transpose(turned.start, b.start, n, k, n)
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

    private static func numbers(_ count: Int, seed: UInt64) -> Tensor {
        Tensor(rows: 1, columns: count, floats(count, seed: seed))
    }

    private static func floats(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float(random.below(2001)) / 1000 - 1 }
    }
}
