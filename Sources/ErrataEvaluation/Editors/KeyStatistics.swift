import ErrataAlignment
import ErrataModels

/// The second moments of what feed-forward networks look up, C = mean of k kᵀ over the tokens of a text sample.
///
/// From Meng et al. 2022, section 3.1: an update along C⁻¹ k changes least what other keys find. Without a
/// sample C is the identity. A ridge keeps it invertible where the sample has fewer tokens than keys have numbers.
struct KeyStatistics {
    private let settings: KeyStatisticsSettings
    private let examples: [ChatExample]
    private let rowTokenCount: Int
    private var moments: [Int: [Double]] = [:]
    private var inverses: [Int: PositiveMatrix] = [:]

    init(_ sample: [String], _ form: EditForm, _ settings: KeyStatisticsSettings)
        throws(ModelError)
    {
        self.settings = settings
        var examples: [ChatExample] = []
        for text in sample.prefix(max(0, settings.textCountMax)) {
            let example = try form.sample(text, tokenCountMax: settings.tokenCountMax)
            if !example.tokens.isEmpty { examples.append(example) }
        }
        self.examples = examples
        rowTokenCount = max(512, settings.tokenCountMax)
    }

    /// Sums keys up for layers that have not been; costs a pass over the sample.
    mutating func prepare(
        _ layers: Set<Int>, _ decoder: TrainedDecoder, _ values: [Float], isCancelled: () -> Bool
    ) throws {
        let width = decoder.configuration.intermediateWidth
        let missing = layers.filter { moments[$0] == nil }
        guard !missing.isEmpty else { return }
        var sums = Dictionary(
            uniqueKeysWithValues: missing.map {
                ($0, [Double](repeating: 0, count: width * width))
            })
        for row in rows {
            if isCancelled() { throw CancellationError() }
            decoder.addKeyMoments(PackedRow(row), values, to: &sums)
        }
        let count = Double(max(1, examples.reduce(0) { $0 + $1.tokens.count }))
        for (layer, sum) in sums {
            var moment = sum.map { $0 / count }
            let mean = (0..<width).reduce(0) { $0 + moment[$1 * (width + 1)] } / Double(width)
            let ridge = mean > 0 ? settings.ridge * mean : 1
            for i in 0..<width { moment[i * (width + 1)] += ridge }
            moments[layer] = moment
            inverses[layer] = try PositiveMatrix(moment, size: width)
        }
    }

    /// The sample, in rows that go through the decoder at once.
    private var rows: [[ChatExample]] {
        var rows: [[ChatExample]] = []
        var count = Int.max
        for example in examples {
            if example.tokens.count > rowTokenCount - min(count, rowTokenCount) {
                rows.append([])
                count = 0
            }
            rows[rows.count - 1].append(example)
            count += example.tokens.count
        }
        return rows
    }

    /// Returns C, ridge included, of a layer that is prepared.
    func moment(_ layer: Int) -> [Double] { moments[layer] ?? [] }

    /// Returns what solves equations with C of a layer that is prepared.
    func inverse(_ layer: Int) -> PositiveMatrix {
        guard let inverse = inverses[layer] else {
            fatalError("unreachable: editors prepare the layers that they write to")
        }
        return inverse
    }
}
