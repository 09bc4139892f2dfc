package import ErrataCore
import ErrataModels

// RECEIPT FORMAT, versions 2 and 3. The id of a receipt is SHA-256 of these bytes, so the same question put to the
// same version gives the same receipt; when it was asked, by whom and how long it took stands beside it.
//
//   0 version (2)   3 operation    6 answerer hash       9 strictness
//   1 question      4 k            7 [candidate]        10 operation that registered the answerer
//   2 commit        5 answerer     8 [answer]            11 generation, version 3 alone
//
//   candidate  [FactID, leaf, cosine, BM25, probability, lookup's probability, reader's logit,
//               whether a text was cut, reason]
//   answer     [[index into candidates], part, probability, reader's logit, first byte, last byte + 1]
//
//   generation [identity of what generated, HMAC of the prompt, HMAC of the text, tokens at most,
//               temperature, seed, how it ended, [index into candidates]]
//
// Numbers are millionths, null where there is none. Reasons: 0 other subject, 1 other relation, 2 below the
// threshold, 3 a chain is better; null for a fact that is used. Parts: 0 object, 1 subject, 2 statement,
// 3 the bytes of the statement that follow (null for the others).
//
// A receipt with a generation has version 3, any other version 2: what is asked again has the id that it had.
//
// Version 1 is read and never written. It has candidates without their last four parts, 8 used
// [index into candidates], 9 part of the first of them, and no 10.

extension Receipt {
    /// The version of a receipt without a generation, and of one with it.
    private static let versions: (judged: UInt64, generated: UInt64) = (2, 3)

    package var version: UInt64 {
        generation == nil ? Receipt.versions.judged : Receipt.versions.generated
    }

    package var encoded: [UInt8] {
        CBOR.fields([
            (0, .unsigned(version)),
            (1, .text(question)),
            (2, .bytes(commit.bytes)),
            (3, .unsigned(operation)),
            (4, .unsigned(UInt64(k))),
            (5, .text(answerer)),
            (6, .bytes(answererHash.bytes)),
            (7, .array(candidates.map(\.cbor))),
            (8, .array(answers.map(\.cbor))),
            (9, .text(strictness.rawValue)),
            (10, model.map(CBOR.unsigned)),
            (11, generation?.cbor),
        ]).encoded
    }

    package init(decoding bytes: [UInt8]) throws(CBORError) {
        var fields = try CBORFields(CBOR(decoding: bytes), of: "receipt")
        let version = try fields.unsigned(0)
        guard (1...Receipt.versions.generated).contains(version) else {
            throw CBORError(message: "receipt version \(version) is unknown", offset: 0)
        }
        guard let commit = CommitID(try fields.bytes(2)), let hash = Digest(try fields.bytes(6)),
            let k = Int(exactly: try fields.unsigned(4))
        else { throw CBORError(message: "a field of the receipt is out of range", offset: 0) }
        var candidates: [Candidate] = []
        for item in try fields.array(7) {
            candidates.append(try Candidate(item, partCount: version == 1 ? 5 : 9))
        }
        let answers =
            version == 1
            ? try fields.usedAnswers(candidates) : try fields.answers(candidates.count)
        let strictness = version == 1 ? .normal : try fields.strictness(9)
        let model = version == 1 ? nil : fields.valueIfPresent(10)
        let generation =
            version == Receipt.versions.generated
            ? try Generation(fields.array(11), candidateCount: candidates.count) : nil
        self.init(
            question: try fields.text(1), commit: commit, operation: try fields.unsigned(3), k: k,
            answerer: try fields.text(5), answererHash: hash, strictness: strictness,
            model: try model.map { item throws(CBORError) in
                guard case .unsigned(let number) = item else { throw .receipt("a number is none") }
                return number
            }, candidates: candidates, answers: answers, generation: generation)
        try fields.finish()
    }
}

extension CBORError {
    fileprivate static func receipt(_ message: String) -> CBORError {
        CBORError(message: "the receipt is malformed: \(message)", offset: 0)
    }
}

extension CBORFields {
    fileprivate mutating func strictness(_ key: UInt64) throws(CBORError) -> Strictness {
        guard let strictness = Strictness(rawValue: try text(key)) else {
            throw .receipt("its strictness is unknown")
        }
        return strictness
    }

    fileprivate mutating func answers(_ count: Int) throws(CBORError) -> [Receipt.Answer] {
        var answers: [Receipt.Answer] = []
        for item in try array(8) { answers.append(try Receipt.Answer(item, candidateCount: count)) }
        return answers
    }

    /// Reads the facts that a receipt of version 1 used.
    fileprivate mutating func usedAnswers(
        _ candidates: [Receipt.Candidate]
    ) throws(CBORError) -> [Receipt.Answer] {
        let code = try valueIfPresent(9).map { item throws(CBORError) in try item.number() }
        let part = try code.map { code throws(CBORError) in
            try Receipt.Part(code: code, start: nil, end: nil)
        }
        var answers: [Receipt.Answer] = []
        for item in try array(8) {
            let place = try item.place(in: candidates.count)
            answers.append(
                Receipt.Answer(
                    path: [place], part: answers.isEmpty ? part : nil,
                    probability: candidates[place].probability ?? 0))
        }
        return answers
    }
}

extension CBOR {
    fileprivate static func millionths(_ number: Int64?) -> CBOR { number.map(CBOR.int) ?? .null }

    fileprivate func number() throws(CBORError) -> Int64? {
        switch self {
        case .null: nil
        case .unsigned(let number) where number <= UInt64(Int64.max): Int64(number)
        case .negative(let number): -1 - Int64(number)
        default: throw .receipt("a number is none")
        }
    }

