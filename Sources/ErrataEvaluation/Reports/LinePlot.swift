import Foundation

/// Lines in a plane, as SVG: values in percent against counts.
struct LinePlot {
    struct Line {
        let name: String
        let points: [(x: Double, y: Double)]
    }

    private static let width = 640.0
    private static let height = 340.0
    private static let margin = 52.0
    private static let colours = [
        "#0b62a4", "#d1495b", "#2e8b57", "#8a5fbf", "#c77f1a", "#3a7d8c", "#6b6b6b", "#a0306f",
    ]

    let title: String
    let xName: String
    let yName: String
    let lines: [Line]
    /// Whether steps along x multiply: for numbers of edits.
    var isLogarithmic = false
    /// Names of the places along x, where they are no numbers.
    var xLabels: [String] = []
    var yMax = 100.0

    /// Returns the least of 1, 2 and 5 times a power of ten that is not below `value`.
    static func round(above value: Double) -> Double {
        let power = pow(10, log10(max(value, 1e-9)).rounded(.down))
        return ([1, 2, 5].first { $0 * power >= value } ?? 10) * power
    }

    var svg: String {
        let parts = [frame, axis] + lines.enumerated().map { drawn($1, at: $0) } + [legend]
        let (width, height) = (Int(Self.width), Int(Self.height) + 10 + 20 * lines.count)
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" "
            + "role=\"img\" aria-label=\"\(title.escapedForHTML)\">\n\(parts.joined())</svg>\n"
    }

    private var xs: [Double] { Array(Set(lines.flatMap(\.points).map(\.x))).sorted() }

    private func x(_ value: Double) -> Double {
        func place(_ value: Double) -> Double { isLogarithmic ? log10(max(value, 1)) : value }
        let (low, high) = (place(xs.first ?? 0), place(xs.last ?? 1))
        let share = high > low ? (place(value) - low) / (high - low) : 0.5
        return Self.margin + 12 + share * (Self.width - Self.margin - 48)
    }

    private func y(_ value: Double) -> Double {
        let bottom = Self.height - Self.margin
        return bottom - value / max(yMax, 1e-9) * (bottom - 28)
    }

    private var frame: String {
        let rows = (0...5).map { yMax * Double($0) / 5 }
        let right = Int(Self.width) - 12
        return rows.map { value in
            "<path d=\"M\(Int(Self.margin)) \(y(value).oneDecimal)H\(right)\" class=\"grid\"/>"
                + text(Self.margin - 6, y(value) + 4, "end", label(value))
        }.joined() + text(Self.margin, 16, "start", title, "head")
            + text(Self.margin, Self.height - 8, "start", "\(yName), against \(xName)", "note")
    }

    private var axis: String {
        xs.enumerated().map { index, value in
            let name = xLabels.indices.contains(index) ? xLabels[index] : label(value)
            return text(x(value), Self.height - Self.margin + 18, "middle", name)
        }.joined()
    }

    private func drawn(_ line: Line, at index: Int) -> String {
        let colour = Self.colours[index % Self.colours.count]
        let points = line.points.map { (x($0.x).oneDecimal, y($0.y).oneDecimal) }
        let path = points.map { "\($0.0),\($0.1)" }.joined(separator: " ")
        return
            "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>"
            + points.map { "<circle cx=\"\($0.0)\" cy=\"\($0.1)\" r=\"3\" fill=\"\(colour)\"/>" }
            .joined() + "\n"
    }

    private var legend: String {
        lines.enumerated().map { index, line in
            let row = Self.height + 14 + 20 * Double(index)
            return "<rect x=\"\(Int(Self.margin))\" y=\"\((row - 9).oneDecimal)\" width=\"14\" "
                + "height=\"4\" fill=\"\(Self.colours[index % Self.colours.count])\"/>"
                + text(Self.margin + 20, row, "start", line.name)
        }.joined()
    }

    private func label(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : value.oneDecimal
    }

    private func text(
        _ x: Double, _ y: Double, _ anchor: String, _ text: String, _ name: String = "label"
    ) -> String {
        "<text x=\"\(x.oneDecimal)\" y=\"\(y.oneDecimal)\" text-anchor=\"\(anchor)\" "
            + "class=\"\(name)\">\(text.escapedForHTML)</text>\n"
    }
}

extension String {
    /// The text as it may stand between tags and in quoted attributes.
    var escapedForHTML: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
