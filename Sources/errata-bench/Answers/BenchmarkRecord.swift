import Foundation

/// One record of a KnowEdit or CounterFact file: an edit and the questions about it.
struct BenchmarkRecord: Decodable {
    struct Probe: Decodable {
        let prompt: String
        let truths: [String]

        private enum CodingKeys: String, CodingKey {
            case prompt
            case truth = "ground_truth"
        }

        init(prompt: String, truths: [String]) {
            self.prompt = prompt
            self.truths = truths
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            prompt = try fields.decode(String.self, forKey: .prompt)
            truths = try fields.decode(NestedTexts.self, forKey: .truth).texts
        }
    }

    let subject: String
    let prompt: String
    let target: String
    let truths: [String]
    let rephrasing: String?
    let locality: [String: [Probe]]
    let portability: [String: [Probe]]

    private enum CodingKeys: String, CodingKey {
        case subject
        case prompt
        case target = "target_new"
        case truth = "ground_truth"
        case rephrasing = "rephrase_prompt"
        case locality
        case portability
        case neighbour = "locality_prompt"
        case neighbourTruth = "locality_ground_truth"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        subject = try fields.decode(String.self, forKey: .subject)
        prompt = try fields.decode(String.self, forKey: .prompt)
        target = try fields.decode(NestedTexts.self, forKey: .target).texts.first ?? ""
        truths = try fields.decodeIfPresent(NestedTexts.self, forKey: .truth)?.texts ?? []
        rephrasing = try fields.decodeIfPresent(String.self, forKey: .rephrasing)
        portability =
            try fields.decodeIfPresent([String: [Probe]].self, forKey: .portability) ?? [:]
        var locality =
            try fields.decodeIfPresent([String: [Probe]].self, forKey: .locality) ?? [:]
        if let neighbour = try fields.decodeIfPresent(String.self, forKey: .neighbour) {
            let truth = try fields.decode(NestedTexts.self, forKey: .neighbourTruth).texts
            locality["Neighbourhood"] = [Probe(prompt: neighbour, truths: truth)]
        }
        self.locality = locality
    }

    static func read(_ path: String) throws -> [BenchmarkRecord] {
        try JSONDecoder().decode(
            [BenchmarkRecord].self, from: Data(contentsOf: URL(filePath: path)))
    }

    /// The locality questions that do not ask for the edited fact itself.
    var probes: [Probe] {
        let old = Set((truths + [target]).map(normalizedAnswer))
        return locality.sorted { $0.key < $1.key }.flatMap(\.value)
            .filter { old.isDisjoint(with: $0.truths.map(normalizedAnswer)) }
    }

    /// Questions that name the subject otherwise.
    var aliasProbes: [Probe] { portability["Subject_Aliasing"] ?? [] }

    /// Questions whose answer is the subject.
    var inverseProbes: [Probe] {
        (portability["Logical_Generalization"] ?? []).filter {
            $0.truths.map(normalizedAnswer).contains(normalizedAnswer(subject))
        }
    }

    /// Questions that take one fact more, which the store does not have.
    var reasoningProbes: [Probe] {
        (portability["Reasoning"] ?? []).filter {
            !$0.truths.map(normalizedAnswer).contains(normalizedAnswer(target))
        }
    }

    /// The names that the alias questions put in the subject's place.
    var aliasNames: [String] {
        guard let place = prompt.range(of: subject) else { return [] }
        let (before, after) = (prompt[..<place.lowerBound], prompt[place.upperBound...])
        let names = aliasProbes.compactMap { probe -> String? in
            guard probe.prompt.hasPrefix(before), probe.prompt.hasSuffix(after),
                probe.prompt.count > before.count + after.count
            else { return nil }
            return String(probe.prompt.dropFirst(before.count).dropLast(after.count))
        }
        return names.reduce(into: []) { if !$0.contains($1), $1 != subject { $0.append($1) } }
    }

    /// The edit as a line of Errata's own format, with its aliases.
    func factLine() throws -> [UInt8] {
        struct Line: Encodable {
            let subject: String
            let object: String
            let prompt: String
            let statement: String
            let aliases: [String]
        }
        let line = Line(
            subject: subject, object: target, prompt: prompt,
            statement: prompt + " " + target, aliases: aliasNames)
        return Array(try JSONEncoder().encode(line)) + [UInt8(ascii: "\n")]
    }
}

extension [BenchmarkRecord] {
    func withSubjectsOfTheirOwn() -> [BenchmarkRecord] {
        let counts = Dictionary(map { (normalizedAnswer($0.subject), 1) }, uniquingKeysWith: +)
        return filter { counts[normalizedAnswer($0.subject)] == 1 }
    }
}

/// A text, or lists of texts in lists: the benchmark's ways to write accepted answers.
private struct NestedTexts: Decodable {
    let texts: [String]

    init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            texts = [text]
        } else {
            texts = try [NestedTexts](from: decoder).flatMap(\.texts)
        }
    }
}

/// Folds case and space: what is left decides whether two answers are the same.
func normalizedAnswer(_ text: String) -> String {
    text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
}
