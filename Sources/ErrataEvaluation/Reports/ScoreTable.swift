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
        guard !scores.isEmpty else { return [] }
        var lines = head
        var versions: [String] = []
        for score in scores where !versions.contains(score.version) {
            versions.append(score.version)
        }
        for version in versions {
            lines.append(title(version))
            lines += scores.filter { $0.version == version }.map(line)
        }
        return lines
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
        return "\(version) (\(count) \(count == 1 ? "item" : "items"))"
    }

    private func line(_ score: Score) -> String {
        let cells = Self.metrics.map { metric in
            "  " + cell(score[tokens: metric]) + cell(score[exact: metric])
        }
        let fluency = score[exact: .fluency].map { "\(Int($0.mean.rounded()))" } ?? "n/a"
        let name = ("  " + score.method).padded(Self.nameWidth)
        return name + cells.joined() + fluency.leftPadded(Self.cellWidth)
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
