import Foundation

/// Counts which answerer answered what.
struct AnswerScores {
    /// Questions of one kind.
    private struct Row {
        let title: String
        var count = 0
        /// One an answerer.
        var hits: [Int]
    }

    private enum Kind: Int, CaseIterable {
        case prompt
        case rephrasing
        case alias
        case inverse
        case locality
        case localityAnswered
        case reasoning
        case unrelated

        var title: String {
            switch self {
            case .prompt: "prompt: the new object"
            case .rephrasing: "rephrasing: the new object"
            case .alias: "alias of the subject: the new object"
            case .inverse: "inverse: the subject"
            case .locality: "locality: the edited object (bad)"
            case .localityAnswered: "locality: any answer"
            case .reasoning: "one hop more: the edited object (bad)"
            case .unrelated: "unrelated: any answer (bad)"
            }
        }
    }

    private let asker: Asker
    private let showsMisses: Bool
    private let dump: QuestionDump?
    private var rows: [Row]
    private var times: [Sample]

    init(_ asker: Asker, showsMisses: Bool, dump: QuestionDump?) {
        self.asker = asker
        self.showsMisses = showsMisses
        self.dump = dump
        let none = [Int](repeating: 0, count: asker.names.count)
        rows = Kind.allCases.map { Row(title: $0.title, hits: none) }
        times = asker.names.map { _ in Sample() }
    }

    mutating func take(_ record: BenchmarkRecord) async throws {
        try await ask(.prompt, record.prompt, record, wants: record.target)
        if let rephrasing = record.rephrasing {
            try await ask(.rephrasing, rephrasing, record, wants: record.target)
        }
        for probe in record.aliasProbes {
            try await ask(.alias, probe.prompt, record, wants: record.target)
        }
        for probe in record.inverseProbes {
            try await ask(.inverse, probe.prompt, record, wants: record.subject)
        }
        for probe in record.probes { try await ask(.locality, probe.prompt, record) }
        for probe in record.reasoningProbes { try await ask(.reasoning, probe.prompt, record) }
    }

    /// Asks a question of a record: one that wants an answer, or one that must not get the edited object.
    private mutating func ask(
        _ kind: Kind, _ question: String, _ record: BenchmarkRecord, wants answer: String? = nil
    ) async throws {
        let outcome = try await asker.ask(question, &times)
        try dump?.write(
            "\(kind)", question, gold: record.prompt + " " + record.target, outcome)
        let expected = normalizedAnswer(answer ?? record.target)
        count(kind, outcome) { $0.map(normalizedAnswer) == expected }
        if kind == .locality { count(.localityAnswered, outcome) { $0 != nil } }
        let isHit = outcome.answers[0].map(normalizedAnswer) == expected
        guard showsMisses, isHit == (answer == nil) else { return }
        print(
            "\(kind): \(question)  [\(record.prompt) \(record.target)]  "
                + (outcome.answers[0] ?? "no answer"))
    }

    mutating func takeUnrelated(_ path: String, limit: Int) async throws {
        struct Line: Decodable { let question: String }
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .prefix(limit)
        {
            let question = try JSONDecoder().decode(Line.self, from: Data(line.utf8)).question
            let outcome = try await asker.ask(question, &times)
            try dump?.write("unrelated", question, gold: "", outcome)
            count(.unrelated, outcome) { $0 != nil }
            guard showsMisses, let answer = outcome.answers[0] else { continue }
            print("unrelated: \(question)  \(answer)")
        }
    }

    private mutating func count(
        _ kind: Kind, _ outcome: Asker.Outcome, _ isHit: (String?) -> Bool
    ) {
        rows[kind.rawValue].count += 1
        for (i, answer) in outcome.answers.enumerated() where isHit(answer) {
            rows[kind.rawValue].hits[i] += 1
        }
    }

    func report(_ report: Report) {
        func columns(_ texts: [String]) -> String {
            texts.map { $0.padding(toLength: 14, withPad: " ", startingAt: 0) }.joined()
        }
        report.row("", columns(asker.names))
        for row in rows where row.count > 0 {
            let shares = row.hits.map {
                (100 * Double($0) / Double(row.count)).formatted(digits: 1) + " %"
            }
            report.row(row.title, columns(shares) + "of \(row.count)")
        }
        for (name, sample) in zip(asker.names, times) where !sample.median.isNaN {
            report.row("time of an ask, \(name)", sample.milliseconds)
        }
    }
}
