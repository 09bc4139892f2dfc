package import ErrataCore

// RECEIPT FORMAT, version 1. The id of a receipt is SHA-256 of these bytes, so the same question put to the
// same version gives the same receipt; when it was asked, by whom and how long it took stands beside it.
//
//   0 version (1)   2 commit      4 k          6 answerer hash     8 used [index into candidates]
//   1 question      3 operation   5 answerer   7 candidates        9 part of the first used fact
//
// A candidate is [FactID, leaf, cosine, BM25, probability]: the numbers in millionths, null where that search
// did not find the fact. No text of a fact stands here: the answer is a part of a fact at a leaf, so a
// redacted fact leaves no copy behind in receipts.

/// The record behind an answer.
package struct Receipt: Hashable, Sendable {
    /// What of a fact was given as the answer.
    package enum Part: UInt64, Hashable, Sendable {
        case object = 0
        case subject = 1
        case statement = 2
    }

    package struct Candidate: Hashable, Sendable {
        package let fact: FactID
        package let leaf: Leaf
        /// Millionths; nil if the dense search did not find the fact or there was no encoder.
        package let cosine: Int64?
        /// Millionths; nil if the lexical search did not find the fact.
        package let lexical: Int64?
        /// Millionths: how likely the fact answers the question.
        package let probability: Int64

        package init(
            fact: FactID, leaf: Leaf, cosine: Int64?, lexical: Int64?, probability: Int64
        ) {
            self.fact = fact
            self.leaf = leaf
            self.cosine = cosine
            self.lexical = lexical
            self.probability = probability
        }
    }

    package static let version: UInt64 = 1

    package let question: String
    package let commit: CommitID
    package let operation: UInt64
    package let k: Int
    package let answerer: String
    /// What the answerer computes with: its parameters and the encoder's files.
    package let answererHash: Digest
    /// In the order of retrieval.
    package let candidates: [Candidate]
    /// The candidates in scope, best first, as places in `candidates`.
    package let used: [Int]
    /// What of the first used fact is the answer; nil if no fact answers.
    package let part: Part?

    package init(
        question: String, commit: CommitID, operation: UInt64, k: Int, answerer: String,
        answererHash: Digest, candidates: [Candidate], used: [Int], part: Part?
    ) {
        self.question = question
        self.commit = commit
        self.operation = operation
        self.k = k
        self.answerer = answerer
        self.answererHash = answererHash
        self.candidates = candidates
        self.used = used
        self.part = part
    }

    package var id: Digest { .sha256(encoded) }

    package var encoded: [UInt8] {
        CBOR.fields([
            (0, .unsigned(Receipt.version)),
            (1, .text(question)),
            (2, .bytes(commit.bytes)),
            (3, .unsigned(operation)),
            (4, .unsigned(UInt64(k))),
            (5, .text(answerer)),
            (6, .bytes(answererHash.bytes)),
            (7, .array(candidates.map(\.cbor))),
            (8, .array(used.map { .unsigned(UInt64($0)) })),
            (9, part.map { .unsigned($0.rawValue) }),
        ]).encoded
    }
}

extension Receipt {
    package init(decoding bytes: [UInt8]) throws(CBORError) {
        var fields = try CBORFields(CBOR(decoding: bytes), of: "receipt")
        let version = try fields.unsigned(0)
        guard version == Receipt.version else {
            throw CBORError(message: "receipt version \(version) is unknown", offset: 0)
        }
        guard let commit = CommitID(try fields.bytes(2)), let hash = Digest(try fields.bytes(6)),
            let k = Int(exactly: try fields.unsigned(4))
        else { throw CBORError(message: "a field of the receipt is out of range", offset: 0) }
        var candidates: [Candidate] = []
        for item in try fields.array(7) { candidates.append(try Candidate(item)) }
        var used: [Int] = []
        for item in try fields.array(8) {
            guard case .unsigned(let number) = item, number < UInt64(candidates.count) else {
                throw CBORError(message: "the receipt uses a candidate it lacks", offset: 0)
            }
            used.append(Int(number))
        }
        self.init(
            question: try fields.text(1), commit: commit, operation: try fields.unsigned(3), k: k,
            answerer: try fields.text(5), answererHash: hash, candidates: candidates, used: used,
            part: try fields.part(9))
        try fields.finish()
    }
}

extension CBORFields {
    fileprivate mutating func part(_ key: UInt64) throws(CBORError) -> Receipt.Part? {
        switch valueIfPresent(key) {
        case nil: return nil
        case .unsigned(let number):
            guard let part = Receipt.Part(rawValue: number) else { break }
            return part
        default: break
        }
        throw CBORError(message: "the receipt gives an unknown part of a fact", offset: 0)
    }
}

extension Receipt.Candidate {
    fileprivate var cbor: CBOR {
        .array([
            .bytes(fact.bytes), .bytes(leaf.bytes), cosine.map(CBOR.int) ?? .null,
            lexical.map(CBOR.int) ?? .null, .int(probability),
        ])
    }

    fileprivate init(_ item: CBOR) throws(CBORError) {
        guard case .array(let parts) = item, parts.count == 5, case .bytes(let id) = parts[0],
            case .bytes(let leafBytes) = parts[1], let fact = FactID(id),
            let leaf = Leaf(leafBytes), let probability = try Receipt.Candidate.number(parts[4])
        else { throw CBORError(message: "a candidate of the receipt is malformed", offset: 0) }
        self.init(
            fact: fact, leaf: leaf, cosine: try Receipt.Candidate.number(parts[2]),
            lexical: try Receipt.Candidate.number(parts[3]), probability: probability)
    }

    private static func number(_ item: CBOR) throws(CBORError) -> Int64? {
        switch item {
        case .null: nil
        case .unsigned(let number) where number <= UInt64(Int64.max): Int64(number)
        case .negative(let number): -1 - Int64(number)
        default: throw CBORError(message: "a score of the receipt is no number", offset: 0)
        }
    }
}
