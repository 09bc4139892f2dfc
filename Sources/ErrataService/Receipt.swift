package import ErrataCore
package import ErrataModels

/// The record behind an answer; its bytes are described in Receipt+Encoding.swift.
///
/// No text of a fact stands here: the answer is a part of a fact at a leaf, so a redacted fact leaves no
/// copy behind in receipts.
package struct Receipt: Hashable, Sendable {
    /// What of a fact was given as the answer.
    package enum Part: Hashable, Sendable {
        case object
        case subject
        case statement
        /// These bytes of the statement.
        case span(Range<Int>)
    }

    /// Why a candidate was not used.
    package enum Refusal: UInt64, CaseIterable, Hashable, Sendable {
        /// The question does not name what the fact is about.
        case otherSubject = 0
        /// It does, and asks for something else of it.
        case otherRelation = 1
        /// The fact would answer if the question were asked with less strictness.
        case belowThreshold = 2
        /// The fact would answer, but a chain of facts answers clearly better.
        case chainIsBetter = 3

        /// The stable name of the reason.
        package var code: String {
            switch self {
            case .otherSubject: "other_subject"
            case .otherRelation: "other_relation"
            case .belowThreshold: "below_threshold"
            case .chainIsBetter: "chain_is_better"
            }
        }
    }

    package struct Candidate: Hashable, Sendable {
        package let fact: FactID
        package let leaf: Leaf
        /// Millionths; nil if the dense search did not find the fact or there was no encoder.
        package let cosine: Int64?
        /// Millionths; nil if the lexical search did not find the fact.
        package let lexical: Int64?
        /// Millionths: how likely the fact alone answers; nil for one that only a chain led to.
        package let probability: Int64?
        /// Millionths: how likely it does by the lookup's signals.
        package let lookup: Int64?
        /// Millionths: the reader's logit; nil if it did not read the fact.
        package let reader: Int64?
        /// Whether the reader saw the beginning of the texts alone.
        package let isTruncated: Bool
        /// Nil if the fact was used.
        package let refusal: Refusal?

        package init(
            fact: FactID, leaf: Leaf, cosine: Int64?, lexical: Int64?, probability: Int64?,
            lookup: Int64? = nil, reader: Int64? = nil, isTruncated: Bool = false,
            refusal: Refusal? = nil
        ) {
            self.fact = fact
            self.leaf = leaf
            self.cosine = cosine
            self.lexical = lexical
            self.probability = probability
            self.lookup = lookup
            self.reader = reader
            self.isTruncated = isTruncated
            self.refusal = refusal
        }
    }

    /// One fact that answers, or a chain of facts whose last one does.
    package struct Answer: Hashable, Sendable {
        /// Places in `candidates`; never empty.
        package let path: [Int]
        /// What of the last fact is the answer; nil where an old receipt does not say.
        package let part: Part?
        /// Millionths.
        package let probability: Int64
        /// Millionths: the reader's logit; nil if it read neither fact nor chain.
        package let reader: Int64?

        package init(path: [Int], part: Part?, probability: Int64, reader: Int64? = nil) {
            precondition(!path.isEmpty)
            self.path = path
            self.part = part
            self.probability = probability
            self.reader = reader
        }

        init(path: [Int], part: Part, probability: Double, reader: Float? = nil) {
            self.init(
                path: path, part: part, probability: Receipt.millionths(probability),
                reader: reader.map { Receipt.millionths(Double($0)) })
        }

        /// In [0, 1].
        package var confidence: Double { Double(probability) / 1e6 }
    }

    /// A language model's part in the answer.
    ///
    /// The text itself is not kept: facts may be in it that are redacted one day. Its hash tells whether a
    /// text is the one that was generated, to who has the store's secret.
    package struct Generation: Hashable, Sendable {
        /// ``ChatBackend/identity``.
        package let backend: Digest
        /// HMAC of the prompt under the store's secret.
        package let prompt: Digest
        /// HMAC of the text under the store's secret.
        package let answer: Digest
        package let tokenCountMax: Int
        /// Millionths; nil took the most likely token each time.
        package let temperature: Int64?
        /// Nil without a temperature.
        package let seed: UInt64?
        package let end: ChatEnd.Reason
        /// Places in `candidates` of the facts in the prompt, in their order; none if the model answered by
        /// itself.
        package let shown: [Int]

        package init(
            backend: Digest, prompt: Digest, answer: Digest, tokenCountMax: Int,
            temperature: Int64?, seed: UInt64?, end: ChatEnd.Reason, shown: [Int]
        ) {
            self.backend = backend
            self.prompt = prompt
            self.answer = answer
            self.tokenCountMax = tokenCountMax
            self.temperature = temperature
            self.seed = seed
            self.end = end
            self.shown = shown
        }
    }

    package let question: String
    package let commit: CommitID
    package let operation: UInt64
    package let k: Int
    package let answerer: String
    /// What the answerer computes with: rules, weights, encoder.
    package let answererHash: Digest
    package let strictness: Strictness
    /// The operation that registered the answerer; nil in receipts of before there were any.
    package let model: UInt64?
    /// In the order of retrieval, then the facts that only chains led to.
    package let candidates: [Candidate]
    /// Best first; none if no fact answers.
    package let answers: [Answer]
    /// Nil where no language model was asked.
    package let generation: Generation?

    package init(
        question: String, commit: CommitID, operation: UInt64, k: Int, answerer: String,
        answererHash: Digest, strictness: Strictness, model: UInt64?, candidates: [Candidate],
        answers: [Answer], generation: Generation? = nil
    ) {
        self.question = question
        self.commit = commit
        self.operation = operation
        self.k = k
        self.answerer = answerer
        self.answererHash = answererHash
        self.strictness = strictness
        self.model = model
        self.candidates = candidates
        self.answers = answers
        self.generation = generation
    }

    package var id: Digest { .sha256(encoded) }

    static func millionths(_ value: Double) -> Int64 {
        precondition(value.isFinite)
        return Int64((max(-1e9, min(1e9, value)) * 1e6).rounded())
    }
}

extension Receipt.Answer {
    /// Returns what the last fact of the path says; nil if it has no such part.
    func text(of fact: Fact) -> String? {
        switch part {
        case .object: fact.object
        case .subject: fact.subject
        case .statement: fact.statement
        case .span(let bytes): fact.statement.text(at: bytes)
        case nil: nil
        }
    }
}

extension String {
    /// Returns the characters at these bytes; nil if they are not there.
    fileprivate func text(at bytes: Range<Int>) -> String? {
        guard bytes.lowerBound >= 0, bytes.upperBound <= utf8.count else { return nil }
        return String(
            validating: utf8.dropFirst(bytes.lowerBound).prefix(bytes.count), as: UTF8.self)
    }
}
