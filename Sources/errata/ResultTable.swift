import ErrataAPI
import ErrataCore

/// The rows of a query as people read them: columns aligned, numbers to the right, no line wider than the screen.
///
/// Where the columns are too many for that, each row is a block with a line for each column.
struct ResultTable {
    private static let gap = "  "
    /// No column is made narrower than this.
    private static let widthMin = 6

    private let reply: AuditQueryReply
    private let cells: [[String]]
    private let widths: [Int]
    private let isNumeric: [Bool]
    private let width: Int
    private let fitsScreen: Bool

    init(_ reply: AuditQueryReply, width: Int = Columns.max) {
        self.reply = reply
        self.width = width
        let cells = reply.rows.map { row in row.map(\.text) }
        self.cells = cells
        isNumeric = reply.columns.indices.map { column in
            let values = reply.rows.map { $0[column] }
            return values.allSatisfy(\.isNumberOrNull) && values.contains { $0 != .null }
        }
        let natural = reply.columns.indices.map { column in
            cells.reduce(reply.columns[column].printable.columnCount) {
                max($0, $1[column].columnCount)
            }
        }
        let widths = ResultTable.fitted(natural, to: width)
        self.widths = widths
        fitsScreen =
            widths.reduce(0, +) + ResultTable.gap.count * max(0, widths.count - 1) <= width
    }

    /// Takes width from the widest columns until the line fits.
    private static func fitted(_ natural: [Int], to width: Int) -> [Int] {
        let room = width - gap.count * max(0, natural.count - 1)
        var widths = natural
        while widths.reduce(0, +) > room {
            guard let widest = widths.max(), widest > widthMin else { break }
            let next = widths.filter { $0 < widest }.max() ?? widthMin
            let columns = widths.indices.filter { widths[$0] == widest }
            let excess = widths.reduce(0, +) - room
            let cut = min(
                widest - max(next, widthMin), (excess + columns.count - 1) / columns.count)
            for column in columns { widths[column] -= max(1, cut) }
        }
        return widths
    }

    func show() {
        guard fitsScreen else { return showBlocks() }
        let head = reply.columns.indices.map { fit(reply.columns[$0], $0) }
        Terminal.output.line(Style.bold.on(ResultTable.line(head)))
        for row in cells {
            Terminal.output.line(ResultTable.line(row.indices.map { fit(row[$0], $0) }))
        }
    }

    private func showBlocks() {
        let nameWidth = reply.columns.map(\.printable.columnCount).max() ?? 0
        for (i, row) in cells.enumerated() {
            if i > 0 { Terminal.output.line() }
            for (name, text) in zip(reply.columns, row) where !text.isEmpty {
                Terminal.output.line(
                    Style.bold.on(name.fitting(nameWidth).padded(nameWidth)) + ResultTable.gap
                        + text.fitting(max(ResultTable.widthMin, width - nameWidth - 2)))
            }
        }
    }

    private func fit(_ text: String, _ column: Int) -> String {
        let text = text.fitting(widths[column])
        guard isNumeric[column] else { return text.padded(widths[column]) }
        return String(repeating: " ", count: max(0, widths[column] - text.columnCount)) + text
    }

    private static func line(_ cells: [String]) -> String {
        let line = cells.joined(separator: gap)
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}

extension AuditValue {
    /// Nothing for null.
    var text: String {
        switch self {
        case .null: ""
        case .integer(let integer): String(integer)
        case .real(let real): "\(real)"
        case .text(let text): text
        }
    }

    fileprivate var isNumberOrNull: Bool {
        if case .text = self { return false }
        return true
    }
}
