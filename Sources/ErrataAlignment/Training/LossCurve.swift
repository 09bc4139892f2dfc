package import ErrataModels

/// The loss of every step, as numbers and as a picture.
package struct LossCurve {
    private static let width = 720.0
    private static let height = 360.0
    private static let margin = 48.0
    private static let pointCountMax = 600

    private let losses: [Float]

    package init(_ losses: [Float]) {
        self.losses = losses
    }

    /// Writes `losses.csv` and `losses.svg`.
    package func write(to directory: String) throws(ModelError) {
        try AtomicFile.write(Array(csv.utf8), to: directory + "/losses.csv")
        try AtomicFile.write(Array(svg.utf8), to: directory + "/losses.svg")
    }

    package var csv: String {
        "step,loss\n" + losses.enumerated().map { "\($0 + 1),\($1)\n" }.joined()
    }

    /// The means of runs of steps, at most 600 of them, each with its last step.
    private var points: [(step: Int, loss: Double)] {
        let run = max(1, (losses.count + Self.pointCountMax - 1) / Self.pointCountMax)
        return stride(from: 0, to: losses.count, by: run).map { start in
            let part = losses[start..<min(start + run, losses.count)]
            return (start + part.count, Double(part.reduce(0, +)) / Double(part.count))
        }
    }

    package var svg: String {
        let points = points
        let top = max(points.map(\.loss).max() ?? 1, 1e-6)
        let (right, bottom) = (Self.width - 16, Self.height - Self.margin)
        func x(_ step: Int) -> Double {
            Self.margin + (right - Self.margin) * Double(step) / Double(max(1, losses.count))
        }
        func y(_ loss: Double) -> Double { bottom - (bottom - 16) * loss / top }
        func text(_ x: Double, _ y: Double, _ anchor: String, _ text: String) -> String {
            "<text x=\"\(Self.round(x))\" y=\"\(Self.round(y))\" text-anchor=\"\(anchor)\">\(text)</text>\n"
        }
        var svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) "
            + "\(Int(Self.height))\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        for part in 0...4 {
            let loss = top * Double(part) / 4
            svg +=
                "<path d=\"M\(Int(Self.margin)) \(Self.round(y(loss)))H\(Int(right))\" "
                + "stroke=\"#ddd\"/>\n"
                + text(Self.margin - 6, y(loss) + 4, "end", String(Self.round(loss)))
        }
        let line = points.map { "\(Self.round(x($0.step))),\(Self.round(y($0.loss)))" }
        svg +=
            "<polyline points=\"\(line.joined(separator: " "))\" fill=\"none\" "
            + "stroke=\"#06c\" stroke-width=\"1.5\"/>\n"
            + text(Self.margin, bottom + 20, "start", "step 0")
            + text(right, bottom + 20, "end", "step \(losses.count)")
            + text((Self.margin + right) / 2, bottom + 36, "middle", "loss of training pairs")
        return svg + "</svg>\n"
    }

    private static func round(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
