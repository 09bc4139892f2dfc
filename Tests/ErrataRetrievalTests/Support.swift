import ErrataCore
import ErrataRetrieval
import ErrataTesting
import Foundation
import Synchronization

extension SplitMix64 {
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    /// A number from -1 to 1.
    mutating func number() -> Float { Float(next() >> 40) / Float(1 << 23) - 1 }
}

/// Words of a sentence hashed into few numbers: vectors that depend on the text alone.
final class WordHashEncoder: SentenceEncoding {
    let name: String
    let width: Int
    let identity: [UInt8]
    private struct Memory {
        var encodedCount = 0
        var words: [String: [Float]] = [:]
    }

    private let memory = Mutex(Memory())

    init(name: String = "words", width: Int = 32) {
        self.name = name
        self.width = width
        identity = Digest.sha256(Array("\(name) \(width)".utf8)).bytes
    }

    var encodedCount: Int { memory.withLock { $0.encodedCount } }

    func encode(_ texts: [String]) throws -> [[Float]] {
        memory.withLock { $0.encodedCount += texts.count }
        return texts.map(vector)
    }

    func vector(_ text: String) -> [Float] {
        var sum = [Float](repeating: 0, count: width)
        for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
            let vector = numbers(of: String(word))
            for i in 0..<width { sum[i] += vector[i] }
        }
        let norm = sum.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard norm > 0 else { return [1] + [Float](repeating: 0, count: width - 1) }
        return sum.map { Float(Double($0) / norm) }
    }

    private func numbers(of word: String) -> [Float] {
        if let known = memory.withLock({ $0.words[word] }) { return known }
        let seed = Digest.sha256(Array(word.utf8)).bytes.prefix(8)
            .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var random = SplitMix64(seed: seed)
        let numbers = (0..<width).map { _ in random.number() }
        memory.withLock { $0.words[word] = numbers }
        return numbers
    }
}

/// An encoder whose texts are `<name of a vector> ...`: any vectors at all.
struct TableEncoder: SentenceEncoding {
    let name = "table"
    let width: Int
    let identity = Digest.sha256(Array("table".utf8)).bytes
    let vectors: [String: [Float]]
    var isNormalized = true

    func encode(_ texts: [String]) throws -> [[Float]] {
        texts.map { vectors[$0] ?? [1] + [Float](repeating: 0, count: width - 1) }
    }
}

extension TemporaryDirectory {
    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    func name(ending: String) throws -> String {
        guard let name = names.first(where: { $0.hasSuffix(ending) }) else {
            throw CocoaError(.fileNoSuchFile)
        }
        return path + "/" + name
    }
}

let secret = Array("a secret of thirty-two bytes ...".utf8)

func commit(_ number: Int) -> CommitID {
    CommitID(Digest.sha256(Array("commit \(number)".utf8)))
}

extension Fact {
    var id: FactID { FactID(key: key, secret: secret) }
    var leaf: Leaf { Leaf(Digest.hmac(payload, key: secret)) }
    var version: FactVersion { FactVersion(id, leaf) }
}

extension IndexedFact {
    init(_ fact: Fact) { self.init(fact.version, fact) }
}

/// Versions kept whole: what the index is compared with, and where its closures read.
struct KnowledgeModel {
    private(set) var versions: [[FactID: Fact]] = [[:]]
    private var leaves: [[FactID: Leaf]] = [[:]]
    private(set) var texts: [FactVersion: Fact] = [:]

    var head: [FactID: Fact] { versions[versions.count - 1] }
    var headNumber: Int { versions.count - 1 }

    mutating func commit(put facts: [Fact] = [], remove ids: [FactID] = []) {
        var next = head
        var nextLeaves = leaves[headNumber]
        for id in ids {
            next[id] = nil
            nextLeaves[id] = nil
        }
        for fact in facts {
            let version = fact.version
            next[version.fact] = fact
            nextLeaves[version.fact] = version.leaf
            texts[version] = fact
        }
        versions.append(next)
        leaves.append(nextLeaves)
    }

    func changes(from old: Int?, to new: Int) -> [Edit] {
        let before = old.map { leaves[$0] } ?? [:]
        let after = leaves[new]
        return Set(before.keys).union(after.keys).sorted().compactMap { id in
            let (old, new) = (before[id], after[id])
            return old == new ? nil : Edit(fact: id, old: old, new: new)
        }
    }

    /// Brings version `number` into `index`, from version `base` if given.
    @discardableResult
    func update(_ index: RetrievalIndex, to number: Int, from base: Int? = nil) async throws
        -> VisibilitySet
    {
        try await index.update(
            to: ErrataRetrievalTests.commit(number),
            bases: base.map { [ErrataRetrievalTests.commit($0)] } ?? []
        ) { found in
            changes(from: found == nil ? nil : base, to: number)
        } fact: {
            texts[$0]
        }
    }
}

/// Facts about made-up people and places, few words over and over.
struct FactMaker {
    private static let names = [
        "Arden", "Belvoir", "Cadmus", "Dorset", "Élan", "Farrow", "Galen", "Hollis", "Ingram",
        "Jarrow", "Kestrel", "Lovat",
    ]
    private static let relations = [
        "capital", "director", "chief executive officer", "mother tongue", "place of birth",
        "official language",
    ]

    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func name() -> String {
        FactMaker.names[random.below(FactMaker.names.count)] + " "
            + FactMaker.names[random.below(FactMaker.names.count)]
    }

    mutating func fact() throws -> Fact {
        let subject = name()
        let relation = FactMaker.relations[random.below(FactMaker.relations.count)]
        var draft = FactDraft(subject: subject, relation: relation, object: name())
        if random.below(2) == 0 { draft.questions = ["What is the \(relation) of \(subject)?"] }
        if random.below(3) == 0 { draft.aliases = [name()] }
        return try draft.checked()
    }

    mutating func facts(_ count: Int) throws -> [Fact] {
        try (0..<count).map { _ in try fact() }
    }
}
