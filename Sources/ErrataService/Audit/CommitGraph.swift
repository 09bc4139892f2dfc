/// The lines between all commits, in memory: 8 bytes an operation.
///
/// Operations are numbered so that parents come before their children: descending numbers are a topological
/// order, and one sweep over them finds everything that lies behind some heads.
struct CommitGraph: Sendable {
    private static let noCommit = UInt32.max
    private static let noParent = UInt32.max - 1

    /// The operation of the first parent, at the place of each operation.
    private var firstParents: [UInt32] = []
    /// The parents after the first, of merges.
    private var otherParents: [UInt32: [UInt32]] = [:]

    /// How many operations it covers.
    var count: Int { firstParents.count }

    /// Adds the commit of operation `sequence`; operations between that wrote none may be left out.
    mutating func add(_ sequence: UInt64, parents: [UInt64]) {
        guard sequence < UInt64(CommitGraph.noParent), sequence >= UInt64(count) else { return }
        extend(to: Int(sequence))
        firstParents.append(
            parents.first.map { UInt32(truncatingIfNeeded: $0) } ?? CommitGraph.noParent)
        guard parents.count > 1 else { return }
        otherParents[UInt32(sequence)] = parents.dropFirst().map {
            UInt32(truncatingIfNeeded: $0)
        }
    }

    /// Adds another parent to the newest commit.
    mutating func addParent(_ parent: UInt64, of sequence: UInt64) {
        otherParents[UInt32(truncatingIfNeeded: sequence), default: []].append(
            UInt32(truncatingIfNeeded: parent))
    }

    private mutating func extend(to count: Int) {
        while firstParents.count < count { firstParents.append(CommitGraph.noCommit) }
    }

    /// Returns the operations of the commits that lie behind `heads`, these included.
    func reachable(from heads: [UInt64], firstParentOnly: Bool) -> CommitSet {
        var set = CommitSet(count: count)
        for head in heads where head < UInt64(count) { set.insert(Int(head)) }
        var sequence = (heads.max().map { min(Int(clamping: $0), count - 1) }) ?? -1
        while sequence >= 0 {
            defer { sequence -= 1 }
            guard set.contains(sequence) else { continue }
            let parent = firstParents[sequence]
            if parent < CommitGraph.noParent { set.insert(Int(parent)) }
            guard !firstParentOnly, !otherParents.isEmpty else { continue }
            for other in otherParents[UInt32(sequence)] ?? [] { set.insert(Int(other)) }
        }
        return set
    }

    /// Whether operation `sequence` wrote a commit.
    func hasCommit(_ sequence: UInt64) -> Bool {
        sequence < UInt64(count) && firstParents[Int(sequence)] != CommitGraph.noCommit
    }

    // MARK: Lines between some commits

    /// Returns for each of `commits` the nearest of the others that lie behind it: what a drawing of them joins.
    ///
    /// Which one its first parents lead to comes first, then the newest. None lies behind another one. Costs a
    /// sweep over the operations between the newest and the oldest of them.
    func lines(among commits: Set<UInt64>, firstParentOnly: Bool) -> [UInt64: [UInt64]] {
        let order = commits.filter(hasCommit).sorted(by: >)
        let straight = met(from: order, firstParentOnly: true)
        let all = firstParentOnly ? straight : met(from: order, firstParentOnly: false)
        var lines: [UInt64: [UInt64]] = [:]
        var behind = [CommitSet](repeating: CommitSet(count: order.count), count: order.count)
        for place in order.indices.reversed() {
            var nearest: [Int] = []
            for other in all[place] where !behind[place].contains(other) {
                nearest.append(other)
                behind[place].insert(other)
                behind[place].formUnion(behind[other])
            }
            let first = straight[place].first
            let sorted = nearest.filter { $0 == first } + nearest.filter { $0 != first }
            lines[order[place]] = sorted.map { order[$0] }
        }
        return lines
    }

    /// Returns for each commit of `order`, newest first, those that a walk back from it meets before any other
    /// of them, newest first; all by their places in `order`.
    private func met(from order: [UInt64], firstParentOnly: Bool) -> [[Int]] {
        guard let newest = order.first, let oldest = order.last else { return [] }
        var met = [[Int]](repeating: [], count: order.count)
        var place = 0
        var waiting: [UInt32: CommitSet] = [:]
        for sequence in (oldest...newest).reversed() {
            var walks = waiting.removeValue(forKey: UInt32(sequence))
            if order[place] == sequence {
                for walk in walks?.members ?? [] { met[walk].append(place) }
                walks = CommitSet(count: order.count)
                walks?.insert(place)
                place += 1
            }
            guard let walks else { continue }
            let first = firstParents[Int(sequence)]
            let others = firstParentOnly ? nil : otherParents[UInt32(sequence)]
            for parent in [first] + (others ?? []) where parent < CommitGraph.noParent {
                if waiting[parent]?.formUnion(walks) == nil { waiting[parent] = walks }
            }
        }
        return met
    }
}

/// A set of operations or places, a bit for each.
struct CommitSet: Sendable {
    private var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    mutating func insert(_ sequence: Int) {
        guard sequence >> 6 < words.count else { return }
        words[sequence >> 6] |= 1 << UInt64(sequence & 63)
    }

    /// Adds what is in a set of the same count.
    mutating func formUnion(_ other: CommitSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// What is in it, ascending.
    var members: [Int] {
        words.indices.flatMap { index in
            (0..<64).lazy.filter { words[index] >> UInt64($0) & 1 == 1 }.map { index * 64 + $0 }
        }
    }

    func contains(_ sequence: Int) -> Bool {
        sequence >= 0 && sequence >> 6 < words.count
            && words[sequence >> 6] >> UInt64(sequence & 63) & 1 == 1
    }
}
