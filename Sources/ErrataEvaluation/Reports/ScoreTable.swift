/// Scores as a table of 80 columns: what is generated beside what is teacher forced.
package struct ScoreTable {
    package static let width = 80
    private static let metrics: [Score.Metric] = [.success, .rephrasing, .portability, .locality]
    private static let nameWidth = 18
    private static let cellWidth = 6

    private let scores: [Score]

    package init(_ scores: [Score]) { self.scores = scores }

    /// The lines, versions one after the other, a method a line.
    package var lines: [String] {
        let (general, others) = (scores.filter(\.isGeneral), scores.filter { !$0.isGeneral })
        return (others.isEmpty ? [] : head + lines(others, line))
            + (general.isEmpty ? [] : generalHead + lines(general, generalLine))
    }

    private func lines(_ scores: [Score], _ line: (Score) -> String) -> [String] {
        var versions: [String] = []
        for score in scores where !versions.contains(score.version) {
            versions.append(score.version)
        }
        return versions.flatMap { version in
            [title(version)] + scores.filter { $0.version == version }.map(line)
        }
    }

    /// Of general questions: as without edits, right, fluent.
    private var generalHead: [String] {
        let indent = String(repeating: " ", count: Self.nameWidth)
        return [
            indent + center("as without", 2 * Self.cellWidth + 2) + "  accu-  flu-",
            indent + "  forced exact    racy  ency",
        ].map(\.withoutTrailingSpace)
    }

    private func generalLine(_ score: Score) -> String {
        ("  " + score.method).padded(Self.nameWidth) + "  "
            + cell(score[tokens: .agreement]) + cell(score[exact: .agreement])
            + "  " + cell(score[exact: .accuracy]) + fluency(score)
    }

    private func fluency(_ score: Score) -> String {
        (score[exact: .fluency].map { "\(Int($0.mean.rounded()))" } ?? "n/a")
            .leftPadded(Self.cellWidth)
    }

    private var head: [String] {
        let names = ["success", "rephrasing", "portability", "locality"]
        let first = names.map { center($0, 2 * Self.cellWidth + 2) }.joined()
        let second = Self.metrics.map { $0 == .locality ? "forced  same" : "forced exact" }
            .map { "  " + $0 }.joined()
        let indent = String(repeating: " ", count: Self.nameWidth)
        return [indent + first + "  flu-", indent + second + "  ency"].map(\.withoutTrailingSpace)
    }

    private func title(_ version: String) -> String {
        let of = scores.first { $0.version == version }
        let count = of?.itemCount ?? 0
        let noun = of?.isGeneral == true ? "question" : "item"
        return "\(version) (\(count) \(noun)\(count == 1 ? "" : "s"))"
    }

    private func line(_ score: Score) -> String {
        let cells = Self.metrics.map { metric in
            "  " + cell(score[tokens: metric]) + cell(score[exact: metric])
        }
        let name = ("  " + score.method).padded(Self.nameWidth)
        return name + cells.joined() + fluency(score)
    }

    private func cell(_ value: Score.Value?) -> String {
        (value.map { $0.mean.oneDecimal } ?? "n/a").leftPadded(Self.cellWidth)
    }

    private func center(_ text: String, _ width: Int) -> String {
        let left = max(0, width - text.count + 2) / 2
        return (String(repeating: " ", count: left) + text).padded(width)
    }
}

extension Double {
    /// The number with one digit behind the point.
    var oneDecimal: String {
        let tenths = Int((abs(self) * 10).rounded())
        return (self < 0 && tenths > 0 ? "-" : "") + "\(tenths / 10).\(tenths % 10)"
    }
}

extension String {
    func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }

    func leftPadded(_ width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }

    var withoutTrailingSpace: String {
        guard let end = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...end])
    }
}
