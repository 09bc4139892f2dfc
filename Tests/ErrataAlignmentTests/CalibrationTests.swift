import ErrataAlignment
import ErrataModels
import Foundation
import Glibc
import Testing

@Suite("Calibration")
struct CalibrationTests {
    @Test("a regression finds the weights that made the data")
    func regression() throws {
        var random = SeededGenerator(seed: 7)
        func uniform() -> Double { Double(random.next() >> 11) * 0x1p-53 }
        var rows: [[Double]] = []
        var isHit: [Bool] = []
        for _ in 0..<20_000 {
            let row = [8 * uniform() - 4, 8 * uniform() - 4]
            rows.append(row)
            isHit.append(uniform() < 1 / (1 + exp(-(0.5 + 1.5 * row[0] - 0.7 * row[1]))))
        }
        let fit = try #require(LogisticRegression(rows, isHit))
        #expect(abs(fit.bias - 0.5) < 0.1)
        #expect(abs(fit.weights[0] - 1.5) < 0.1)
        #expect(abs(fit.weights[1] + 0.7) < 0.1)
        #expect(fit.probability([4, 0]) > 0.99)
    }

    @Test("data of one class, or none, fits nothing; parted data stays finite")
    func degenerate() {
        #expect(LogisticRegression([], []) == nil)
        #expect(LogisticRegression([[1], [2]], [true, true]) == nil)
        let parted = LogisticRegression([[-1], [1]], [false, true])
        #expect(parted?.weights[0].isFinite == true)
    }

    @Test("pairs become facts and questions, chains apart")
    func set() throws {
        var set = CalibrationSet()
        func pair(_ question: String, _ edit: String, in object: String?, _ kind: String) {
            set.add(
                ScopePair(
                    question: question, edit: edit,
                    answer: object.map {
                        .init(
                            part: .object, text: $0,
                            span: edit.unicodeScalars.count
                                - $0.unicodeScalars.count..<edit.unicodeScalars.count)
                    }, kind: kind, subject: "Oslo", source: "test", sample: 0))
        }
        pair("Mayor of Oslo?", "The mayor of Oslo is Ada", in: "Ada", "rephrase")
        pair("Who runs Oslo?", "The mayor of Oslo is Ada", in: "Ada", "rephrase")
        pair("Who runs Oslo?", "The river of Oslo is Akerselva", in: nil, "otherRelation")
        pair("Whose?", "Ada has a cat. The cat of Ada is Bo", in: "Bo", "path")
        pair("Whose?", "Ada has a cat. The dog of Ada is Bo", in: nil, "bridgeWrongEnd")
        #expect(set.facts.map(\.statement) == ["The mayor of Oslo is Ada"])
        #expect(set.facts[0].prompt == "The mayor of Oslo is")
        #expect(set.chains.count == 2)
        let question = try #require(
            set.questions(limit: 9).first { $0.text == "Who runs Oslo?" })
        #expect(question.isAnswered(by: "The mayor of Oslo is Ada", about: "Oslo") == true)
        #expect(
            question.isAnswered(by: "The river of Oslo is Akerselva", about: "Oslo") == false)
        #expect(question.isAnswered(by: "Oslo has a mayor", about: "Oslo") == nil)
        #expect(question.isAnswered(by: "Rome has a mayor", about: "Rome") == false)
    }

    @Test("a calibration is read back from its text, and its defects are named")
    func text() throws {
        let calibration = ReaderCalibration(
            bias: -0.25, readerWeight: 0.75, lookupWeight: 0.125, chainBias: 1, chainWeight: 0.5,
            thresholds: ReaderCalibration.defaultThresholds)
        let object = try JSONReader.object(Array(calibration.json.utf8), place: "c")
        #expect(try ReaderCalibration(object) == calibration)
        #expect(calibration.probability(reader: 1, lookup: 0.5) == 1 / (1 + exp(-0.5)))
        #expect(calibration.probability(reader: 99, lookup: 0) < 1)
        #expect(calibration.chainProbability(reader: 0) == 1 / (1 + exp(-1)))
        let bad = calibration.json.replacing("\"strict\":0.7", with: "\"strict\":1.8")
        let error = #expect(throws: ModelError.self) {
            try ReaderCalibration(JSONReader.object(Array(bad.utf8), place: "c"))
        }
        #expect(error?.message == "c: thresholds: 'strict' is 1.8, expected 0 to 1")
    }

    @Test("a recipe needs every key, and says which is wrong")
    func recipe() throws {
        let text = TrainingRecipe(
            method: .lowRank(rank: 8, scale: 2), seed: 1, batchCount: 32, pairCount: 64,
            encoderRate: 0.001, headRate: 0.001, warmUp: 0.03, decay: 0.01, clip: 1,
            weights: LossWeights(), shardCount: 2
        ).json
        func read(_ text: String) throws -> TrainingRecipe {
            try TrainingRecipe(JSONReader.object(Array(text.utf8), place: "r"))
        }
        #expect(try read(text).json == text)
        for (old, new, message) in [
            ("\"clip\":1.0,", "", "r: key 'clip' is missing"),
            ("\"warmUp\":0.03", "\"warmUp\":1.5", "r: 'warmUp' is 1.5, expected 0..<1.0"),
            ("\"lowRank\"", "\"middle\"", "r: method: kind 'middle', expected full or lowRank"),
        ] {
            let error = #expect(throws: ModelError.self) {
                _ = try read(text.replacing(old, with: new))
            }
            #expect(error?.message == message)
        }
    }

    @Test("the loss curve is a picture of at most 600 points, and a table of all")
    func lossCurve() {
        let curve = LossCurve((0..<5000).map { 1 / Float($0 + 1) })
        #expect(curve.csv.split(separator: "\n").count == 5001)
        let points = curve.svg.split(separator: "\n").first { $0.hasPrefix("<polyline") }
        #expect(points?.split(separator: ",").count ?? 0 <= 602)
        #expect(!LossCurve([]).svg.contains("nan"))
    }

    @Test("a file of pairs that lies is refused at its line")
    func badPairs() throws {
        let good =
            #"{"question":"q","edit":"a b","scope":"in","part":"object","answer":"b","span":[2,3],"#
            + #""kind":"k","subject":"a","source":"s","sample":1}"#
        try withTemporaryDirectory { directory in
            let path = directory + "/p.jsonl"
            func refusal(_ text: String) throws -> String {
                try Data(text.utf8).write(to: URL(filePath: path))
                do { _ = try ScopePairFile.read(path) { _ in } } catch let error as DatasetError {
                    return error.message
                }
                return "none"
            }
            let messages = try [
                good, "", good + "\n" + good.replacing("[2,3]", with: "[0,1]"),
                good.replacing("[2,3]", with: "[2,9]"), String(repeating: "x", count: 70_000),
            ].map(refusal)
            #expect(
                messages == [
                    "none", "p.jsonl holds no pairs",
                    "p.jsonl, line 2: 'span' holds 'a', but the answer is 'b'",
                    "p.jsonl, line 1: 'span' ends at 9, but the edit has 3 scalars",
                    "p.jsonl, line 1 is longer than 65536 bytes",
                ])
            let blank = try refusal("\n")
            #expect(blank.hasPrefix("p.jsonl, line 1: "))
            #expect(throws: DatasetError.self) {
                _ = try ScopePairFile.read(directory + "/none") { _ in }
            }
        }
    }
}
