import ErrataAlignment
import ErrataModels

/// The numbers of a checkpoint, which change, beside what they were.
///
/// Remembers what differs from the checkpoint, and from the decoder that was last made of it.
struct EditedWeights {
    let decoder: TrainedDecoder
    let original: [Float]
    private(set) var table: ParameterTable
    /// Blocks that may differ from the checkpoint's; nil stands for all tensors outside of blocks.
    private var changed: Set<Int?> = []
    private var stale: Set<Int?> = []
    private var built: CausalDecoder?

    init(_ base: DecoderBase, threads: Int, seed: UInt64) throws(ModelError) {
        var table = ParameterTable()
        decoder = try TrainedDecoder(
            base.source, method: .full, seed: seed, recomputes: false,
            work: ParallelKernels(threads: threads), table: &table)
        self.table = table
        original = table.values
    }

    var configuration: DecoderConfiguration { decoder.configuration }
    var values: [Float] { table.values }

    /// Where one of the checkpoint's tensors lies.
    func range(_ name: String) -> Range<Int> {
        guard let entry = table[name] else { fatalError("unreachable: \(name) is in the table") }
        return entry.range
    }

    /// Where a block's last feed-forward map lies.
    func contraction(_ layer: Int) -> Range<Int> {
        range("model.layers.\(layer).\(DecoderModule.down.path).weight")
    }

    /// Where a block's feed-forward network lies: its tensors are neighbours.
    func feedForward(_ layer: Int) -> Range<Int> {
        let ranges = table.entries.filter { $0.name.hasPrefix("model.layers.\(layer).mlp.") }
            .map(\.range)
        let bounds = (ranges.map(\.lowerBound).min() ?? 0, ranges.map(\.upperBound).max() ?? 0)
        return bounds.0..<bounds.1
    }

    /// Changes numbers of `range`; if `body` throws or leaves one that is not finite, they are as before.
    mutating func change<Result>(
        _ range: Range<Int>, _ body: (inout ParameterTable) throws -> Result
    ) throws -> Result {
        let before = Array(table.values[range])
        mark(range)
        do {
            let result = try body(&table)
            guard table.values[range].allSatisfy(\.isFinite) else {
                throw ModelError(
                    .malformed, "an edit left weights that are not finite",
                    hint: "Take smaller steps.")
            }
            return result
        } catch {
            put(before, at: range.lowerBound)
            throw error
        }
    }

    private mutating func put(_ numbers: [Float], at start: Int) {
        for (index, number) in numbers.enumerated() { table.values[start + index] = number }
    }

    private func block(_ name: String) -> Int? {
        let parts = name.split(separator: ".")
        return parts.count > 2 && parts[1] == "layers" ? Int(parts[2]) : nil
    }

    private mutating func mark(_ range: Range<Int>) {
        let blocks = Set(
            table.entries.filter { $0.range.overlaps(range) }.map { block($0.name) })
        changed.formUnion(blocks)
        stale.formUnion(blocks)
    }

    /// Numbers that can be put back.
    struct Saved {
        fileprivate let values: [Float]
        fileprivate let changed: Set<Int?>
    }

    /// Returns the present numbers.
    mutating func saved() -> Saved {
        let saved = Saved(values: table.values, changed: changed)
        // The copy that the next change would make is made here: what follows may be timed.
        if let first = saved.values.first { table.values[0] = first }
        return saved
    }

    /// Puts the checkpoint's own numbers back.
    mutating func restore() { restore(Saved(values: original, changed: [])) }

    /// Puts numbers back that were saved.
    mutating func restore(_ saved: Saved) {
        let touched = changed.union(saved.changed)
        for entry in table.entries where touched.contains(block(entry.name)) {
            for i in entry.range { table.values[i] = saved.values[i] }
        }
        stale.formUnion(touched)
        changed = saved.changed
    }

    /// Returns a decoder with the present numbers; blocks that did not change since the last are shared with it.
    mutating func runtime(_ name: String, threads: Int) throws(ModelError) -> CausalDecoder {
        let tensors = MemoryTensors(name: name, table: table)
        let decoder: CausalDecoder
        if let built, !stale.contains(nil) {
            decoder = try built.replacing(blocks: Set(stale.compactMap { $0 }), by: tensors)
        } else {
            decoder = try CausalDecoder(
                configuration, tensors, precision: .float32, threads: threads)
        }
        (built, stale) = (decoder, [])
        return decoder
    }
}

/// A table's tensors, as a decoder is made of them.
private struct MemoryTensors: TensorSource {
    let name: String
    let table: ParameterTable

    var shapes: [String: [Int]] {
        Dictionary(uniqueKeysWithValues: table.entries.map { ($0.name, $0.shape) })
    }

    func type(of name: String) throws(ModelError) -> String { "F32" }

    func floats(_ name: String, shape: [Int]) throws(ModelError) -> [Float] {
        guard let entry = table[name], entry.shape == shape else {
            throw ModelError(.mismatch, "\(self.name): there is no tensor '\(name)' of \(shape)")
        }
        return Array(table.values[entry.range])
    }

    func halves(_ name: String, shape: [Int]) throws(ModelError) -> [UInt16] {
        throw ModelError(.unsupported, "\(self.name): '\(name)' is not in 16 bits")
    }

    func bytes(of name: String, type: String, shape: [Int]) throws(ModelError) -> MappedBytes {
        throw ModelError(.unsupported, "\(self.name): '\(name)' lies in no file")
    }
}
