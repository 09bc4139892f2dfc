import ArgumentParser
import ErrataCore
import ErrataRetrieval
import ErrataTesting

/// Searches indexes of made-up facts, at the newest version and at an old one.
struct SearchSpeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Measure searches over 10,000 and 100,000 rows of 384 numbers",
        discussion: """
            Vectors are drawn at random around a thousand centres, which is how sentences lie; texts are \
            made of 5,000 words with the frequencies of Zipf's law. Encoding is not part of the times.
            """)

    @Option(help: "Searches for each figure")
    var count = 300

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let report = Report("Search, one thread")
        for rows in options.smoke ? [500] : [10_000, 100_000] {
            try await measure(rows: rows, count: options.smoke ? 20 : count, report)
        }
    }

    private func measure(rows: Int, count: Int, _ report: Report) async throws {
        let directory = try TemporaryDirectory()
        let encoder = DrawnEncoder(seed: options.seed)
        var texts = DrawnTexts(seed: options.seed)
        let index = try RetrievalIndex.open(
            directory: directory.file("index"), secretKey: [1, 2, 3], encoder: encoder)
        var facts: [IndexedFact] = []
        for i in 0..<rows { facts.append(try texts.fact(i)) }
        try await index.index(facts)
        let old = CommitID(.sha256([0]))
        let new = CommitID(.sha256([1]))
        let half = facts.prefix(rows / 2)
        try index.prepare(old, bases: []) { _ in half.map(addition) }
        try index.prepare(new, bases: [old]) { _ in facts.dropFirst(rows / 2).map(addition) }
        for (name, version) in [("newest version", new), ("version of half as many", old)] {
            var fused = Sample()
            var words = Sample()
            for i in 0..<count {
                let text = texts.query(i)
                let vector = try encoder.encode([text])[0]
                let query = SearchQuery(text: text, vector: vector)
                let hits = try fused.time { try index.search(query, at: version, limit: 10) }
                precondition(hits.count == 10, "there is something to find")
                let lexical = SearchQuery(text: text)
                _ = try words.time { try index.search(lexical, at: version, limit: 10) }
            }
            report.row("\(rows) rows, \(name), fused", fused.milliseconds)
            report.row("\(rows) rows, \(name), words alone", words.milliseconds)
        }
        try index.close()
    }

    private func addition(_ fact: IndexedFact) -> Edit {
        Edit(fact: fact.version.fact, old: nil, new: fact.version.leaf)
    }
}

/// Gives every text a unit vector near one of a thousand centres, always the same.
private struct DrawnEncoder: SentenceEncoding {
    let seed: UInt64
    let name = "drawn"
    var identity: [UInt8] { Digest.sha256(Array("drawn \(seed)".utf8)).bytes }
    let width = 384

    init(seed: UInt64) { self.seed = seed }

    func encode(_ texts: [String]) throws -> [[Float]] {
        texts.map { text in
            let digest = Digest.sha256(Array(text.utf8)).bytes
            let number = digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            let centre = draw(seed: seed ^ (number % 1_000 &* 0x9e37_79b9))
            let own = draw(seed: seed ^ number)
            let vector = zip(centre, own).map { $0 + 0.7 * $1 }
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / length }
        }
    }

    private func draw(seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<width).map { _ in
            // The sum of four is near enough to a normal number.
            (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &random) }
        }
    }
}

/// Makes up texts whose words are as frequent as in a language.
private struct DrawnTexts {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func fact(_ i: Int) throws -> IndexedFact {
        let text = words(8) + " \(i)"
        let digest = Digest.sha256(Array(text.utf8))
        let fact = try FactDraft(statement: text).checked()
        guard let id = FactID(digest.bytes.prefix(FactID.byteCount)) else {
            fatalError("unreachable: a digest has more than 16 bytes")
        }
        return IndexedFact(FactVersion(id, Leaf(digest)), fact)
    }

    mutating func query(_ i: Int) -> String { words(6) }

    private mutating func words(_ count: Int) -> String {
        (0..<count).map { _ in
            let rank = Int(1 / Double.random(in: 0.0002...1, using: &random))
            return "w\(rank)"
        }.joined(separator: " ")
    }
}
