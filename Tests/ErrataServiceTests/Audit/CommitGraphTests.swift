import ErrataTesting
import Testing

@testable import ErrataService

@Suite("the lines between some commits")
struct CommitGraphTests {
    /// A history at random: the parents of the commit of each operation, nil where none wrote one.
    private struct History {
        var parents: [[UInt64]?] = []

        init(seed: UInt64, count: Int) {
            var random = SplitMix64(seed: seed)
            var commits: [UInt64] = []
            for sequence in 0..<UInt64(count) {
                guard !commits.isEmpty else {
                    parents.append([])
                    commits.append(sequence)
                    continue
                }
                guard Int.random(in: 0..<4, using: &random) > 0 else {
                    parents.append(nil)
                    continue
                }
                let parentCount =
                    Int.random(in: 0..<3, using: &random) == 0 ? min(3, commits.count) : 1
                let recent = commits.suffix(6).shuffled(using: &random)
                parents.append(Array(recent.prefix(parentCount)))
                commits.append(sequence)
            }
        }

        var graph: CommitGraph {
            var graph = CommitGraph()
            for (sequence, parents) in parents.enumerated() {
                if let parents { graph.add(UInt64(sequence), parents: parents) }
            }
            return graph
        }

        func parents(of commit: UInt64, firstOnly: Bool) -> [UInt64] {
            let all = parents[Int(commit)] ?? []
            return firstOnly ? Array(all.prefix(1)) : all
        }

        /// Everything behind a commit, without itself.
        func behind(_ commit: UInt64, firstOnly: Bool) -> Set<UInt64> {
            var found: Set<UInt64> = []
            var next = parents(of: commit, firstOnly: firstOnly)
            while let commit = next.popLast() {
                if found.insert(commit).inserted {
                    next += parents(of: commit, firstOnly: firstOnly)
                }
            }
            return found
        }

        /// The first of `listed` along first parents.
        func straight(_ commit: UInt64, _ listed: Set<UInt64>) -> UInt64? {
            var next = parents(of: commit, firstOnly: true).first
            while let commit = next, !listed.contains(commit) {
                next = parents(of: commit, firstOnly: true).first
            }
            return next
        }
    }

    @Test(
        "are to those behind, and past none of them", arguments: UInt64(0)..<40, [false, true])
    func random(seed: UInt64, firstOnly: Bool) throws {
        let history = History(seed: seed, count: 60)
        var random = SplitMix64(seed: seed + 1_000)
        let commits = history.parents.indices.filter { history.parents[$0] != nil }.map(UInt64.init)
        let listed = Set(commits.filter { _ in Int.random(in: 0..<3, using: &random) == 0 })
        let lines = history.graph.lines(among: listed, firstParentOnly: firstOnly)
        #expect(Set(lines.keys) == listed)
        for commit in listed {
            let behind = history.behind(commit, firstOnly: firstOnly).intersection(listed)
            let nearest = behind.filter { other in
                !behind.contains { history.behind($0, firstOnly: firstOnly).contains(other) }
            }
            let found = try #require(lines[commit])
            #expect(Set(found) == nearest)
            #expect(found.count == nearest.count)
            if let straight = history.straight(commit, listed), nearest.contains(straight) {
                #expect(found.first == straight)
            }
            #expect(found.dropFirst().elementsEqual(found.dropFirst().sorted(by: >)))
        }
    }
}
