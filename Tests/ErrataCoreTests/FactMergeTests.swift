import ErrataCore
import Testing

@Suite("Merging the fields of a fact")
struct FactMergeTests {
    private func fact(
        _ object: String = "Parag Agrawal", source: String? = nil, aliases: [String] = [],
        labels: [String: String] = [:], statement: String? = nil, from: String? = nil,
        to: String? = nil
    ) throws -> Fact {
        try FactDraft(
            key: "twitter.ceo", subject: "Twitter", relation: "CEO", object: object,
            statement: statement, prompt: "The CEO of Twitter is", aliases: aliases,
            validFrom: from, validTo: to, source: source, labels: labels
        ).checked()
    }

    @Test("takes from each side what it alone changed, and makes the statement again")
    func bothSides() throws {
        let merged = try #require(
            Fact.merged(
                base: fact(), ours: fact("Elon Musk"), theirs: fact(source: "https://x.com")))
        #expect(merged.object == "Elon Musk")
        #expect(merged.source == "https://x.com")
        #expect(merged.statement == "The CEO of Twitter is Elon Musk")
    }

    @Test("refuses two new values of one field, whichever side is ours")
    func contradiction() throws {
        let sides = [try fact("Elon Musk"), try fact("Linda Yaccarino")]
        #expect(try Fact.merged(base: fact(), ours: sides[0], theirs: sides[1]) == nil)
        #expect(try Fact.merged(base: fact(), ours: sides[1], theirs: sides[0]) == nil)
        #expect(Fact.merged(base: nil, ours: sides[0], theirs: sides[1]) == nil)
    }

    @Test("merges aliases and labels as sets, removals too")
    func sets() throws {
        let base = try fact(aliases: ["X", "Twitter, Inc."], labels: ["team": "news", "a": "1"])
        let ours = try fact(
            aliases: ["Twitter, Inc.", "TWTR"], labels: ["team": "news", "b": "2"])
        let theirs = try fact(
            aliases: ["X", "Twitter, Inc.", "The bird"], labels: ["team": "wire", "a": "1"])
        let merged = try #require(Fact.merged(base: base, ours: ours, theirs: theirs))
        #expect(merged.aliases == ["Twitter, Inc.", "TWTR", "The bird"])
        #expect(merged.labels == ["team": "wire", "b": "2"])
    }

    @Test("refuses labels that contradict, and dates that no longer fit together")
    func labelsAndDates() throws {
        #expect(
            try Fact.merged(
                base: fact(), ours: fact(labels: ["team": "news"]),
                theirs: fact(labels: ["team": "wire"])) == nil)
        #expect(
            try Fact.merged(
                base: fact(from: "2020-01-01"), ours: fact(from: "2024-01-01"),
                theirs: fact(from: "2020-01-01", to: "2023-01-01")) == nil)
    }

    @Test("keeps a statement of its own words, and refuses two of them")
    func statements() throws {
        let own = try fact("Elon Musk", statement: "Mr Musk runs Twitter")
        let merged = try #require(
            Fact.merged(base: fact(), ours: own, theirs: fact(source: "https://x.com")))
        #expect(merged.statement == "Mr Musk runs Twitter")
        #expect(
            try Fact.merged(
                base: fact(), ours: own, theirs: fact(statement: "Twitter is led by him")) == nil)
    }

    @Test("is the same from either side for every pair of one-field changes")
    func symmetry() throws {
        let changes = try [
            fact("Elon Musk"), fact(source: "https://x.com"), fact(aliases: ["X"]),
            fact(labels: ["team": "news"]), fact(from: "2020-01-01"), fact(),
        ]
        for ours in changes {
            for theirs in changes {
                let one = try #require(Fact.merged(base: fact(), ours: ours, theirs: theirs))
                let other = try #require(Fact.merged(base: fact(), ours: theirs, theirs: ours))
                #expect(one.payload == other.payload)
            }
        }
    }
}
