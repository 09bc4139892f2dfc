/// How many edits a version holds when questions are asked, and what a prompt shows of them.
package enum EvaluationSetting: Hashable, Sendable {
    /// Each edit alone on the base.
    case single
    /// So many edits in one commit; nil is all of them.
    case batch(Int?)
    /// One commit each, one after the other.
    case sequential
    /// Each edit with so many unrelated ones, which a prompt shows at a place.
    case distractors(Int, Distractors.Place)
    /// Nothing but the general questions.
    case general

    /// Reads `general`, `single`, `sequential`, `batch`, `batch:100`, `distractors:2` or `distractors:2:before`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let count = parts.count > 1 ? Int(parts[1]) : nil
        switch (parts.first, parts.count) {
        case ("general", 1): self = .general
        case ("single", 1): self = .single
        case ("sequential", 1): self = .sequential
        case ("batch", 1): self = .batch(nil)
        case ("batch", 2):
            guard let count, count > 0 else { return nil }
            self = .batch(count)
        case ("distractors", 2...3):
            let place = parts.count == 3 ? Distractors.Place(rawValue: parts[2]) : .mixed
            guard let count, let place, (1...Distractors.countMax).contains(count) else {
                return nil
            }
            self = .distractors(count, place)
        default: return nil
        }
    }
}

/// A version of the store at which some items are measured.
package struct EvaluationVersion: Sendable {
    /// What is said of it: `single`, `batch 100`, `sequential`, `sequential after 100`, `distractors 2 before`.
    package let label: String
    /// The commit.
    package let revision: String
    /// Places of the items whose edits it holds, distractors left out.
    package let edits: Range<Int>
    /// Places of the items that are measured.
    package let measured: Range<Int>
    /// Places of the edits that a prompt shows, in its order, distractors among them.
    ///
    /// Nil leaves it to retrieval.
    package var shown: [Int]?

    /// How many edits it holds.
    package var editCount: Int { shown?.count ?? edits.count }

    /// Whether its edits follow those of another version: those are a beginning of its own.
    package func continues(_ other: EvaluationVersion?) -> Bool {
        guard let other else { return false }
        return ["sequential", "general", EditingSpeed.label].contains {
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

    /// The commits that a setting needs, each of some items' edits, and what is measured at which.
    struct Series {
        struct Version {
            /// The commit's place; nil is the base.
            let commit: Int?
            let label: String
            let edits: Range<Int>
            let measured: Range<Int>
            var shown: [Int]?
        }

        /// The name of the branch of each commit; a sequence has one for all.
        let branch: String
        let commits: [[Int]]
        let versions: [Version]
    }

    /// General questions are asked with so many edits in the store, beside all of them.
    private static let generalCounts = [10, 100, 1_000]

    /// Returns the versions at which `generalCount` questions behind the items are asked: without edits, then with.
    static func general(itemCount: Int, generalCount: Int) -> Series {
        let counts = generalCounts.filter { $0 < itemCount } + [itemCount]
        let measured = itemCount..<itemCount + generalCount
        return Series(
            branch: "general", commits: zip([0] + counts, counts).map { Array($0..<$1) },
            versions: zip([nil] + counts.indices.map { $0 }, [0] + counts).map { commit, count in
                Series.Version(
                    commit: commit, label: "general after \(count)", edits: 0..<count,
                    measured: measured)
            })
    }

    /// Returns what a setting needs of the items with edits; `seed` draws distractors.
    static func series(
        of setting: EvaluationSetting, _ items: ArraySlice<EvaluationItem>, seed: UInt64
    ) throws -> [Series] {
        switch setting {
        case .general: return []
        case .single:
            return items.indices.map { place in
                let only = place..<place + 1
                return Series(
                    branch: "single/\(place)", commits: [[place]],
                    versions: [.init(commit: 0, label: "single", edits: only, measured: only)])
            }
        case .batch(let size): return batches(of: size, items.count)
        case .sequential: return [sequence(items.count)]
        case .distractors(let count, let place):
            return try distracted(Distractors(items), count, place, seed: seed)
        }
    }

    private static func batches(of size: Int?, _ itemCount: Int) -> [Series] {
        let size = min(size ?? itemCount, itemCount)
        return stride(from: 0, to: itemCount, by: max(size, 1)).map { start in
            let all = start..<min(start + size, itemCount)
            return Series(
                branch: "batch/\(size)/\(start)", commits: [Array(all)],
                versions: [.init(commit: 0, label: "batch \(size)", edits: all, measured: all)])
        }
    }

    private static func sequence(_ itemCount: Int) -> Series {
        let counts = Set(EvaluationPlan.counts.filter { $0 < itemCount } + [itemCount])
        var versions: [Series.Version] = []
        for place in 0..<itemCount {
            let edits = 0..<place + 1
            versions.append(
                .init(
                    commit: place, label: "sequential", edits: edits,
                    measured: place..<place + 1))
            if counts.contains(place + 1) {
                versions.append(
                    .init(
                        commit: place, label: "sequential after \(place + 1)", edits: edits,
                        measured: edits))
            }
        }
        return Series(
            branch: "sequential", commits: (0..<itemCount).map { [$0] }, versions: versions)
    }

    private static func distracted(
        _ distractors: Distractors, _ count: Int, _ place: Distractors.Place, seed: UInt64
    ) throws -> [Series] {
        try distractors.indices.map { item in
            let only = item..<item + 1
            let shown = try distractors.shown(with: item, count, place, seed: seed)
            return Series(
                branch: "distractors/\(count)/\(place.rawValue)/\(item)", commits: [shown],
                versions: [
                    .init(
                        commit: 0, label: "distractors \(count) \(place.rawValue)", edits: only,
                        measured: only, shown: shown)
                ])
        }
    }
}
