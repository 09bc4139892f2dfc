/// What makes one vector of a text's hidden states, as a pooling module's `config.json` says.
///
/// From sentence-transformers, `models/Pooling.py`; the others of its poolings are refused.
package enum Pooling: String, Sendable, CaseIterable {
    /// The mean over all tokens, special ones included.
    case mean = "pooling_mode_mean_tokens"
    /// The first token.
    case first = "pooling_mode_cls_token"
    /// The largest number of each column.
    case max = "pooling_mode_max_tokens"

    /// Reads the module; throws unless it asks for one of these over tokens of `width`.
    init(_ bytes: [UInt8], width: Int, place: String) throws(ModelError) {
        let file = try JSONReader.object(bytes, place: place)
        var chosen: [Pooling] = []
        for (key, value) in file.members.map({ ($0.key, $0.value) }) {
            if key == "word_embedding_dimension" {
                let found = try file.integer(key, in: 1...BertConfiguration.widthMax)
                guard found == width else {
                    throw ModelError(
                        .mismatch, "\(place): \(key) is \(found), hidden_size is \(width)")
                }
            } else if key == "include_prompt" {
                continue
            } else if case .boolean(let isOn) = value {
                guard isOn else { continue }
                guard let pooling = Pooling(rawValue: key) else {
                    throw ModelError(.unsupported, "\(place): \(key) is not supported")
                }
                chosen.append(pooling)
            } else {
                throw ModelError(.unsupported, "\(place): \(key) is \(value.kind), not supported")
            }
        }
        guard chosen.count == 1, let pooling = chosen.first else {
            throw ModelError(
                .unsupported,
                "\(place): \(chosen.count) poolings are chosen, it takes one of "
                    + Pooling.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self = pooling
    }

    /// Returns the vector of a range of rows, which must not be empty.
    func vector(_ x: Matrix, rows: Range<Int>) -> [Float] {
        var vector = Array(
            x.values[rows.lowerBound * x.columns..<(rows.lowerBound + 1) * x.columns])
        guard self != .first else { return vector }
        for row in rows.dropFirst() {
            let start = row * x.columns
            for i in 0..<x.columns {
                let value = x.values[start + i]
                vector[i] = self == .mean ? vector[i] + value : Swift.max(vector[i], value)
            }
        }
        guard self == .mean else { return vector }
        let count = Float(rows.count)
        return vector.map { $0 / count }
    }
}
