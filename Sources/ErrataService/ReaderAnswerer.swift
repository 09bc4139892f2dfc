import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataRetrieval

/// Answers with a part of the fact that the reader finds in scope, or of a chain of facts.
///
/// The lookup's signals come first: they spare the reader what has nothing to do with the question, and
/// count beside the reader's own logit.
struct ReaderAnswerer: Answerer {
    static let name = "reader"
    /// Which rules judge; part of the hash.
    private static let version = "reader 1"
    /// Facts that the lookup gives less are not read: they have nothing to do with the question.
    static let lookupProbabilityMin = 0.0005
    /// Who puts a fact's own words as a question gets the fact: they were written down for that.
    static let ownPhrasingProbabilityMin = 0.99

    let reader: LoadedReader
    let lookup: LookupAnswerer
    let registration: ModelRegistration

    /// `lookup` gives the signals; `registered` is the answerer that counts in the hash, since in 8 bits
    /// the signals too are computed so, which the reader's precision says.
    init(
        reader: LoadedReader, lookup: LookupAnswerer, registered: ModelRegistration
    ) throws {
        self.reader = reader
        self.lookup = lookup
        registration = try Self.registration(reader.reader, lookup: registered)
    }

    var displayName: String { Self.name }

    static func registration(
        _ reader: Reader, lookup: ModelRegistration
    ) throws -> ModelRegistration {
        try ModelRegistration(
            name: name, kind: .reader,
            hash: .sha256(Array(version.utf8) + reader.identity + lookup.hash.bytes),
            encoder: lookup.encoder, precision: reader.precision.rawValue)
    }

    /// A candidate, what the signals say of it, and how the reader read it.
    struct Read {
        let fact: Fact
        let decision: ScopeDecision
        let mention: ScopeQuestion.Mention
        let text: ReadingText
        let reading: TextReading?
        let probability: Double
    }

    func judge(_ question: AskedQuestion, _ candidates: [RetrievedFact]) throws -> Verdict {
        guard !candidates.isEmpty else { return .none }
        let signals = try lookup.signals(question.text, candidates)
        let read = try read(question.text, candidates, signals)
        let threshold = reader.reader.calibration.threshold(question.strictness)
        let singles = read.indices.filter { read[$0].probability >= threshold }
            .map { i in
                Receipt.Answer(
                    path: [i], part: read[i].part, probability: read[i].probability,
                    reader: read[i].reading?.scope)
            }.bestFirst
        var walk = PathWalk(
            reader: reader, question: question, signals: signals, candidates: candidates,
            read: read)
        try walk.run(best: singles.first)
        let answers = walk.choose(from: singles, threshold: threshold)
        return Verdict(
            judgements: read.enumerated().map { i, read in
                judgement(read, isUsed: answers.uses(i), threshold: threshold)
            },
            walked: walk.found, answers: answers)
    }

    /// Has the reader read every candidate that the lookup does not rule out, in one batch.
    private func read(
        _ question: String, _ candidates: [RetrievedFact], _ signals: LookupAnswerer.Signals
    ) throws -> [Read] {
        let words = signals.question.foldedWords
        let texts = candidates.map { ReadingText(of: ScopeFact($0.fact), for: words) }
        let places = candidates.indices.filter {
            signals.decisions[$0].probability >= Self.lookupProbabilityMin
        }
        let readings = try reader.read(question, places.map { texts[$0].text })
        let byPlace = Dictionary(uniqueKeysWithValues: zip(places, readings))
        let calibration = reader.reader.calibration
        return candidates.indices.map { i in
            let decision = signals.decisions[i]
            let probability = byPlace[i].map {
                calibration.probability(reader: $0.scope, lookup: decision.probability)
            }
            return Read(
                fact: candidates[i].fact, decision: decision,
                mention: signals.question.mention(ofFact: i), text: texts[i], reading: byPlace[i],
                probability: max(
                    probability ?? decision.probability,
                    texts[i].isOwnPhrasing ? Self.ownPhrasingProbabilityMin : 0))
        }
    }

    private func judgement(
        _ read: Read, isUsed: Bool, threshold: Double
    ) -> Verdict.Judgement {
        var refusal: Receipt.Refusal?
        if !isUsed {
            let lenient = reader.reader.calibration.threshold(Strictness.lenient)
            refusal =
                read.probability >= threshold
                ? .chainIsBetter
                : Receipt.Refusal(
                    read.probability, lenientThreshold: lenient, mention: read.mention)
        }
        return Verdict.Judgement(
            probability: read.probability, lookup: read.decision.probability,
            reader: read.reading?.scope, isTruncated: read.reading?.isTruncated ?? false,
            refusal: refusal)
    }
}

extension ReaderAnswerer.Read {
    /// What of the fact answers.
    var part: Receipt.Part {
        guard let reading else { return fact.object == nil ? .statement : .object }
        if reading.subject > 0, fact.subject != nil, mention != .exact { return .subject }
        if fact.object != nil { return .object }
        guard !reading.span.isEmpty, let place = text.placeInStatement(reading.span) else {
            return .statement
        }
        return .span(place)
    }
}

extension [Receipt.Answer] {
    func uses(_ place: Int) -> Bool { contains { $0.path.contains(place) } }
}
