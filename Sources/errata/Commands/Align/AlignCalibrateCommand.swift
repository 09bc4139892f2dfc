import ArgumentParser
import ErrataAlignment
import ErrataCore
import ErrataEvaluation
import ErrataJournal
import ErrataModels
import ErrataService
import Foundation

struct AlignCalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Turn a reader's logits into probabilities, on pairs it was not trained on",
        discussion: """
            Puts the edits of the held-back pairs into a throw-away store and asks their questions with \
            retrieval at work. How likely a fact answers is then fitted to the reader's logit and the \
            lookup's, and how likely a chain of two facts does to the reader's alone. The result is the \
            same reader with these probabilities in it.
            """)

    @Option(help: ArgumentHelp("The reader that 'errata align train' wrote.", valueName: "file"))
    var reader: String

    @Option(help: ArgumentHelp("The held-back pairs.", valueName: "file"))
    var pairs: String

    @Option(help: ArgumentHelp("Where the calibrated reader goes.", valueName: "file"))
    var out: String

    @Option(help: ArgumentHelp("Questions asked at most.", valueName: "count"))
    var questions = 1_500

    @Flag(help: "Write JSON to standard output.")
    var json = false

    func run() async throws {
        guard let encoder = try EncoderModel.installed() else {
            throw Failure(
                "no sentence encoder is installed", hint: "Fetch it with 'errata models pull'.")
        }
        var set = CalibrationSet()
        _ = try ScopePairFile.read(pairs) { set.add($0) }
        let directory =
            FileManager.default.temporaryDirectory.path
            + "/errata-calibrate-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var configuration = KnowledgeBase.Configuration(
            dataDirectory: directory, encoderDirectory: encoder)
        configuration.readerFile = Paths.absolute(reader)
        // Equal scores are ordered by ids, which come of the store's secret: the same one every time
        // makes the same calibration. Nothing of this store stays.
        configuration.journal.random = .repeatable(seed: 1)
        let base = try KnowledgeBase(configuration)
        if let failure = base.readerFailure { throw Failure(failure) }
        let singles = try await singles(set, base)
        await base.close()
        let chains = try chains(set, encoder)
        guard let fact = LogisticRegression(singles.rows, singles.isHit),
            let chain = LogisticRegression(chains.rows, chains.isHit)
        else {
            throw Failure(
                "the pairs are too few or too alike to fit probabilities to",
                hint:
                    "Pass the held-back pairs of a set with facts and chains, in and out of scope.")
        }
        let calibration = ReaderCalibration(
            bias: fact.bias, readerWeight: fact.weights[0], lookupWeight: fact.weights[1],
            chainBias: chain.bias, chainWeight: chain.weights[0],
            thresholds: ReaderCalibration.defaultThresholds)
        try ReaderWeights(file: reader).write(calibration, to: out)
        report(calibration, singles, chains)
    }

    private func report(
        _ calibration: ReaderCalibration, _ singles: Judgements, _ chains: Judgements
    ) {
        guard !json else { return Terminal.output.line(calibration.json) }
        let hits = zip(singles.rows, singles.isHit).count { row, isHit in
            (calibration.probability(reader: Float(row[0]), lookupLogit: row[1]) >= 0.5) == isHit
        }
        Terminal.output.line(
            "\(singles.rows.count.grouped) facts judged, \(hits.grouped) rightly at 0.5; "
                + "\(chains.rows.count.grouped) chains")
        Terminal.output.line(calibration.json)
    }

    /// What was said of edits, and whether each answers.
    private struct Judgements {
        var rows: [[Double]] = []
        var isHit: [Bool] = []
    }

    /// Asks the questions of single facts in a store that holds all of them.
    private func singles(_ set: CalibrationSet, _ base: KnowledgeBase) async throws -> Judgements {
        let bar = ProgressBar("calibrating")
        defer { bar.clear() }
        let lines = try set.facts.enumerated().map { number, fact in
            try fact.line(key: "calibration.\(number)")
        }
        _ = try await base.importFacts(
            Array(lines.joined()), ImportOptions(format: .jsonl, message: "Calibration"),
            actor: .thisProcess)
        try await base.waitForIndex(at: RefName.main.text)
        var found = Judgements()
        let asked = set.questions(limit: questions)
        for (number, question) in asked.enumerated() {
            try Task.checkCancellation()
            bar.update(number, of: asked.count)
            let outcome = try await base.ask(
                AskRequest(question: question.text, model: "reader"), actor: .thisProcess)
            for candidate in outcome.receipt.candidates {
                guard let reader = candidate.reader, let lookup = candidate.lookup,
                    let fact = try base.journal.fact(candidate.fact, leaf: candidate.leaf),
                    let isHit = question.isAnswered(by: fact.statement, about: fact.subject)
                else { continue }
                found.rows.append([
                    Double(reader) / 1e6, ReaderCalibration.logit(Double(lookup) / 1e6),
                ])
                found.isHit.append(isHit)
            }
        }
        return found
    }

    /// Reads the pairs whose edit is a chain of two facts.
    private func chains(_ set: CalibrationSet, _ directory: String) throws -> Judgements {
        let encoder = try SentenceEncoder(directory: directory, threads: 1)
        let reader = try Reader(
            encoder: encoder, weights: ReaderWeights(file: reader), threads: 2)
        let pairs = set.chains.prefix(questions)
        let readings = try reader.read(pairs.map { ($0.question, $0.edit) })
        return Judgements(
            rows: readings.map { [Double($0.scope)] }, isHit: pairs.map(\.isInScope))
    }
}
