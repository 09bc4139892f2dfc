import CErrataKernels
import ErrataModels

/// How the products of a decoder's maps are computed.
///
/// Attention, norms, low-rank updates, sums and the optimizer are float32 in any case.
package enum ProductPrecision: String, Sendable {
    case float32
    /// Factors are rounded to bfloat16, and their products summed in float32 ("mixed precision", Micikevicius and
    /// others 2018). Fast where the processor has the tiles of AMX; the bits are the same everywhere.
    case bfloat16

    /// Whether this processor has instructions for bfloat16 products.
    package static var hasFastBFloat16: Bool { errata_bf16_is_fast() != 0 }
}

extension ParallelKernels {
    /// What is shared out at a time: rows of the left factor and columns of the right one.
    private static let mixedRowCount = 256
    private static let mixedColumnCount = 64
    /// Rows and columns of the right factor that are rounded at a time: 32 of the columns fit a first-level cache.
    private static let mixedDepth = 256
    private static let mixedWidth = 8192

    /// The left factor of products, made ready once for several of them.
    package struct Left: Sendable {
        fileprivate let rows: Int
        fileprivate let depth: Int
        fileprivate let numbers: Numbers
    }

    // The memory that is pointed to outlives the products, like that of a product's other factors.
    fileprivate enum Numbers: @unchecked Sendable {
        case floats(UnsafePointer<Float>, stride: Int, owner: Tensor?)
        case halves(HalfTensor)
    }

    /// Takes a, (rows, depth), rows `stride` apart, for a left factor.
    package func left(
        _ a: UnsafePointer<Float>, stride: Int, rows: Int, depth: Int
    ) -> Left {
        guard precision == .bfloat16 else {
            return Left(
                rows: rows, depth: depth, numbers: .floats(a, stride: stride, owner: nil))
        }
        let width = errata_bf16_depth(depth)
        let halves = HalfTensor(count: errata_bf16_packed_count(rows, depth))
        eachRows(rows, atATime: 64) { part in
            kernels.functions.bf16_rows(
                halves.start + part.lowerBound * width, a + part.lowerBound * stride, stride,
                part.count, depth)
        }
        return Left(rows: rows, depth: depth, numbers: .halves(halves))
    }

    /// Takes the transpose of a, (depth, rows), for a left factor.
    package func left(
        transposing a: UnsafePointer<Float>, stride: Int, rows: Int, depth: Int
    ) -> Left {
        guard precision == .bfloat16 else {
            let turned = transposed(a, stride: stride, rows: depth, columns: rows)
            return Left(
                rows: rows, depth: depth,
                numbers: .floats(turned.start, stride: depth, owner: turned))
        }
        let width = errata_bf16_depth(depth)
        let halves = HalfTensor(count: errata_bf16_packed_count(rows, depth))
        eachRows(rows, atATime: 64) { part in
            kernels.functions.bf16_columns(
                halves.start + part.lowerBound * width, a + part.lowerBound, stride, part.count,
                depth)
        }
        return Left(rows: rows, depth: depth, numbers: .halves(halves))
    }

    /// Writes c = a b + bias, or c += a b, in the precision of these kernels: b is (a's depth, n).
    package func multiply(
        _ a: Left, columns n: Int, _ b: Factor, bias: UnsafePointer<Float>? = nil,
        into c: UnsafeMutablePointer<Float>, _ cStride: Int, adding: Bool = false
    ) {
        switch a.numbers {
        case .floats(let start, let stride, _):
            multiply(
                a.rows, n, a.depth, start, stride, b, bias: bias, into: c, cStride,
                adding: adding)
        case .halves(let halves):
            for column in stride(from: 0, to: n, by: Self.mixedWidth) {
                for row in stride(from: 0, to: a.depth, by: Self.mixedDepth) {
                    // After the first piece each goes on from the one before.
                    let first: (UnsafePointer<Float>?, Int) =
                        adding || row > 0
                        ? (UnsafePointer(c) + column, cStride) : (bias.map { $0 + column }, 0)
                    multiply(
                        halves, a, columns: column..<min(n, column + Self.mixedWidth),
                        rows: row..<min(a.depth, row + Self.mixedDepth), b, first, c, cStride)
                }
            }
        }
    }

    /// A product of some rows and columns of the right factor.
    private func multiply(
        _ halves: HalfTensor, _ a: Left, columns: Range<Int>, rows: Range<Int>, _ b: Factor,
        _ first: (start: UnsafePointer<Float>?, stride: Int), _ c: UnsafeMutablePointer<Float>,
        _ cStride: Int
    ) {
        let functions = kernels.functions
        let (width, depth) = (errata_bf16_depth(a.depth), errata_bf16_depth(rows.count))
        let packed = HalfTensor(count: errata_bf16_packed_count(columns.count, rows.count))
        let size = Self.mixedColumnCount
        let panels = (columns.count + size - 1) / size
        each(panels) { panel in
            let count = min(size, columns.count - panel * size)
            let to = packed.start + panel * size * depth
            let column = columns.lowerBound + panel * size
            switch b {
            case .rows(let start, let stride):
                functions.bf16_pack_rows(
                    to, start + rows.lowerBound * stride + column, stride, count, rows.count)
            case .transposed(let start, let stride):
                functions.bf16_pack_columns(
                    to, start + column * stride + rows.lowerBound, stride, count, rows.count)
            }
        }
        let blocks = (a.rows + Self.mixedRowCount - 1) / Self.mixedRowCount
        each(blocks * panels) { job in
            let (row, panel) = (job / panels * Self.mixedRowCount, job % panels)
            let column = panel * size
            functions.gemm_bf16(
                min(Self.mixedRowCount, a.rows - row), min(size, columns.count - column),
                rows.count, halves.start + row * width + rows.lowerBound * 16, width * 16,
                packed.start + column * depth,
                first.start.map { $0 + row * first.stride + column }, first.stride,
                c + row * cStride + columns.lowerBound + column, cStride)
        }
    }
}
