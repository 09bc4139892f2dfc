import ErrataModels

/// Reads the files of real data sets, each strictly: what does not fit its shape is an error with its place.
struct SourceReader {
    /// The largest file that is read, in bytes.
    static let fileBytesMax = DatasetRecords.fileBytesMax

    let format: SourceFormat
    /// Names the source in messages and in its pairs.
    let name: String
    /// Relations whose subjects can be asked for.
    var relations: [Relation] = []

    func read(_ bytes: [UInt8]) throws(DatasetError) -> SourceContent {
        var content = SourceContent()
        for fields in try DatasetRecords.read(bytes, name: name) {
            switch format {
            case .knowEdit: try content.records.append(knowEdit(fields))
            case .counterFact: try content.records.append(counterFact(fields))
            case .zsRE: try content.add(zsRE(fields))
            case .pokeMQA: try content.add(pokeMQA(fields))
            case .wikiBio: try content.add(wikiBio(fields))
            case .facts: try content.add(fact(fields))
            case .open:
                if let question = try open(fields) {
                    content.openQuestions.append(question)
                } else {
                    content.skippedCount += 1
                }
            }
        }
        return content
    }

    // MARK: CounterFact

    /// Rephrasings that ask for something else than the prompt does.
    private static let looseRephrasings = [
        "surrounded by", "surroundings include", "navigating", "greatest accomplishment",
        "greatest strength", "greatest weakness", "greatest artistic work",
        "becomes important when",
        "was born in", "lives in", "is known for", "is incredible at", "restaurants",
        "meals include",
        "the locals held", "aired alongside", "name is that", "has its name is",
        "tourist attractions",
        "twin city is known", "twin city speak", "capital speak", "passed away, people speak",
        "People around", "To get to work", "founders of", "inspiration for", "author is from",
        "parents are from", "nearby", "opposite to",
    ]

    private func counterFact(_ fields: DatasetFields) throws(DatasetError) -> SourceRecord {
        let prompt = try fields.text("prompt")
        let object = try fields.text("target_new")
        let rephrase = try fields.text("rephrase_prompt")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let edit = "\(prompt) \(object)"
        let answer = ScopePair.Answer.found(object, as: .object, in: edit)
        var questions = [
            SourceRecord.Question(text: prompt, kind: "direct", answer: answer),
            SourceRecord.Question(
                text: try fields.text("locality_prompt"), kind: "otherSubject",
                truth: try fields.text("locality_ground_truth")),
        ]
        let asksElse = SourceReader.looseRephrasings.contains {
            rephrase.contains($0) && !prompt.contains($0)
        }
        if !asksElse {
            questions.append(.init(text: rephrase, kind: "rephrase", answer: answer))
        }
        return SourceRecord(
            source: name, subject: try fields.text("subject"), prompt: prompt, object: object,
            questions: questions, truth: try fields.text("ground_truth"))
    }

    // MARK: zsRE

    /// Reads an edit and its questions; nil if its target is empty, which one record of the set has.
    private func zsRE(_ fields: DatasetFields) throws(DatasetError) -> SourceRecord? {
        if case .string("") = fields.object["alt"] { return nil }
        let prompt = try fields.text("src")
        let object = try fields.text("alt")
        let answer = ScopePair.Answer.found(object, as: .object, in: "\(prompt) \(object)")
        let open = try fields.text("loc").replacing("nq question: ", with: "")
        return SourceRecord(
            source: name, subject: try fields.text("subject"), prompt: prompt, object: object,
            questions: [
                .init(text: prompt, kind: "direct", answer: answer),
                .init(text: try fields.text("rephrase"), kind: "rephrase", answer: answer),
                .init(text: open, kind: "open", truth: try fields.text("loc_ans")),
            ], truth: try fields.texts("answers", mayBeEmpty: true, repeated: true).first)
    }

    // MARK: Open questions

    private static let openBytesMax = 400

    /// Returns the question or instruction of a record, or nil if it is too long to be one.
    private func open(_ fields: DatasetFields) throws(DatasetError) -> String? {
        let text: String
        if fields.object["question"] != nil {
            text = try fields.longText("question")
        } else if fields.object["qText"] != nil {
            text = try fields.longText("qText")
        } else if fields.object["instruction"] != nil {
            text = try fields.longText("instruction")
        } else if case .object(let prompt) = fields.object["prompt"] {
            text = try DatasetFields(prompt, place: fields.place).longText("text")
        } else {
            throw fields.error("neither 'question', 'qText', 'instruction' nor 'prompt' is there")
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.isEmpty || line.utf8.count > SourceReader.openBytesMax ? nil : line
    }
}

extension SourceContent {
    /// Takes a record, or counts one that gives no pairs.
    mutating func add(_ record: SourceRecord?) {
        if let record { records.append(record) } else { skippedCount += 1 }
    }
}
