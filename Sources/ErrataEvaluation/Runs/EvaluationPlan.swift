/// How many edits a version holds when questions are asked.
package enum EvaluationSetting: Hashable, Sendable {
    /// Each edit alone on the base.
    case single
    /// So many edits in one commit; nil is all of them.
    case batch(Int?)
    /// One commit each, one after the other.
    case sequential

    /// Reads `single`, `sequential`, `batch` or `batch:100`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("single", 1): self = .single
        case ("sequential", 1): self = .sequential
        case ("batch", 1): self = .batch(nil)
        case ("batch", 2):
            guard let size = Int(parts[1]), size > 0 else { return nil }
            self = .batch(size)
        default: return nil
        }
    }
}

/// A version of the store at which some items are measured.
package struct EvaluationVersion: Sendable {
    /// What is said of it: `single`, `batch 100`, `sequential`, `sequential after 100`.
    package let label: String
    /// The commit.
    package let revision: String
    /// Places of the items whose edits it holds.
    package let edits: Range<Int>
    /// Places of the items that are measured.
    package let measured: Range<Int>

    /// Whether its edits follow those of another version: those are a beginning of its own.
    package func continues(_ other: EvaluationVersion?) -> Bool {
        guard let other else { return false }
        return ["sequential", "general"].contains {
            label.hasPrefix($0) && other.label.hasPrefix($0)
        }
            && edits.lowerBound == other.edits.lowerBound
            && edits.upperBound >= other.edits.upperBound
    }
}

/// What is asked at which versions.
package struct EvaluationPlan: Sendable {
    /// After how many edits of a sequence all items so far are asked again; the last edit too.
    package static let counts = [1, 10, 100, 500, 1_000]

    /// The commits that a setting needs, each a range of items, and what is measured at which.
    struct Series {
        /// The name of the branch of each commit; a sequence has one for all.
        let branch: String
        let commits: [Range<Int>]
        /// By the commit's place.
        let versions: [(commit: Int, label: String, edits: Range<Int>, measured: Range<Int>)]
    }

    /// General questions are asked with so many edits in the store, beside all of them.
    private static let generalCounts = [10, 100, 1_000]

    /// Returns the versions at which `generalCount` questions behind the items are asked, without edits first.
    static func general(itemCount: Int, generalCount: Int) -> Series {
        let counts = generalCounts.filter { $0 < itemCount } + [itemCount]
        let commits = zip([0] + counts, counts).map { $0..<$1 }
        let measured = itemCount..<itemCount + generalCount
        return Series(
            branch: "general", commits: commits,
            versions: counts.enumerated().map {
                ($0.offset, "general after \($0.element)", 0..<$0.element, measured)
            })
    }

    static func series(of setting: EvaluationSetting, itemCount: Int) -> [Series] {
        switch setting {
        case .single:
            return (0..<itemCount).map { place in
                let only = place..<place + 1
                return Series(
                    branch: "single/\(place)", commits: [only],
                    versions: [(0, "single", only, only)])
            }
        case .batch(let size):
            let size = min(size ?? itemCount, itemCount)
            return stride(from: 0, to: itemCount, by: max(size, 1)).map { start in
                let all = start..<min(start + size, itemCount)
                return Series(
                    branch: "batch/\(size)/\(start)", commits: [all],
                    versions: [(0, "batch \(size)", all, all)])
            }
        case .sequential:
            let counts = Set(EvaluationPlan.counts.filter { $0 < itemCount } + [itemCount])
            var versions: [(commit: Int, label: String, edits: Range<Int>, measured: Range<Int>)] =
                []
            for place in 0..<itemCount {
                let edits = 0..<place + 1
                versions.append((place, "sequential", edits, place..<place + 1))
                if counts.contains(place + 1) {
                    versions.append((place, "sequential after \(place + 1)", edits, edits))
                }
            }
            return [
                Series(
                    branch: "sequential", commits: (0..<itemCount).map { $0..<$0 + 1 },
                    versions: versions)
            ]
        }
    }
}
