import Crypto
import Synchronization

/// What the reader says about one edit and one question.
package struct Reading: Equatable, Sendable {
    /// The logit of: the edit answers the question.
    package let scope: Float
    /// The logit of: the answer is the fact's subject, not its object.
    package let subject: Float
    /// The words of the edit that answer best; empty for an edit without words.
    package let span: Range<String.Index>
    /// Whether a text was too long and cut at its end.
    package let isTruncated: Bool
}

/// Judges (question, edit) pairs one at a time: the sentence encoder's blocks with trained heads.
///
/// A reading depends on its own pair alone, whatever else is in the batch, the number of threads and
/// the level of the kernels.
package final class Reader: Sendable {
    /// The encoder and the reader's file decide about every reading, and so does the precision.
    package let identity: [UInt8]
    package let calibration: ReaderCalibration
    package let precision: Linear.Precision

    private let model: BertEncoder
    private let heads: ReaderHeads
    private let tokenizer: PairTokenizer
    private let threads: Int

    /// Words of the longest span.
    static let spanTokenCountMax = 48

    /// Changes the encoder by `weights`; its word embeddings stay shared with it.
    ///
    /// Throws if the weights belong to another encoder, or lack a tensor or hold one that nothing uses.
    package init(
        encoder: SentenceEncoder, weights: ReaderWeights,
        precision: Linear.Precision = .float32, threads: Int
    ) throws {
        let base = hexadecimal(encoder.identity)
        guard base == weights.base else {
            throw ModelError(
                .mismatch,
                "\(weights.file.name) belongs to the encoder \(weights.base.prefix(12)), "
                    + "\(encoder.name) is \(base.prefix(12))")
        }
        let configuration = encoder.model.configuration
        try weights.check(against: BertWeights.shapes(configuration))
        let changed = try BertWeights(
            encoder.checkpoint, configuration, kernels: encoder.kernels, delta: weights.delta,
            precision: precision)
        let segments = try weights.file.floats(
            ReaderHeads.segmentName,
            shape: [PairTokenizer.Segment.allCases.count, configuration.width])
        model = try BertEncoder(
            changing: encoder.model, by: changed, segments: segments, kernels: encoder.kernels)
        heads = try ReaderHeads(
            weights.file, width: configuration.width, kernels: encoder.kernels)
        tokenizer = try PairTokenizer(encoder.tokenizer)
        calibration = weights.calibration
        identity = Array(
            SHA256.hash(
                data: Array("errata reader 1 \(precision.rawValue)\n".utf8) + encoder.identity
                    + weights.sha256))
        self.precision = precision
        self.threads = threads
    }

    /// Returns one reading a pair, in their order; costs about 0.25 ms a token in float32 on one core.
    package func read(_ pairs: [(question: String, edit: String)]) throws -> [Reading] {
        let inputs = pairs.map { tokenizer(question: $0.question, edit: $0.edit) }
        let passes = SentenceEncoder.passes(inputs.map(\.ids.count), threads: threads)
        let readings = Mutex([Reading?](repeating: nil, count: pairs.count))
        for first in stride(from: 0, to: passes.count, by: threads) {
            try Task.checkCancellation()
            let wave = passes[first..<min(first + threads, passes.count)]
            Workers.run(wave.count) { i in
                let pass = wave[first + i]
                for (pair, logits) in zip(pass, self.logits(pass.map { inputs[$0] })) {
                    let reading = self.reading(logits, inputs[pair], pairs[pair].edit)
                    readings.withLock { $0[pair] = reading }
                }
            }
        }
        return try readings.withLock { $0 }.map(checked)
    }

    /// Returns the logits of one pass of the model.
    private func logits(_ inputs: [PairTokenizer.Input]) -> [ReaderHeads.Logits] {
        let sentences = inputs.map(\.ids)
        let hidden = model(sentences, segments: inputs.map(\.segments))
        return zip(BertEncoder.ranges(sentences), inputs).map { rows, input in
            heads(hidden, pair: rows, edit: input.edit)
        }
    }

    private func reading(
        _ logits: ReaderHeads.Logits, _ input: PairTokenizer.Input, _ edit: String
    ) -> Reading {
        let span = Self.bestSpan(logits.starts, logits.ends)
        let place = span.map {
            input.places[$0.lowerBound].lowerBound..<input.places[$0.upperBound - 1].upperBound
        }
        return Reading(
            scope: logits.scope, subject: logits.direction,
            span: place ?? edit.endIndex..<edit.endIndex, isTruncated: input.isTruncated)
    }

    /// Returns the tokens with the largest start plus end, nil if there are none.
    package static func bestSpan(_ starts: [Float], _ ends: [Float]) -> Range<Int>? {
        var best: (span: Range<Int>, score: Float)?
        for start in starts.indices {
            for end in start..<min(start + spanTokenCountMax, ends.count) {
                let score = starts[start] + ends[end]
                if best.map({ score > $0.score }) ?? true { best = (start..<end + 1, score) }
            }
        }
        return best?.span
    }

    private func checked(_ reading: Reading?) throws(ModelError) -> Reading {
        guard let reading else { fatalError("unreachable: every pair is in a pass") }
        guard reading.scope.isFinite, reading.subject.isFinite else {
            throw ModelError(.malformed, "the reader gives \(reading.scope) for a pair")
        }
        return reading
    }
}
