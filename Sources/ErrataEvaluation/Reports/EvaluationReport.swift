/// A run as a document: what was measured with what, the tables, and plots.
package struct EvaluationReport {
    private let header: EvaluationHeader
    private let scores: [Score]
    private let selection: ScoreSelection
    private let supersededCount: Int

    package init(
        _ header: EvaluationHeader, _ scores: [Score], _ selection: ScoreSelection,
        supersededCount: Int
    ) {
        self.header = header
        self.scores = scores
        self.selection = selection
        self.supersededCount = supersededCount
    }

    private var title: String { "Evaluation on \(header.dataSet)" }

    private var facts: [(String, String)] {
        var facts = [
            (
                "Items",
                "\(header.itemCount)" + (header.isHeldBack ? ", of held-back subjects" : "")
            ),
            (
                "General questions",
                header.generalCount > 0
                    ? "\(header.generalCount), SHA-256 \(header.generalHash ?? "")" : "none"
            ),
            ("Data", "\(header.dataSet), format \(header.dataFormat), SHA-256 \(header.dataHash)"),
            ("Settings", header.settings.joined(separator: ", ")),
            ("Facts considered", header.k.map { "\($0)" } ?? "the methods' own numbers"),
            ("Facts found by", header.key ?? "statement, prompt and other texts"),
            ("Tokens of an answer", "at most \(header.tokenCountMax)"),
            ("Seed", "\(header.seed)"), ("Errata", header.version), ("Machine", header.machine),
            ("Questions", selection.isOfPaper ? "the first of each class, first alias" : "all"),
        ]
        if supersededCount > 0 {
            facts.append(
                (
                    "Edited again later",
                    "\(supersededCount) items"
                        + (selection.leavesOutSuperseded ? ", left out" : ", included")
                ))
        }
        return facts
            + header.methods.map { method in
                let memory = method.bytes.map { ", \($0 >> 20) MiB" } ?? ""
                return ("Method \(method.name)", method.identity + memory)
            }
    }

    private static let notes = [
        "In percent, with the bounds between which 95 of 100 samples of the items lie.",
        "exact: the generated answer as a whole, normalised, is one of the aliases; for locality, it is what the "
            + "same method says without edits. forced: the share of the target's tokens that are the most likely "
            + "ones when the right tokens stand before them; for locality, of places where the most likely token "
            + "stays. Forced scores flatter: they tell the model how long the answer is and how it goes on.",
        "clean locality: without the questions that ask for the edited fact itself. truth: local questions answered "
            + "with what is true without the edit. fluency: of generated texts of three words or more.",
        "General questions are those that no edit is about, asked with so many edits in the store. accuracy: of those "
            + "whose answers the data have.",
    ]

    // MARK: Markdown

    package var markdown: String {
        var text = "# \(title)\n\n"
        for (name, value) in facts { text += "- **\(name):** \(value)\n" }
        text += "\n" + Self.notes.map { "\($0)\n\n" }.joined()
        for sheet in ScoreSheet.all(scores) {
            text += "## \(sheet.title)\n\n" + Self.row(sheet.head)
            text += Self.row(sheet.head.map { _ in "---" })
            text += sheet.rows.map(Self.row).joined() + "\n"
        }
        return text
    }

    private static func row(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
    }

    // MARK: HTML

    /// One file that needs no other.
    package var html: String {
        var body = "<h1>\(title.escapedForHTML)</h1>\n<dl>\n"
        for (name, value) in facts {
            body += "<dt>\(name.escapedForHTML)</dt><dd>\(value.escapedForHTML)</dd>\n"
        }
        body += "</dl>\n" + plots.map { "<figure>\($0.svg)</figure>\n" }.joined()
        body += Self.notes.map { "<p>\($0.escapedForHTML)</p>\n" }.joined()
        for sheet in ScoreSheet.all(scores) {
            body += "<h2>\(sheet.title.escapedForHTML)</h2>\n<div class=\"wide\"><table>\n"
            body += "<tr>\(sheet.head.map { "<th>\($0.escapedForHTML)</th>" }.joined())</tr>\n"
            for row in sheet.rows {
                body += "<tr>\(row.map { "<td>\($0.escapedForHTML)</td>" }.joined())</tr>\n"
            }
            body += "</table></div>\n"
        }
        return "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
            + "<meta name=\"viewport\" content=\"width=device-width\">\n"
            + "<title>\(title.escapedForHTML)</title>\n<style>\(Self.style)</style>\n"
            + "<body>\n\(body)</body>\n</html>\n"
    }

    private static let style = """
        body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dt{font-weight:600}
        dd{margin:0;overflow-wrap:anywhere}table{border-collapse:collapse;font-size:13px}
        th,td{padding:.2rem .5rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
        th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}.wide{overflow-x:auto}
        figure{display:inline-block;width:min(100%,34rem);margin:1rem 1rem 1rem 0;vertical-align:top}
        svg{width:100%;font-size:12px;fill:#333}.grid{stroke:#ddd}.head{font-weight:600;font-size:14px}
        .note{fill:#666}
        """

    private var plots: [LinePlot] {
        [
            byEdits("Success after so many edits, exact", .success),
            byEdits("Rephrasings after so many edits, exact", .rephrasing),
            byEdits("Locality after so many edits, exact", .locality),
            plot(
                "General questions answered as without edits, exact",
                lines(scores.filter(\.isGeneral), .agreement)),
            plot(
                "General questions answered rightly, exact",
                lines(scores.filter(\.isGeneral), .accuracy)),
            byStrictness, byTime,
        ].compactMap(\.self)
    }

    /// All items so far, asked again after so many edits, and batches.
    private func byEdits(_ title: String, _ metric: Score.Metric) -> LinePlot? {
        let sequence = scores.filter { $0.version.hasPrefix("sequential after") }
        let batches = scores.filter { $0.version.hasPrefix("batch") }
        return plot(title, lines(sequence, metric) + lines(batches, metric, ", batch"))
    }

    private func lines(
        _ counted: [Score], _ metric: Score.Metric, _ suffix: String = ""
    ) -> [LinePlot.Line] {
        names(counted).map { name in
            LinePlot.Line(
                name: name + suffix,
                points: counted.filter { $0.method == name }.compactMap { score in
                    score[exact: metric].map { (Double(score.edits), $0.mean) }
                }.sorted { $0.x < $1.x })
        }.filter { $0.points.count > 1 }
    }

    private func plot(_ title: String, _ lines: [LinePlot.Line]) -> LinePlot? {
        guard !lines.isEmpty else { return nil }
        return LinePlot(
            title: title, xName: "edits in the store", yName: "percent",
            lines: lines, isLogarithmic: true)
    }

    /// Locality and success of a method that was asked with several thresholds.
    private var byStrictness: LinePlot? {
        let order = ["lenient", "normal", "strict"]
        func name(_ score: Score) -> (method: String, place: Int) {
            let parts = score.method.split(separator: ":").map(String.init)
            return (parts[0], order.firstIndex(of: parts.count > 1 ? parts[1] : "normal") ?? 1)
        }
        guard let version = scores.first(where: { $0.method.contains(":") })?.version else {
            return nil
        }
        let counted = scores.filter { $0.version == version }
        var lines: [LinePlot.Line] = []
        for method in Set(counted.map { name($0).method }).sorted() {
            let own = counted.filter { name($0).method == method }
            guard own.count > 1 else { continue }
            for (what, metric) in [
                ("locality", Score.Metric.locality), ("rephrasing", .rephrasing),
            ] {
                lines.append(
                    LinePlot.Line(
                        name: "\(method), \(what)",
                        points: own.compactMap { score in
                            score[exact: metric].map { (Double(name(score).place), $0.mean) }
                        }.sorted { $0.x < $1.x }))
            }
        }
        guard lines.contains(where: { $0.points.count > 1 }) else { return nil }
        return LinePlot(
            title: "What strictness costs and brings (\(version))", xName: "strictness",
            yName: "percent, exact", lines: lines, xLabels: order)
    }

    private var byTime: LinePlot? {
        let counted = scores.filter { $0.version.hasPrefix("sequential after") }
        let lines = names(counted).map { name in
            LinePlot.Line(
                name: name,
                points: counted.filter { $0.method == name }.map {
                    (Double($0.edits), 1_000 * $0.secondsPerItem)
                }.sorted { $0.x < $1.x })
        }.filter { $0.points.count > 1 }
        guard !lines.isEmpty else { return nil }
        return LinePlot(
            title: "Time of an item's questions", xName: "edits in the store",
            yName: "milliseconds, median", lines: lines, isLogarithmic: true,
            yMax: LinePlot.round(above: lines.flatMap(\.points).map(\.y).max() ?? 1))
    }

    private func names(_ scores: [Score]) -> [String] {
        var names: [String] = []
        for score in scores where !names.contains(score.method) { names.append(score.method) }
        return names
    }
}
