import ErrataRetrieval
import Foundation
import Testing

/// Recorded cases of `Fixtures/scope`: a question, a fact, the cosines of the real encoder, and what
/// the fitting script made of them.
struct ScopeFixture: Decodable {
    let cases: [Case]

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let question: String
        let subject: String?
        let object: String?
        let statement: String
        let prompt: String?
        let aliases: [String]
        let cosines: [String: Double]
        let maskedQuestion: String
        let maskedObjectQuestion: String?
        let direction: String
        let probability: Double
        let signals: [String: Double]
        /// "object", "subject" or "none"; only in the cases made by hand.
        let expected: String?

        var testDescription: String { "\(question) [\(statement)]" }
    }

    static func load(_ name: String) throws -> [Case] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "Fixtures/scope/\(name).json"))
        return try JSONDecoder().decode(ScopeFixture.self, from: data).cases
    }
}

extension ScopeFixture.Case {
    var fact: ScopeFact {
        ScopeFact(
            subject: subject, object: object, statement: statement, prompt: prompt, aliases: aliases
        )
    }

    /// Judges the case with vectors whose inner products are the recorded cosines.
    ///
    /// The masked question is the first axis and the question with its object masked the second; the
    /// masked statement of a fact without a subject lies on the first.
    func judge(_ model: ScopeModel = .shipped) -> ScopeDecision {
        let reading = ScopeQuestion(question, facts: [fact])
        let vectors = reading.textsToEncode.map(vector)
        let texts = ScopeTexts(of: fact)
        let candidate = ScopeCandidate(
            fact: fact, statementCosine: cosine("statement"), promptCosine: cosine("prompt"),
            maskedVectors: texts.masked.map { _ in
                [cosine("masked"), masksOneText ? 0 : cosine("direct")]
            },
            objectVector: texts.object.map { _ in [cosine("object"), 0] },
            inverseVector: texts.inverse.map { _ in [0, cosine("inverse")] })
        return model.judge(reading, candidates: [candidate], vectors: vectors)[0]
    }

    private func vector(of text: String) -> [Float] {
        if text == maskedQuestion { return [1, masksOneText ? 1 : 0] }
        return text == maskedObjectQuestion ? [0, 1] : [cosine("masked"), 0]
    }

    /// Whether both masks give one text, whose vector then plays both parts.
    private var masksOneText: Bool { maskedQuestion == maskedObjectQuestion }

    private func cosine(_ name: String) -> Float {
        Float(cosines[name] ?? .nan)
    }
}
