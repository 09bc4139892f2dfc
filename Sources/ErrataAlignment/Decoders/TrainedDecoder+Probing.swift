import CErrataKernels
import ErrataModels

/// A row that has gone through the first blocks of a decoder, to go on from there more than once.
package struct HalfwayRow: Sendable {
    package let row: PackedRow
    /// The last block that it went through.
    package let layer: Int
    /// What that block handed on, (tokens, width).
    package let states: Tensor
}

/// What editors of weights ask of a decoder: what its feed-forward networks look up, and what becomes of a row
/// if one of them answers something else.
extension TrainedDecoder {
    /// How far a row is from its goals with a vector added, and which way the vector leads closer.
    package struct Probe: Sendable {
        package let loss: Double
        /// Whether each goal that is a token is the most likely one; true for distributions.
        package let isMet: [Bool]
        /// The loss's gradient at the vector.
        package let gradient: [Float]
    }

    /// Returns the inputs of some blocks' `down_proj`, (tokens, intermediate width), by layer.
    ///
    /// Blocks behind the last of them are not run.
    package func feedForwardKeys(
        _ row: PackedRow, _ values: UnsafePointer<Float>, layers: Set<Int>
    ) -> [Int: Tensor] {
        let pass = pass(row, values)
        var keys: [Int: Tensor] = [:]
        var x = embed(row, values)
        for layer in 0..<min(blocks.count, (layers.max() ?? -1) + 1) {
            let (y, tape) = blocks[layer](x, pass)
            if layers.contains(layer) { keys[layer] = tape.activated }
            x = y
        }
        return keys
    }

    /// Adds k kᵀ of every token of a row to the sums, (intermediate width)² each, of some layers.
    package func addKeyMoments(
        _ row: PackedRow, _ values: UnsafePointer<Float>, to sums: inout [Int: [Double]]
    ) {
        let width = configuration.intermediateWidth
        for (layer, keys) in feedForwardKeys(row, values, layers: Set(sums.keys)) {
            let turned = work.transposed(
                keys.start, stride: width, rows: keys.rows, columns: width)
            let product = Tensor(rows: width, columns: width)
            work.multiply(
                width, width, keys.rows, turned.start, keys.rows,
                .rows(keys.start, stride: width), into: product.start, width)
            // Taken out, so that it is not copied for every number.
            guard var sum = sums.removeValue(forKey: layer) else { continue }
            for i in 0..<product.count { sum[i] += Double(product.start[i]) }
            sums[layer] = sum
        }
    }

    /// Runs a row through the blocks up to `layer`.
    package func halfway(
        _ row: PackedRow, _ values: UnsafePointer<Float>, layer: Int
    ) -> HalfwayRow {
        precondition(blocks.indices.contains(layer))
        let pass = pass(row, values)
        var x = embed(row, values)
        for block in blocks[...layer] { x = block(x, pass).y }
        return HalfwayRow(row: row, layer: layer, states: x)
    }

    /// Returns the probabilities behind one token of a row.
    package func probabilities(
        _ half: HalfwayRow, _ values: UnsafePointer<Float>, row: Int
    ) -> [Float] {
        let pass = pass(half.row, values)
        var x = half.states
        for block in blocks[(half.layer + 1)...] { x = block(x, pass).y }
        let logits = head.logits(x, rows: [row], pass)
        let count = configuration.vocabularyCount
        work.kernels.functions.softmax(logits.start, logits.columns, 1, count, 1)
        return Array(logits.values.prefix(count))
    }

    /// Goes on with a row, `vector` added at `places`, and returns how far it ends up from its goals.
    ///
    /// A feed-forward network's output is added to what its block hands on: a vector added to the one is added to
    /// the other. No parameter's gradient is summed.
    package func probe(
        _ half: HalfwayRow, _ values: UnsafePointer<Float>, adding vector: [Float],
        at places: [Int], goals: [LogitGoal]
    ) -> Probe {
        let width = configuration.width
        precondition(vector.count == width)
        let pass = pass(half.row, values)
        let functions = work.kernels.functions
        var x = half.states.copy()
        for place in places { functions.add(x.start + place * width, vector, width) }
        var tapes: [TrainedDecoderBlock.Tape] = []
        for block in blocks[(half.layer + 1)...] {
            let (y, tape) = block(x, pass)
            tapes.append(tape)
            x = y
        }
        let (distance, last) = head.distance(x, goals, pass)
        var dx = last
        for block in blocks[(half.layer + 1)...].reversed() {
            let tape = tapes.removeLast()
            guard let below = block.backward(tape, dx, pass, nil, wantsInput: true) else {
                fatalError("unreachable: a gradient that is wanted is returned")
            }
            dx = below
        }
        var gradient = [Float](repeating: 0, count: width)
        for place in places { functions.add(&gradient, dx.start + place * width, width) }
        return Probe(loss: distance.loss, isMet: distance.isMet, gradient: gradient)
    }
}
