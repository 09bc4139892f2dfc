/// How two runs over the same items differ.
package struct RunComparison: Codable, Sendable {
    /// One metric of a method at a version that both runs have.
    package struct Row: Codable, Sendable {
        package let method: String
        package let version: String
        package let metric: String
        /// `exact` or `forced`.
        package let way: String
        package let first: Double
        package let second: Double
        /// The bounds of the difference, from samples of the items.
        package let low: Double
        package let high: Double

        package var difference: Double { second - first }
        /// Whether the bounds leave no doubt that there is a difference.
        package var isClear: Bool { low > 0 || high < 0 }
    }

    private static let metrics: [Score.Metric] = [
        .success, .rephrasing, .portability, .locality, .truth, .agreement, .accuracy,
    ]

    package let rows: [Row]

    /// Compares what both measured; the runs must be of the same data.
    package init(
        _ first: [ItemMeasurement], _ second: [ItemMeasurement], _ set: EvaluationSet,
        _ selection: ScoreSelection, seed: UInt64
    ) {
        let builder = ScoreBuilder(set, selection, seed: seed)
        var groups: [[String]] = []
        for item in first where !groups.contains([item.method, item.version]) {
            groups.append([item.method, item.version])
        }
        var rows: [Row] = []
        for group in groups {
            func part(_ measured: [ItemMeasurement]) -> [ItemMeasurement] {
                measured.filter { [$0.method, $0.version] == group }
            }
            let (old, new) = (part(first), part(second))
            for metric in Self.metrics where !new.isEmpty {
                for way in ["exact", "forced"] {
                    let isForced = way == "forced"
                    let values = builder.values(of: metric, tokens: isForced, in: old)
                    let others = builder.values(of: metric, tokens: isForced, in: new)
                    guard let mean = values.mean, let other = others.mean,
                        let range = Bootstrap.differenceInterval(values, others, seed: seed)
                    else { continue }
                    rows.append(
                        Row(
                            method: group[0], version: group[1], metric: metric.rawValue, way: way,
                            first: 100 * mean, second: 100 * other, low: 100 * range.lowerBound,
                            high: 100 * range.upperBound))
                }
            }
        }
        self.rows = rows
    }

    /// The rows as lines of at most 80 columns.
    package var lines: [String] {
        let head =
            "method".padded(14) + "version".padded(22) + "metric".padded(20)
            + "first".leftPadded(7) + "second".leftPadded(8) + "  change"
        return [head.withoutTrailingSpace]
            + rows.map { row in
                row.method.padded(14) + row.version.padded(22)
                    + "\(row.metric) \(row.way)".padded(20) + row.first.oneDecimal.leftPadded(7)
                    + row.second.oneDecimal.leftPadded(8) + "  "
                    + (row.difference > 0 ? "+" : "") + row.difference.oneDecimal
                    + (row.isClear ? " *" : "")
            }
    }
}
