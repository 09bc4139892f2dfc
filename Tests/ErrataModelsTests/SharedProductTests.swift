import ErrataModels
import Testing

@Suite("products that threads share")
struct SharedProductTests {
    @Test(
        "have the bits of one thread, whatever is left over of a panel",
        arguments: [Linear.Precision.float32, .int8], [1, 47, 48, 49, 200, 1_000])
    func bits(precision: Linear.Precision, outputs: Int) {
        let inputs = 130
        // A few numbers of every size, the same each time.
        func number(_ i: Int) -> Float { Float((i * 7_919) % 2_003 - 1_001) / 512 }
        let map = Linear(
            weight: (0..<outputs * inputs).map(number), bias: (0..<outputs).map(number),
            inputs: inputs, precision: precision, kernels: .current)
        let x = Matrix(rows: 17, columns: inputs, values: (0..<17 * inputs).map(number))
        let alone = map(x)
        #expect(alone.values.contains { $0 != 0 })
        for threads in [2, 3, 5] {
            let shared = map(x, WorkerPool(threads: threads))
            #expect(shared.values.map(\.bitPattern) == alone.values.map(\.bitPattern))
        }
    }
}
