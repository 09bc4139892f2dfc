import CErrataKernels
import ErrataCore

/// The exact nearest facts of one query vector among the visible rows.
///
/// Every visible row's code is multiplied with the query's code in integers. With x = s·q + e and
/// y = t·p + f (``RowCode``), Cauchy–Schwarz gives
///
///     x·y  ≤  s·t·(q·p) + ‖e‖·‖y‖ + ‖s·q‖·‖f‖
///
/// Rows are then scored in 32-bit floats in the order of that bound, until the bound of the next one is
/// below the worst fact that is kept: what was left out cannot be better. The bound also covers the
/// rounding of the float dot product, so the result is the one that scoring every row would give, bit
/// for bit.
struct DenseSearch {
    private let view: VectorView
    private let query: [Float]
    private let code: RowCode
    /// ‖y‖ and ‖f‖, plus the rounding of the float dot product (Higham 2002, section 3.1: at most
    /// n/64 + 7 roundings lie on the way of any product to the sum) as a share of ‖x‖·‖y‖.
    private let queryNorm: Double
    private let queryResidual: Double

    init(view: VectorView, query: [Float]) {
        precondition(query.count == view.width)
        self.view = view
        self.query = query
        code = RowCode(query)
        let norm = query.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        let rounding = Double(view.width / 64 + 10) * 0x1p-24
        queryNorm = norm * (1 + rounding)
        queryResidual = max(0, Double(code.residual)) + rounding * norm
    }

    /// Returns the exact score of `row`; nil if it has no vector.
    func score(_ row: Int) -> Float? {
        guard row < view.count, view.isPresent(row) else { return nil }
        let vector = view.vectors.record(row).assumingMemoryBound(to: Float.self)
        let score = query.withUnsafeBufferPointer { query in
            query.baseAddress.map { errata_dot_f32(vector, $0, view.width) } ?? 0
        }
        return score.isFinite ? score : nil
    }

    /// Offers every row that may matter to `top`; `visible` is the version's bits.
    func run(visible: [UInt64], top: inout TopFacts) {
        let rowCount = min(visible.count * 64, view.count)
        let bounds = upperBounds(visible: visible, rowCount: rowCount)
        var round = BoundOrder(bounds)
        while let candidates = round.next() {
            for row in candidates {
                if Double(bounds[row]) < top.threshold { return }
                if let score = score(row) { top.offer(row: row, score: Double(score)) }
            }
        }
    }

    /// Returns a number not below the score of each visible row, and -∞ for the others.
    private func upperBounds(visible: [UInt64], rowCount: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: rowCount) { bounds, count in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: 64) { products in
                for start in stride(from: 0, to: rowCount, by: 64) {
                    let end = min(start + 64, rowCount)
                    let mask = end - start == 64 ? ~0 : (1 as UInt64) << UInt64(end - start) - 1
                    let word = visible[start / 64] & mask
                    for row in start..<end { bounds.initializeElement(at: row, to: -.infinity) }
                    guard word != 0 else { continue }
                    scan(word, from: start, products: products)
                    writeBounds(word, from: start, products: products, to: bounds)
                }
            }
            count = rowCount
        }
    }

    /// Multiplies the rows of `word` with the query: products[i] belongs to row start + i.
    ///
    /// Takes the whole span of a word with many rows, and single rows of one with few.
    private func scan(
        _ word: UInt64, from start: Int, products: UnsafeMutableBufferPointer<Int32>
    ) {
        let stride = view.codes.recordByteCount
        let first = word.trailingZeroBitCount
        let span = 64 - word.leadingZeroBitCount - first
        code.numbers.withUnsafeBufferPointer { numbers in
            guard let numbers = numbers.baseAddress, let out = products.baseAddress else { return }
            func scan(_ offset: Int, _ count: Int) {
                let rows = view.codes.record(start + offset).assumingMemoryBound(to: Int8.self)
                errata_scan_i8(rows, stride, count, numbers, view.width, out + offset)
            }
            if word.nonzeroBitCount * 4 >= span {
                // Inside the file: the last row of the span is visible, so it is counted.
                scan(first, span)
            } else {
                forEachBit(word) { scan($0, 1) }
            }
        }
    }

    private func writeBounds(
        _ word: UInt64, from start: Int, products: UnsafeMutableBufferPointer<Int32>,
        to bounds: UnsafeMutableBufferPointer<Float>
    ) {
        let numberByteCount = (view.width + 3) / 4 * 4
        let scale = Double(code.scale)
        forEachBit(word) { bit in
            let row = RowBounds(
                record: view.codes.record(start + bit), numberByteCount: numberByteCount)
            let product = Double(products[bit]) * Double(row.scale) * scale
            let slack =
                Double(row.residual) * (queryNorm + queryResidual)
                + Double(row.reach) * queryResidual
            let bound = Float(product + slack).nextUp
            bounds[start + bit] = bound.isNaN ? -.infinity : bound
        }
    }
}

/// Calls `body` with the number of each set bit, lowest first.
@inline(__always)
func forEachBit(_ word: UInt64, _ body: (Int) -> Void) {
    var rest = word
    while rest != 0 {
        body(rest.trailingZeroBitCount)
        rest &= rest - 1
    }
}

/// Gives out row numbers by descending bound, a growing number at a time, sorting only what is asked for.
private struct BoundOrder {
    private static let bucketCount = 4_096
    private static let firstRound = 512
    /// Bounds of unit vectors lie within; what lies outside falls into the first or last bucket.
    private static let range: ClosedRange<Float> = -1.25...1.25
    private static let bucketsPerUnit =
        Float(bucketCount) / (range.upperBound - range.lowerBound)

    private let bounds: [Float]
    private var counts = [Int](repeating: 0, count: BoundOrder.bucketCount)
    /// Buckets from here on were given out.
    private var end = BoundOrder.bucketCount
    private var wanted = BoundOrder.firstRound

    init(_ bounds: [Float]) {
        self.bounds = bounds
        counts.withUnsafeMutableBufferPointer { counts in
            for bound in bounds where bound.isFinite { counts[BoundOrder.bucket(bound)] += 1 }
        }
    }

    /// Returns the next rows, best bound first; nil when all were given.
    mutating func next() -> [Int]? {
        guard end > 0 else { return nil }
        var start = end
        var count = 0
        while start > 0, count < wanted {
            start -= 1
            count += counts[start]
        }
        var rows: [(bound: Float, row: Int)] = []
        rows.reserveCapacity(count)
        for (row, bound) in bounds.enumerated() where bound.isFinite {
            let bucket = BoundOrder.bucket(bound)
            if bucket >= start, bucket < end { rows.append((bound, row)) }
        }
        rows.sort { $0.bound > $1.bound }
        end = start
        wanted *= 2
        return rows.map(\.row)
    }

    @inline(__always)
    private static func bucket(_ bound: Float) -> Int {
        let clamped = min(max(bound, range.lowerBound), range.upperBound)
        return min(Int((clamped - range.lowerBound) * bucketsPerUnit), bucketCount - 1)
    }
}
