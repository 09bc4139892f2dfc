import CErrataKernels
package import ErrataModels
import Synchronization

/// Matrix products and loops over rows, shared among threads.
///
/// Every number is computed by one thread in one order: threads leave no trace in the bits.
package struct ParallelKernels: Sendable {
    /// Rows of a factor that a panel holds at a time: with 48 columns they fit a second-level cache.
    private static let depthMax = 1024
    /// Fewer rows than these are not worth a panel of their own.
    private static let rowCountMin = 64
    /// Numbers of a left factor that stay in a third-level cache, and of a part that stays in a second-level one.
    private static let cachedCountMax = 1 << 21
    private static let blockCount = 1 << 17

    /// The right factor of a product.
    package enum Factor {
        /// (k, n), rows `stride` apart.
        case rows(UnsafePointer<Float>, stride: Int)
        /// The transpose of (n, k), as checkpoints store maps, rows `stride` apart.
        case transposed(UnsafePointer<Float>, stride: Int)
    }

    let kernels: Kernels
    let pool: WorkerPool
    let precision: ProductPrecision

    package init(
        threads: Int, precision: ProductPrecision = .float32, kernels: Kernels = .current
    ) {
        self.kernels = kernels
        self.precision = precision
        pool = WorkerPool(threads: threads)
    }

    private init(_ other: ParallelKernels, _ precision: ProductPrecision) {
        (kernels, pool, self.precision) = (other.kernels, other.pool, precision)
    }

    /// The same threads with products of a precision.
    func with(_ precision: ProductPrecision) -> ParallelKernels {
        ParallelKernels(self, precision)
    }

    /// Calls `body` with 0..<count, several at the same time.
    func each(_ count: Int, _ body: (Int) -> Void) {
        let next = Atomic<Int>(0)
        pool.run(min(pool.threads, count), grain: 1) { _ in
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                body(index)
            }
        }
    }

    /// Calls `body` with runs of 0..<rows, several at the same time.
    func eachRows(_ rows: Int, atATime size: Int = 32, _ body: (Range<Int>) -> Void) {
        each((rows + size - 1) / size) { run in
            body(run * size..<min((run + 1) * size, rows))
        }
    }

    /// Writes c = a b + bias, or c += a b, in float32: a is (m, k), b (k, n), c (m, n).
    package func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ aStride: Int, _ b: Factor,
        bias: UnsafePointer<Float>? = nil, into c: UnsafeMutablePointer<Float>, _ cStride: Int,
        adding: Bool = false
    ) {
        let panel = Int(ERRATA_PANEL_WIDTH)
        let panels = (n + panel - 1) / panel
        let parts = parts(m, k, panels: panels)
        each(panels * parts) { job in
            let part = job / panels
            let rows = m * part / parts..<m * (part + 1) / parts
            let column = job % panels * panel
            multiply(
                rows.count, min(panel, n - column), k, a + rows.lowerBound * aStride, aStride,
                b.column(column), bias.map { $0 + column },
                c + rows.lowerBound * cStride + column, cStride, adding)
        }
    }

    /// Into how many parts the rows of a product are cut.
    ///
    /// One, unless there are fewer panels than threads, or rows that all panels need would leave the caches
    /// between one and the next.
    private func parts(_ m: Int, _ k: Int, panels: Int) -> Int {
        guard m * k <= Self.cachedCountMax else {
            return max(1, m / max(Self.rowCountMin, Self.blockCount / min(k, Self.depthMax)))
        }
        return panels >= 2 * pool.threads
            ? 1 : max(1, min(2 * pool.threads, m / Self.rowCountMin))
    }

    /// One panel of a product: cut along k, which leaves the bits as they are.
    private func multiply(
        _ m: Int, _ width: Int, _ k: Int, _ a: UnsafePointer<Float>, _ aStride: Int,
        _ b: Factor, _ bias: UnsafePointer<Float>?, _ c: UnsafeMutablePointer<Float>,
        _ cStride: Int, _ adding: Bool
    ) {
        let panel = Int(ERRATA_PANEL_WIDTH)
        let functions = kernels.functions
        let capacity = min(k, Self.depthMax) * width
        withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity) { packed in
            guard let packed = packed.baseAddress else { return }
            for start in stride(from: 0, to: k, by: Self.depthMax) {
                let depth = min(Self.depthMax, k - start)
                b.pack(width, rows: start..<start + depth, to: packed)
                if start == 0, !adding {
                    functions.gemm(
                        m, width, depth, a, aStride, packed, width, panel, bias, c, cStride)
                } else {
                    functions.gemm_add(
                        m, width, depth, a + start, aStride, packed, width, panel, c, cStride)
                }
            }
        }
    }

    /// Returns the transpose of columns of a matrix.
    func transposed(
        _ a: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int
    ) -> Tensor {
        let result = Tensor(rows: columns, columns: rows)
        eachRows(columns, atATime: 64) { range in
            errata_transpose(
                result.start + range.lowerBound * rows, a + range.lowerBound, stride, rows,
                range.count)
        }
        return result
    }

    /// Adds a tensor of the same shape to another.
    func add(_ other: Tensor, to sum: Tensor) {
        precondition(sum.count == other.count)
        let functions = kernels.functions
        eachRows(sum.rows) { rows in
            let start = rows.lowerBound * sum.columns
            functions.add(sum.start + start, other.start + start, rows.count * sum.columns)
        }
    }
}

extension ParallelKernels.Factor {
    /// The factor from a column on.
    fileprivate func column(_ column: Int) -> Self {
        switch self {
        case .rows(let start, let stride): .rows(start + column, stride: stride)
        case .transposed(let start, let stride):
            .transposed(start + column * stride, stride: stride)
        }
    }

    /// Writes some rows of the first `width` columns, one after the other.
    fileprivate func pack(
        _ width: Int, rows: Range<Int>, to packed: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .rows(let start, let stride):
            for (index, row) in rows.enumerated() {
                (packed + index * width).update(from: start + row * stride, count: width)
            }
        case .transposed(let start, let stride):
            errata_transpose(packed, start + rows.lowerBound, stride, width, rows.count)
        }
    }
}
