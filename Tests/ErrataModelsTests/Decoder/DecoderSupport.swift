import ErrataModels
import Foundation
import Testing

/// Where the recorded checkpoints lie.
let decoderFixtures = fixtures.replacingOccurrences(of: "/encoder", with: "/decoder")

/// What transformers computes with a checkpoint; see `Fixtures/decoder/make_checkpoints.py`.
struct RecordedDecoder {
    let prompt: [Int32]
    /// Which of the prompt's tokens have logits.
    let rows: [Int]
    /// (rows, vocabulary).
    let logits: Matrix
    let greedy: [Int32]

    init(_ directory: String) throws {
        let file = try SafeTensors(directory: directory, name: "reference.safetensors")
        func numbers(_ name: String) throws -> [Float] {
            try file.floats(name, shape: try #require(file.shapes[name]))
        }
        prompt = try numbers("prompt").map { Int32($0) }
        rows = try numbers("rows").map { Int($0) }
        greedy = try numbers("greedy").map { Int32($0) }
        let shape = try #require(file.shapes["logits"])
        logits = Matrix(rows: shape[0], columns: shape[1], values: try numbers("logits"))
    }

    /// The largest difference of a row over its largest reference value.
    func largestDifference(from actual: Matrix) throws -> Float {
        try #require(actual.rows == prompt.count && actual.columns == logits.columns)
        var worst: Float = 0
        for (index, row) in rows.enumerated() {
            let size = logits[index].reduce(0) { max($0, abs($1)) }
            for (a, b) in zip(actual[row], logits[index]) {
                let difference = abs(a - b) / size
                if !(difference <= worst) { worst = difference }
            }
        }
        return worst
    }
}

/// How far a decoder is from a reference.
struct Parity {
    let difference: Float
    /// How many tokens are the reference's before the first that is not.
    let sameTokenCount: Int

    init(
        _ decoder: CausalDecoder, _ recorded: RecordedDecoder, adapter: LoraAdapter? = nil
    ) throws {
        var cache = try decoder.makeCache(adapter: adapter)
        difference = try recorded.largestDifference(
            from: try decoder.logits(recorded.prompt, &cache))
        var generation = try Generation(
            decoder, prompts: [recorded.prompt], caches: [try decoder.makeCache(adapter: adapter)],
            options: [GenerationOptions(tokenCountMax: recorded.greedy.count)])
        let tokens = try generation.run()[0].tokens.map(\.token)
        sameTokenCount = zip(tokens, recorded.greedy).prefix { $0 == $1 }.count
    }
}

/// Returns a tiny checkpoint's decoder.
func tinyDecoder(
    _ name: String, precision: Linear.Precision = .float32, threads: Int = 1,
    kernels: Kernels = .current
) throws -> CausalDecoder {
    try CausalDecoder(
        directory: decoderFixtures + "/" + name, precision: precision, threads: threads,
        kernels: kernels)
}

/// The bits of a matrix.
func bits(_ matrix: Matrix) -> [UInt32] { matrix.values.map(\.bitPattern) }
