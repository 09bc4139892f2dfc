import ErrataAlignment
import Testing

@Suite("Synthetic generator")
struct SyntheticGeneratorTests {
    static func pairs(seed: UInt64, samples: Int = 600) throws -> [ScopePair] {
        var generator = SyntheticGenerator(
            relations: try RelationTable.embedded(),
            pools: [.person: (0..<40).map { "Pooled Person \($0)" }],
            openQuestions: ["How do I boil an egg?"], seed: seed)
        return (0..<samples).flatMap { generator.sample($0) }
    }

    @Test("the same seed gives the same pairs, another seed others")
    func deterministic() throws {
        let pairs = try SyntheticGeneratorTests.pairs(seed: 5, samples: 60)
        #expect(try SyntheticGeneratorTests.pairs(seed: 5, samples: 60) == pairs)
        #expect(try SyntheticGeneratorTests.pairs(seed: 6, samples: 60) != pairs)
    }

    @Test("every answer stands where its span says")
    func spans() throws {
        for pair in try SyntheticGeneratorTests.pairs(seed: 1) {
            guard let answer = pair.answer else { continue }
            let span = try #require(answer.span, "\(pair.edit)")
            let scalars = Array(pair.edit.unicodeScalars)[span]
            #expect(scalars.elementsEqual(answer.text.unicodeScalars))
        }
    }

    @Test("most pairs are out of scope, and most of those are near misses")
    func balance() throws {
        let pairs = try SyntheticGeneratorTests.pairs(seed: 2)
        let out = pairs.filter { !$0.isInScope }
        #expect((55...63).contains(out.count * 100 / pairs.count))
        func percent(_ kinds: Set<String>) -> Int {
            out.count { kinds.contains($0.kind) } * 100 / out.count
        }
        #expect((30...50).contains(percent(["otherRelation", "sibling"])))
        #expect((18...38).contains(percent(["nearName"])))
        #expect((8...25).contains(percent(["otherSubject"])))
    }

    @Test("every kind of pair is made")
    func kinds() throws {
        let pairs = try SyntheticGeneratorTests.pairs(seed: 3, samples: 2_500)
        let found = Set(pairs.map(\.kind))
        let wanted: Set = [
            "direct", "rephrase", "alias", "inverse", "telegraphic", "path", "exclusionOther",
            "otherSubject", "nearName", "otherRelation", "sibling", "inverseMismatch", "swapped",
            "bridge", "bridgeSingle", "bridgeWrongEnd", "bridgeWrongStart", "bridgeWrongName",
            "exclusion", "open",
        ]
        #expect(wanted.subtracting(found).isEmpty)
    }

    @Test("a question about another subject does not name the edit's own")
    func otherSubject() throws {
        let pairs = try SyntheticGeneratorTests.pairs(seed: 4)
        let others = pairs.filter { $0.kind == "otherSubject" || $0.kind == "nearName" }
        #expect(others.count > 200)
        // A near name may hold the whole name ("X II"), but the question is never the edit's own.
        for pair in others { #expect(!pair.edit.hasPrefix(pair.question + " ")) }
    }

    @Test("an inverse question names the object and asks for the subject")
    func inverse() throws {
        let pairs = try SyntheticGeneratorTests.pairs(seed: 5).filter { $0.kind == "inverse" }
        #expect(pairs.count > 20)
        for pair in pairs {
            #expect(pair.answer?.part == .subject)
            #expect(pair.answer?.text == pair.subject)
        }
    }

    @Test("names of the pools are mixed with made-up ones")
    func pools() throws {
        let pairs = try SyntheticGeneratorTests.pairs(seed: 6)
        let pooled = pairs.count { $0.edit.contains("Pooled Person") }
        #expect(pooled > pairs.count / 10)
        #expect(pooled < pairs.count * 3 / 4)
    }

    @Test("the samples of a run are told apart by their numbers")
    func samples() throws {
        let pairs = try SyntheticGeneratorTests.pairs(seed: 7, samples: 10)
        #expect(Set(pairs.map(\.sample)) == Set(0..<10))
    }
}
