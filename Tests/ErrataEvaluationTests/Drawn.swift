import ErrataCore
import ErrataEvaluation
import ErrataTesting
import Foundation
import Synchronization

@testable import ErrataModels

/// Items and texts drawn from a few words, so that they match often.
struct DrawnItems {
    private static let words = [
        "Ada", "Émile", "Łódź", "the", "a", "blue", "Blue.", "north-east", "42", "Ωmega", "Москва",
        "東京", "of", "?", "!", "(x)", "\"q\"", "naïve",
    ]
    let text: String
    let texts: [String]

    init(seed: UInt64, count: Int) {
        var random = SplitMix64(seed: seed)
        func phrase(_ lengths: ClosedRange<Int>) -> String {
            (0..<Int.random(in: lengths, using: &random)).map { _ in
                Self.words.randomElement(using: &random) ?? ""
            }.joined(separator: Bool.random(using: &random) ? " " : "  ")
        }
        func probes(_ name: String, _ number: Int) -> [[String: Any]] {
            (0..<Int.random(in: 0...2, using: &random)).map { probe in
                [
                    "prompt": "\(name) \(probe) of item \(number)",
                    "answers": [
                        Bool.random(using: &random) ? ["Ada", "Émile"] : ["Émile"],
                        [phrase(1...2) + " x"],
                    ],
                ]
            }
        }
        var lines: [String] = []
        for number in 0..<count {
            let record: [String: Any] = [
                "subject": "subject \(number)", "prompt": "The colour of item \(number) is",
                "target": "Blue", "aliases": ["azure", "the Ada"], "truth": ["Ada"],
                "rephrasings": ["Item \(number) has which colour?"],
                "portability": [
                    "Reasoning": probes("reason", number), "Alias": probes("alias", number),
                ],
                "locality": [
                    "Neighbours": probes("neighbour", number), "Others": probes("other", number),
                ],
            ]
            let line = try? JSONSerialization.data(withJSONObject: record, options: [.sortedKeys])
            lines.append(String(decoding: line ?? Data(), as: UTF8.self))
        }
        text = lines.joined(separator: "\n")
        texts = (0..<count).map { _ in phrase(0...40) }
    }
}

/// Says what a seed gives for a question: logits to score, a text, and where retrieval found the edit.
struct DrawnMethod: EvaluatedMethod {
    struct Drawn {
        var text: String?
        var target: [Int32] = []
        var logits: [[Float]] = []
        var candidates: [FactID] = []
    }

    private static let vocabularyCount = 5
    let name = "drawn"
    let identity = "drawn"
    let scoresTokens = true
    let facts: [FactID?]

    func drawn(_ question: String, edited: Bool) -> Drawn {
        var seed: UInt64 = edited ? 1 : 2
        for byte in question.utf8 { seed = seed &* 31 &+ UInt64(byte) }
        var random = SplitMix64(seed: seed)
        var drawn = Drawn()
        drawn.text =
            [
                nil, "", "Blue", "blue!", "azure", "Émile", "Ada", "something else, and one more",
            ].randomElement(using: &random) ?? nil
        // The target's length is a function of the question alone.
        let count = 1 + question.utf8.count % 4
        for _ in 0..<count {
            drawn.target.append(Int32.random(in: 0..<Int32(Self.vocabularyCount), using: &random))
            drawn.logits.append(
                (0..<Self.vocabularyCount).map { _ in
                    Float(Int.random(in: -3...3, using: &random)) / 2
                })
        }
        if edited {
            drawn.candidates = Array(facts.compactMap(\.self).shuffled(using: &random).prefix(20))
        }
        return drawn
    }

    func respond(
        to question: String, target: String?, at version: EvaluationVersion?
    ) async throws -> MethodResponse {
        let drawn = drawn(question, edited: version != nil)
        let tokens = try zip(drawn.target, drawn.logits).map { token, logits in
            try Sampler.score(Int(token), logits[...], .current)
        }
        return MethodResponse(text: drawn.text, tokens: tokens, candidates: drawn.candidates)
    }
}

/// What was measured, in the order in which it came.
final class Collected: Sendable {
    private let items = Mutex<[ItemMeasurement]>([])

    var all: [ItemMeasurement] { items.withLock(\.self) }

    func add(_ item: ItemMeasurement) { items.withLock { $0.append(item) } }
}
