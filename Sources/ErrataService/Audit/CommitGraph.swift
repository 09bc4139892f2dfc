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
}

/// A set of operations, a bit for each.
struct CommitSet: Sendable {
    private var words: [UInt64]

    init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

    mutating func insert(_ sequence: Int) {
        guard sequence >> 6 < words.count else { return }
        words[sequence >> 6] |= 1 << UInt64(sequence & 63)
    }

    func contains(_ sequence: Int) -> Bool {
        sequence >= 0 && sequence >> 6 < words.count
            && words[sequence >> 6] >> UInt64(sequence & 63) & 1 == 1
    }
}