    fileprivate func place(in count: Int) throws(CBORError) -> Int {
        guard case .unsigned(let number) = self, number < UInt64(count) else {
            throw .receipt("it uses a candidate that it lacks")
        }
        return Int(number)
    }

    fileprivate func digest() throws(CBORError) -> Digest {
        guard case .bytes(let bytes) = self, let digest = Digest(bytes) else {
            throw .receipt("a hash is none")
        }
        return digest
    }

    fileprivate func items(_ count: Int) throws(CBORError) -> [CBOR] {
        guard case .array(let items) = self, items.count == count else {
            throw .receipt("a part of it does not have \(count) items")
        }
        return items
    }
}

extension Receipt.Candidate {
    fileprivate var cbor: CBOR {
        .array([
            .bytes(fact.bytes), .bytes(leaf.bytes), .millionths(cosine), .millionths(lexical),
            .millionths(probability), .millionths(lookup), .millionths(reader),
            .bool(isTruncated), refusal.map { .unsigned($0.rawValue) } ?? .null,
        ])
    }

    fileprivate init(_ item: CBOR, partCount: Int) throws(CBORError) {
        let parts = try item.items(partCount)
        guard case .bytes(let id) = parts[0], case .bytes(let leafBytes) = parts[1],
            let fact = FactID(id), let leaf = Leaf(leafBytes)
        else { throw .receipt("a candidate is no fact") }
        var (lookup, reader, isTruncated, refusal): (Int64?, Int64?, Bool, Receipt.Refusal?)
        (lookup, reader, isTruncated, refusal) = (nil, nil, false, nil)
        if partCount > 5 {
            (lookup, reader) = (try parts[5].number(), try parts[6].number())
            guard case .bool(let wasCut) = parts[7] else { throw .receipt("a flag is none") }
            isTruncated = wasCut
            refusal = try Self.refusal(parts[8])
        }
        self.init(
            fact: fact, leaf: leaf, cosine: try parts[2].number(), lexical: try parts[3].number(),
            probability: try parts[4].number(), lookup: lookup, reader: reader,
            isTruncated: isTruncated, refusal: refusal)
    }

    private static func refusal(_ item: CBOR) throws(CBORError) -> Receipt.Refusal? {
        guard let code = try item.number() else { return nil }
        guard let refusal = UInt64(exactly: code).flatMap(Receipt.Refusal.init) else {
            throw .receipt("a reason is unknown")
        }
        return refusal
    }
}

extension Receipt.Answer {
    fileprivate var cbor: CBOR {
        var span: Range<Int>?
        if case .span(let bytes) = part { span = bytes }
        return .array([
            .array(path.map { .unsigned(UInt64($0)) }), .millionths(part?.code),
            .int(probability), .millionths(reader),
            .millionths(span.map { Int64($0.lowerBound) }),
            .millionths(span.map { Int64($0.upperBound) }),
        ])
    }

    fileprivate init(_ item: CBOR, candidateCount: Int) throws(CBORError) {
        let parts = try item.items(6)
        guard case .array(let places) = parts[0], !places.isEmpty,
            let probability = try parts[2].number()
        else { throw .receipt("an answer has no facts or no probability") }
        var path: [Int] = []
        for place in places { path.append(try place.place(in: candidateCount)) }
        self.init(
            path: path,
            part: try Receipt.Part(
                code: try parts[1].number(), start: try parts[4].number(),
                end: try parts[5].number()),
            probability: probability, reader: try parts[3].number())
    }
}

extension Receipt.Part {
    fileprivate var code: Int64 {
        switch self {
        case .object: 0
        case .subject: 1
        case .statement: 2
        case .span: 3
        }
    }

    fileprivate init(code: Int64?, start: Int64?, end: Int64?) throws(CBORError) {
        switch (code, start, end) {
        case (0, nil, nil): self = .object
        case (1, nil, nil): self = .subject
        case (2, nil, nil): self = .statement
        case (3, let start?, let end?) where start >= 0 && start <= end:
            self = .span(Int(start)..<Int(end))
        default: throw .receipt("it gives an unknown part of a fact")
        }
    }
}

extension Receipt.Generation {
    fileprivate var cbor: CBOR {
        .array([
            .bytes(backend.bytes), .bytes(prompt.bytes), .bytes(answer.bytes),
            .unsigned(UInt64(tokenCountMax)), .millionths(temperature),
            seed.map(CBOR.unsigned) ?? .null, .text(end.rawValue),
            .array(shown.map { .unsigned(UInt64($0)) }),
        ])
    }

    fileprivate init(_ items: [CBOR], candidateCount: Int) throws(CBORError) {
        guard items.count == 8, case .text(let name) = items[6],
            let end = ChatEnd.Reason(rawValue: name), case .array(let places) = items[7],
            let tokenCountMax = try items[3].number().flatMap({ Int(exactly: $0) })
        else { throw .receipt("a part of the generation is none") }
        var seed: UInt64?
        switch items[5] {
        case .null: break
        case .unsigned(let number): seed = number
        default: throw .receipt("the seed is none")
        }
        var shown: [Int] = []
        for place in places { shown.append(try place.place(in: candidateCount)) }
        self.init(
            backend: try items[0].digest(), prompt: try items[1].digest(),
            answer: try items[2].digest(), tokenCountMax: tokenCountMax,
            temperature: try items[4].number(), seed: seed, end: end, shown: shown)
    }
}
