/// The tables of a report: cells of text, for Markdown and HTML alike.
struct ScoreSheet {
    let title: String
    let head: [String]
    let rows: [[String]]

    static func all(_ scores: [Score]) -> [ScoreSheet] {
        [
            main(scores.filter { !$0.isGeneral }), general(scores.filter(\.isGeneral)),
            classes(scores.filter { !$0.isGeneral }), kinds(scores), retrieval(scores),
        ].filter { !$0.rows.isEmpty }
    }

    /// Generated answers first: they are what users see.
    private static func main(_ scores: [Score]) -> ScoreSheet {
        let metrics: [(String, Score.Metric)] = [
            ("success", .success), ("rephrasing", .rephrasing), ("portability", .portability),
            ("locality", .locality), ("clean locality", .cleanLocality),
        ]
        let head =
            ["version", "method"] + metrics.flatMap { ["\($0.0), exact", "forced"] } + [
                "truth", "fluency", "items", "s an item",
            ]
        return ScoreSheet(
            title: "Scores", head: head,
            rows: scores.map { score in
                [score.version, score.method]
                    + metrics.flatMap { [text(score[exact: $0.1]), text(score[tokens: $0.1])] }
                    + [
                        text(score[exact: .truth]), text(score[exact: .fluency]),
                        "\(score.itemCount)", seconds(score.secondsPerItem),
                    ]
            })
    }

    private static func general(_ scores: [Score]) -> ScoreSheet {
        ScoreSheet(
            title: "General questions",
            head: [
                "version", "method", "as without edits, exact", "forced", "accuracy, exact",
                "fluency", "questions", "s a question",
            ],
            rows: scores.map { score in
                [
                    score.version, score.method, text(score[exact: .agreement]),
                    text(score[tokens: .agreement]), text(score[exact: .accuracy]),
                    text(score[exact: .fluency]), "\(score.itemCount)",
                    seconds(score.secondsPerItem),
                ]
            })
    }

    private static func classes(_ scores: [Score]) -> ScoreSheet {
        var names: [String] = []
        for name in scores.flatMap({ $0.classExact.keys.sorted() }) where !names.contains(name) {
            names.append(name)
        }
        return ScoreSheet(
            title: "By class", head: ["version", "method"] + names.flatMap { [$0, "forced"] },
            rows: names.isEmpty
                ? []
                : scores.map { score in
                    [score.version, score.method]
                        + names.flatMap {
                            [text(score.classExact[$0]), text(score.classTokens[$0])]
                        }
                })
    }

    private static func kinds(_ scores: [Score]) -> ScoreSheet {
        let kinds = Measurement.Kind.allCases.map(\.rawValue)
        let metrics: [Score.Metric] = [
            .success, .rephrasing, .portability, .locality, .agreement,
        ]
        var rows: [[String]] = []
        for score in scores {
            for metric in metrics {
                guard let counts = score.kinds[metric.rawValue] else { continue }
                rows.append(
                    [score.version, score.method, metric.rawValue]
                        + kinds.map { "\(counts[$0] ?? 0)" })
            }
        }
        return ScoreSheet(
            title: "Answers by kind", head: ["version", "method", "questions"] + kinds, rows: rows)
    }

    private static func retrieval(_ scores: [Score]) -> ScoreSheet {
        let metrics: [Score.Metric] = [
            .retrievalAt1, .retrievalAt3, .rephrasingAt1, .rephrasingAt3,
        ]
        return ScoreSheet(
            title: "The item's own edit among the nearest facts",
            head: ["version", "method", "prompt @1", "@3", "rephrasing @1", "@3"],
            rows: scores.compactMap { score in
                let cells = metrics.map { score[exact: $0] }
                guard cells.contains(where: { $0 != nil }) else { return nil }
                return [score.version, score.method] + cells.map(text)
            })
    }

    private static func text(_ value: Score.Value?) -> String {
        guard let value else { return "n/a" }
        return "\(value.mean.oneDecimal) (\(value.low.oneDecimal)–\(value.high.oneDecimal))"
    }

    private static func seconds(_ seconds: Double) -> String {
        let thousandths = Int((seconds * 1_000).rounded())
        let digits = String(thousandths % 1_000)
        return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
