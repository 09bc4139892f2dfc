import ErrataCore

/// Draws the lines between commits that are listed newest first: a column for each line of history.
///
///     ○    4be19c77  a merge
///     ├─╮
///     │ ○  9c01f3e8
///     ○ │  1122aabb
///     ├─╯
///     ○    00112233  where both began
struct GraphDrawing {
    struct Glyphs: Sendable {
        let node, line, across, branch, opens, closes, joins: Character

        static let lines = Glyphs(
            node: "○", line: "│", across: "─", branch: "├", opens: "╮", closes: "╯", joins: "┤")
        static let ascii = Glyphs(
            node: "*", line: "|", across: "-", branch: "|", opens: "\\", closes: "/", joins: "|")
    }

    /// What belongs to one commit: its own line, and lines that lead to it and from it.
    struct Row: Equatable {
        let before: [String]
        let node: String
        let after: [String]
    }

    /// Wider drawings are cut: there has to be room for text.
    static let columnCountMax = 36

    private let glyphs: Glyphs
    /// The commit that each column waits for; nil for a free one.
    private var lanes: [CommitID?] = []

    init(_ glyphs: Glyphs) { self.glyphs = glyphs }

    /// Draws the next commit; its children were drawn before it.
    mutating func add(_ commit: CommitID, parents: [CommitID]) -> Row {
        let waiting = lanes.indices.filter { lanes[$0] == commit }
        let place = waiting.first ?? freeLane(rightOf: -1)
        let closing = Array(waiting.dropFirst())
        let before = closing.isEmpty ? [] : [connection(from: place, closing: closing)]
        for lane in closing { lanes[lane] = nil }
        lanes[place] = commit
        trim()
        let node = text { $0 == place ? glyphs.node : lanes[$0] == nil ? " " : glyphs.line }
        lanes[place] = parents.first
        var (opening, joining): ([Int], [Int]) = ([], [])
        for parent in parents.dropFirst() where parent != parents.first {
            if let lane = lanes.firstIndex(of: parent) {
                joining.append(lane)
            } else {
                let lane = freeLane(rightOf: place)
                lanes[lane] = parent
                opening.append(lane)
            }
        }
        let after =
            opening.isEmpty && joining.isEmpty
            ? [] : [connection(from: place, opening: opening, joining: joining)]
        trim()
        return Row(before: before, node: node, after: after)
    }

    /// Returns a column that waits for nothing, a new one if need be.
    private mutating func freeLane(rightOf place: Int) -> Int {
        if let lane = lanes.indices.first(where: { $0 > place && lanes[$0] == nil }) { return lane }
        lanes.append(nil)
        return lanes.count - 1
    }

    private mutating func trim() {
        while let last = lanes.last, last == nil { lanes.removeLast() }
    }

    /// Draws a line across, from `place` to the other columns.
    private func connection(
        from place: Int, closing: [Int] = [], opening: [Int] = [], joining: [Int] = []
    ) -> String {
        let ends = closing + opening + joining
        let (left, right) = (min(place, ends.min() ?? place), max(place, ends.max() ?? place))
        return text(across: left..<right) { lane in
            if lane == place { return lane == right ? glyphs.joins : glyphs.branch }
            if closing.contains(lane) { return glyphs.closes }
            if opening.contains(lane) { return glyphs.opens }
            if joining.contains(lane) { return lane < place ? glyphs.branch : glyphs.joins }
            if lanes[lane] != nil { return glyphs.line }
            return left < lane && lane < right ? glyphs.across : " "
        }
    }

    /// Returns a character for each column with one between, which is a line within `across`.
    private func text(across: Range<Int> = 0..<0, _ glyph: (Int) -> Character) -> String {
        var text = ""
        for lane in lanes.indices {
            text.append(glyph(lane))
            guard lane < lanes.count - 1 else { break }
            text.append(across.contains(lane) ? glyphs.across : " ")
        }
        guard text.count > GraphDrawing.columnCountMax else { return text }
        return text.prefix(GraphDrawing.columnCountMax - 1) + (glyphs.node == "*" ? "~" : "…")
    }
}
