import ErrataModels

/// Inverted dropout (Srivastava and others 2014) whose mask is a function of a seed.
///
/// The mask is not kept: a pass that needs it again makes it again.
struct Dropout: Sendable {
    let rate: Double
    private let layer: Int
    private let place: Int

    init(rate: Double, layer: Int, place: Int) {
        self.rate = rate
        self.layer = layer
        self.place = place
    }

    private var threshold: UInt32 { UInt32(rate * 0x1p32) }
    private var scale: Float { Float(1 / (1 - rate)) }

    /// Returns x with some numbers dropped; x itself if nothing is.
    func callAsFunction(_ x: Tensor, _ pass: DecoderPass) -> Tensor {
        guard let seed = pass.dropoutSeed, rate > 0 else { return x }
        let y = Tensor(rows: x.rows, columns: x.columns)
        pass.work.eachRows(x.rows) { rows in
            for row in rows {
                let start = row * x.columns
                mask(seed, row: row, count: x.columns) { i, isKept in
                    y.start[start + i] = isKept ? scale * x.start[start + i] : 0
                }
            }
        }
        return y
    }

    /// Adds the gradient at x for the one behind the dropout.
    func backward(_ gradient: Tensor, _ pass: DecoderPass, addingTo dx: Tensor) {
        guard let seed = pass.dropoutSeed, rate > 0 else {
            return pass.work.add(gradient, to: dx)
        }
        pass.work.eachRows(dx.rows) { rows in
            for row in rows {
                let start = row * dx.columns
                mask(seed, row: row, count: dx.columns) { i, isKept in
                    dx.start[start + i] += isKept ? scale * gradient.start[start + i] : 0
                }
            }
        }
    }

    /// Calls `body` with every place of a row and whether it is kept.
    @inline(__always)
    private func mask(
        _ seed: UInt64, row: Int, count: Int, _ body: (_ index: Int, _ isKept: Bool) -> Void
    ) {
        // Far apart in the generator's sequence for each row of each map.
        var start = SeededGenerator(seed: seed &+ UInt64(layer * 64 + place))
        var random = SeededGenerator(seed: start.next() &+ UInt64(row) &* 0xD1B5_4A32_D192_ED03)
        let threshold = threshold
        for i in stride(from: 0, to: count, by: 2) {
            let bits = random.next()
            body(i, UInt32(truncatingIfNeeded: bits) >= threshold)
            if i + 1 < count { body(i + 1, UInt32(bits >> 32) >= threshold) }
        }
    }
}
