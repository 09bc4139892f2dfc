import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation

/// Puts one question to all answerers.
struct Asker {
    /// What the peers of the field do: the nearest fact, if it is near enough.
    static let cosineMin = 0.7

    /// One question, what was answered to it, and what was judged on the way.
    struct Outcome {
        struct Candidate: Encodable {
            let statement: String
            let cosine: Double?
            let lookup: Double?
            let reader: Double?
            let probability: Double?
        }

        /// One an answerer, in the order of `names`; nil where no fact answers.
        let answers: [String?]
        let candidates: [Candidate]
    }

    let base: KnowledgeBase
    let k: Int

    private var models: [String] { base.loadedModels.map(\.name) }

    /// The answerers.
    var names: [String] { models + ["cosine > \(Asker.cosineMin)"] }

    func ask(_ question: String, _ times: inout [Sample]) async throws -> Outcome {
        var answers: [String?] = []
        var first: AskOutcome?
        for (i, model) in models.enumerated() {
            let request = AskRequest(question: question, k: k, model: model)
            let outcome = try await times[i].measure {
                try await base.ask(request, actor: .ada)
            }
            answers.append(outcome.answer)
            if first == nil { first = outcome }
        }
        guard let receipt = first?.receipt else { fatalError("unreachable: the lookup answers") }
        var candidates: [Outcome.Candidate] = []
        var nearest: (fact: Fact, cosine: Double)?
        for candidate in receipt.candidates {
            guard let fact = try base.journal.fact(candidate.fact, leaf: candidate.leaf) else {
                continue
            }
            let cosine = candidate.cosine.map { Double($0) / 1e6 }
            if let cosine, cosine > nearest?.cosine ?? -1 { nearest = (fact, cosine) }
            candidates.append(
                Outcome.Candidate(
                    statement: fact.statement, cosine: cosine,
                    lookup: candidate.lookup.map { Double($0) / 1e6 },
                    reader: candidate.reader.map { Double($0) / 1e6 },
                    probability: candidate.probability.map { Double($0) / 1e6 }))
        }
        let isNear = nearest.map { $0.cosine >= Asker.cosineMin } ?? false
        answers.append(isNear ? nearest?.fact.object : nil)
        return Outcome(answers: answers, candidates: candidates)
    }
}

/// A file of questions with their candidates' scores, one JSON object a line.
final class QuestionDump {
    private struct Line: Encodable {
        let kind: String
        let question: String
        let gold: String
        let answers: [String?]
        let candidates: [Asker.Outcome.Candidate]
    }

    private let file: FileHandle

    init(_ path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown) }
        self.file = file
    }

    func write(
        _ kind: String, _ question: String, gold: String, _ outcome: Asker.Outcome
    ) throws {
        let line = Line(
            kind: kind, question: question, gold: gold, answers: outcome.answers,
            candidates: outcome.candidates)
        try file.write(contentsOf: JSONEncoder().encode(line) + Data([UInt8(ascii: "\n")]))
    }
}
