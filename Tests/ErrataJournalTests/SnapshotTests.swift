import ErrataCore
import ErrataJournal
import ErrataTesting
import Testing

@Suite("A snapshot")
struct SnapshotTests {
    @Test("has one root for one set of facts, however it came about", arguments: UInt64(0)..<6)
    func rootIsOfTheSet(seed: UInt64) async throws {
        try await withJournal { journal, _ in
            var random = SplitMix64(seed: seed)
            let names = (0..<40).map { "k\($0)" }
            let root = try journal.head(of: "main")
            let bulk = try await journal.set(names.map { ($0, "final") })
            let expected = try journal.snapshot(at: bulk.commit)

            _ = try await journal.createBranch("slow", at: root, actor: alice)
            try await journal.set([("extra1", "x"), ("extra2", "y")], on: "slow")
            for name in names.shuffled(using: &random) {
                if random.next(upTo: 3) == 0 {
                    try await journal.set([(name, "early")], on: "slow")
                }
                try await journal.set([(name, "final")], on: "slow")
            }
            let last = try await journal.set([("extra1", nil), ("extra2", nil)], on: "slow")
            let snapshot = try journal.snapshot(at: last.commit)
            #expect(snapshot.rootHash == expected.rootHash)
            #expect(snapshot.count == 40)
            #expect(try journal.diff(from: bulk.commit, to: last.commit) == [])
        }
    }

    @Test("has its old root when an old value of a much revised fact comes back")
    func oldValueComesBack() async throws {
        let store = TemporaryStore()
        var journal = try store.open()
        var roots: [String: Digest] = [:]
        // The values come back while they are compared one by one, and when they are remembered.
        for value in (10..<30).map({ "v\($0)" }) + ["longer"] {
            for again in [value] + roots.keys.sorted().suffix(3) {
                let root = try journal.snapshot(at: await journal.set([("k", again)]).commit)
                    .rootHash
                #expect(roots[again] ?? root == root, "\(again)")
                roots[again] = root
            }
        }
        #expect(Set(roots.values).count == 21)
        await journal.close()
        journal = try store.open()
        // In an order that does not begin with the value that the fact has.
        for (value, root) in roots.sorted(by: { $0.key < $1.key }) {
            let commit = try await journal.set([("k", value)]).commit
            #expect(try journal.snapshot(at: commit).rootHash == root)
        }
        #expect(journal.verify().isClean)
        await journal.close()
    }

    @Test("of one fact hashes its entry, of none the empty string")
    func smallRoots() async throws {
        try await withJournal { journal, _ in
            let one = try await journal.set([("a", "1")])
            let change = try #require(one.changes.first)
            let leaf = try #require(change.new)
            #expect(
                try journal.snapshot(at: one.commit).rootHash
                    == Digest.sha256([0] + change.fact.bytes + leaf.bytes))
            let none = try await journal.set([("a", nil)])
            #expect(try journal.snapshot(at: none.commit).rootHash == Digest.sha256([]))
            #expect(try journal.snapshot(at: none.commit).entries(limit: 10).isEmpty)
        }
    }

    @Test("hashes as its definition says, computed by another program text")
    func rootByDefinition() async throws {
        try await withJournal { journal, _ in
            let outcome = try await journal.set((0..<300).map { ("k\($0)", "v\($0)") })
            let facts = outcome.changes.compactMap { change in
                change.new.map { (bits: bits(change.fact), fact: change.fact, leaf: $0) }
            }
            let root = definedRoot(facts[...], from: 0)
            #expect(try journal.snapshot(at: outcome.commit).rootHash == root)
        }
    }

    private func bits(_ fact: FactID) -> [Int] {
        fact.bytes.flatMap { byte in (0..<8).reversed().map { Int(byte >> UInt8($0) & 1) } } + [0]
    }

    /// The recursive definition of the trie's hash, over lists.
    private func definedRoot(
        _ facts: ArraySlice<(bits: [Int], fact: FactID, leaf: Leaf)>, from bit: Int
    ) -> Digest {
        if facts.isEmpty { return Digest.sha256([]) }
        if facts.count == 1, let only = facts.first {
            return Digest.sha256([0] + only.fact.bytes + only.leaf.bytes)
        }
        var bitmap: UInt8 = 0
        var hashes: [UInt8] = []
        for digit in 0..<8 {
            let part = facts.filter {
                $0.bits[bit] * 4 + $0.bits[bit + 1] * 2 + $0.bits[bit + 2] == digit
            }
            guard !part.isEmpty else { continue }
            bitmap |= 1 << UInt8(digit)
            hashes += definedRoot(part[...], from: bit + 3).bytes
        }
        return Digest.sha256([1, bitmap] + hashes)
    }

    @Test("lists its facts in order, by pages of any size", arguments: [1, 7, 64, 1000])
    func pages(limit: Int) async throws {
        try await withJournal { journal, _ in
            let outcome = try await journal.set((0..<150).map { ("k\($0)", "v") })
            let snapshot = try journal.snapshot(at: outcome.commit)
            var listed: [FactID] = []
            while true {
                let page = try snapshot.entries(after: listed.last, limit: limit)
                #expect(page.count <= limit)
                if page.isEmpty { break }
                listed += page.map(\.fact)
            }
            #expect(listed == outcome.changes.map(\.fact))
            #expect(listed == listed.sorted())
            for fact in listed { #expect(try snapshot.leaf(of: fact) != nil) }
            #expect(try snapshot.leaf(of: journal.factID(for: "absent")) == nil)
            let between = try #require(FactID([UInt8](repeating: 0x80, count: 16)))
            #expect(
                try snapshot.entries(after: between, limit: 1).first?.fact
                    == listed.first { $0 > between })
        }
    }
}
