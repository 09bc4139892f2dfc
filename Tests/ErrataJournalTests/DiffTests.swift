import ErrataCore
import ErrataJournal
import ErrataTesting
import Testing

@Suite("A difference")
struct DiffTests {
    @Test(
        "is that of the two snapshots, near and far along a line and between lines",
        arguments: UInt64(0)..<4)
    func isThatOfSnapshots(seed: UInt64) async throws {
        try await withJournal { journal, _ in
            let commits = try await history(of: journal, seed: seed)
            var random = SplitMix64(seed: seed)
            for _ in 0..<400 {
                let from = commits[random.next(upTo: commits.count)]
                let to = commits[random.next(upTo: commits.count)]
                #expect(
                    try journal.diff(from: from, to: to)
                        == difference(journal.snapshot(at: from), journal.snapshot(at: to)))
            }
        }
    }

    /// Writes two lines that merge now and then, the longer one past what is read commit by commit.
    private func history(of journal: Journal, seed: UInt64) async throws -> [CommitID] {
        var random = SplitMix64(seed: seed + 100)
        var commits = [try await journal.set((0..<12).map { ("k\($0)", "v") }).commit]
        _ = try await journal.createBranch("side", at: commits[0], actor: alice)
        for i in 0..<150 {
            let isSide = random.next(upTo: 4) == 0
            // Few values, so that many edits are taken back by later ones.
            let values = (0..<1 + random.next(upTo: 3)).map { part in
                ("k\(5 * part + random.next(upTo: 5))", "\(random.next(upTo: 3)) \(i / 8)")
            }
            let branch = isSide ? "side" : "main"
            guard let outcome = try? await journal.set(values, on: branch) else { continue }
            commits.append(outcome.commit)
            guard i % 40 == 39 else { continue }
            let source = try journal.head(of: "side")
            _ = try await journal.merge(source, into: "main", message: "Merge", actor: alice)
            commits.append(try journal.head(of: "main"))
        }
        return commits
    }

    private func difference(_ old: Snapshot, _ new: Snapshot) throws -> [Edit] {
        var (before, after) = ([FactID: Leaf](), [FactID: Leaf]())
        for entry in try old.entries(limit: .max) { before[entry.fact] = entry.leaf }
        for entry in try new.entries(limit: .max) { after[entry.fact] = entry.leaf }
        return Set(before.keys).union(after.keys).sorted()
            .filter { before[$0] != after[$0] }
            .map { Edit(fact: $0, old: before[$0], new: after[$0]) }
    }
}
