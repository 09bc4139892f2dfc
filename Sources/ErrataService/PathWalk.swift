import ErrataCore
import ErrataModels
import ErrataRetrieval

/// Looks for answers that take two facts: the object of the first is what the second is about.
///
/// The facts that follow are found by the question itself, with the first fact's object in its subject's
/// place. Each chain is read as one text, since neither of its facts alone answers the question.
struct PathWalk {
    /// How many candidates may begin a chain.
    static let firstCountMax = 3
    /// How many facts may follow one of them.
    static let secondCountMax = 5
    /// How many facts are looked at for that.
    static let searchLimit = 10
    /// How many logits are a clear difference.
    static let logitMarginMin = 0.5
    /// Words of the question, the name aside, that a single fact must lack for a chain to be tried.
    static let unmatchedWordsMin = 1.0

    private struct Path {
        let first: Int
        let second: RetrievedFact
        let reading: TextReading
        let probability: Double
    }

    let reader: LoadedReader
    let question: AskedQuestion
    let signals: LookupAnswerer.Signals
    let read: [ReaderAnswerer.Read]
    /// The facts on the chosen chains that were no candidates.
    private(set) var found: [RetrievedFact] = []
    private var paths: [Path] = []
    private let candidates: [RetrievedFact]

    init(
        reader: LoadedReader, question: AskedQuestion, signals: LookupAnswerer.Signals,
        candidates: [RetrievedFact], read: [ReaderAnswerer.Read]
    ) {
        self.reader = reader
        self.question = question
        self.signals = signals
        self.candidates = candidates
        self.read = read
    }

    /// Reads the chains that the question may ask for; costs nothing if no candidate can begin one.
    mutating func run(best: Receipt.Answer?) throws {
        guard best.map(mayMiss) ?? true else { return }
        var firsts: [Int] = []
        var queries: [String] = []
        for i in read.indices where firsts.count < Self.firstCountMax {
            guard let query = continuation(of: i) else { continue }
            firsts.append(i)
            queries.append(query)
        }
        guard !firsts.isEmpty else { return }
        let hits = try question.search(queries, Self.searchLimit)
        var pairs: [(first: Int, second: RetrievedFact)] = []
        for (first, hits) in zip(firsts, hits) {
            let seconds = hits.filter { follows($0, first) }.prefix(Self.secondCountMax)
            pairs += seconds.map { (first, $0) }
        }
        let readings = try reader.read(question.text, pairs.map(text))
        let calibration = reader.reader.calibration
        // A question that the first fact answers better than both together stops there.
        paths = zip(pairs, readings).filter { pair, reading in
            read[pair.first].reading.map { reading.scope > $0.scope } ?? true
        }.map { pair, reading in
            Path(
                first: pair.first, second: pair.second, reading: reading,
                probability: calibration.chainProbability(reader: reading.scope))
        }
    }

    /// Returns the answers: chains if one is in scope and reads clearly higher than every single fact,
    /// and of the chains those that no other one is clearly above.
    mutating func choose(
        from singles: [Receipt.Answer], threshold: Double
    ) -> [Receipt.Answer] {
        // Of a chain that is cut the end is missing, and with it the answer.
        let inScope = paths.filter { $0.probability >= threshold && !$0.reading.isTruncated }
        guard let best = inScope.map(\.probability).max() else { return singles }
        if let single = singles.first {
            let margin =
                ReaderCalibration.logit(best) - ReaderCalibration.logit(single.confidence)
            guard margin >= Self.logitMarginMin else { return singles }
        }
        let equals = inScope.filter {
            ReaderCalibration.logit(best) - ReaderCalibration.logit($0.probability)
                < Self.logitMarginMin
        }
        return equals.map { path in
            Receipt.Answer(
                path: [path.first, place(of: path.second)], part: .object,
                probability: path.probability, reader: path.reading.scope)
        }.bestFirst
    }

    private mutating func place(of fact: RetrievedFact) -> Int {
        if let known = candidates.firstIndex(where: { $0.version == fact.version }) { return known }
        if let known = found.firstIndex(where: { $0.version == fact.version }) {
            return candidates.count + known
        }
        found.append(fact)
        return candidates.count + found.count - 1
    }

    /// Whether the question holds words that the fact of `answer` does not account for.
    private func mayMiss(_ answer: Receipt.Answer) -> Bool {
        guard let place = answer.path.first, answer.part != .subject else { return false }
        let signal = read[place].decision.signals.first { $0.name == "unmatched_words" }
        return signal.map { $0.value >= Self.unmatchedWordsMin } ?? true
    }

    /// Returns the question as it would be asked of what candidate `i` leads to; nil if it leads nowhere.
    private func continuation(of i: Int) -> String? {
        guard let object = read[i].fact.object, object.contains(where: \.isLetter) else {
            return nil
        }
        return signals.question.renamingSubject(ofFact: i, to: object)
    }

    private func follows(_ second: RetrievedFact, _ first: Int) -> Bool {
        guard let object = read[first].fact.object, second.fact.object != nil,
            second.version != candidates[first].version
        else { return false }
        return ScopeFact(second.fact).isAbout(object)
    }

    private func text(_ path: (first: Int, second: RetrievedFact)) -> String {
        var first = read[path.first].text.text
        while let last = first.last, last == "." || last.isWhitespace { first.removeLast() }
        return first + ". " + path.second.fact.statement
    }
}
