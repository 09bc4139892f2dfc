import ErrataModels

extension SourceReader {
    /// What stands before, between and after subject and object in PokeMQA's edits; the longest that fits is taken.
    private static let shapes: [(before: String, between: String)] = [
        ("", " is a citizen of "), ("", " is affiliated with the religion of "),
        ("The author of ", " is "), ("", " was born in the city of "),
        ("", " speaks the language of "), ("", " worked in the city of "), ("", " was created by "),
        ("", " died in the city of "), ("", " was created in the country of "),
        ("", " is associated with the sport of "),
        ("The headquarters of ", " is located in the city of "), ("The chairperson of ", " is "),
        ("", " is married to "), ("", " was founded by "), ("", " is employed by "),
        ("The company that produced ", " is "), ("The univeristy where ", " was educated is "),
        ("", " was developed by "), ("", " was performed by "), ("", " is famous for "),
        ("The origianl broadcaster of ", " is "), ("", " was founded in the city of "),
        ("", " is located in the continent of "), ("", " was written in the language of "),
        ("The name of the current head of the ", " government is "),
        ("The chief executive officer of ", " is "), ("The official language of ", " is "),
        ("", "'s child is "), ("The name of the current head of state in ", " is "),
        ("The original language of ", " is "), ("The type of music that ", " plays is "),
        ("", " plays the position of "), ("The capital of ", " is "),
        ("The head coach of ", " is "),
        ("", " works in the field of "), ("The director of ", " is "),
    ]

    /// Reads an edit and its questions; nil if the edit's sentence has none of the known shapes.
    func pokeMQA(_ fields: DatasetFields) throws(DatasetError) -> SourceRecord? {
        let edit = try fields.text("edit")
        let texts = try fields.texts("questions", repeated: true)
        guard let (subject, prompt, object) = SourceReader.parts(of: edit) else { return nil }
        var record = SourceRecord(
            source: name, subject: subject, prompt: prompt, object: object, questions: [])
        record.questions = [
            .init(text: prompt, kind: "direct", answer: .found(object, as: .object, in: edit))
        ]
        var seen: Set<String> = []
        for text in texts where seen.insert(text).inserted {
            if let question = record.asked(text) { record.questions.append(question) }
        }
        return record
    }

    private static func parts(of edit: String) -> (subject: String, prompt: String, object: String)?
    {
        let fitting = shapes.filter { edit.hasPrefix($0.before) && edit.contains($0.between) }
        guard
            let shape = fitting.max(by: {
                $0.before.count + $0.between.count < $1.before.count + $1.between.count
            })
        else { return nil }
        guard let place = edit.firstRange(of: shape.between) else { return nil }
        guard edit.index(edit.startIndex, offsetBy: shape.before.count) < place.lowerBound else {
            return nil
        }
        let subject = edit[..<place.lowerBound].dropFirst(shape.before.count)
        let object = edit[place.upperBound...]
        guard !subject.isEmpty, !object.isEmpty else { return nil }
        return (String(subject), String(edit[..<place.upperBound].dropLast()), String(object))
    }
}

extension SourceRecord {
    /// Tells what a question of PokeMQA asks for; nil if its wording does not tell.
    fileprivate func asked(_ text: String) -> Question? {
        let folded = text.lowercased()
        let namesSubject = folded.contains(subject.lowercased())
        let namesObject = folded.contains(object.lowercased())
        if namesSubject, !namesObject {
            // "Who is X?" asks for nothing in particular.
            guard folded != "who is \(subject.lowercased())?" else { return nil }
            return Question(
                text: text, kind: "rephrase", answer: .found(object, as: .object, in: edit))
        }
        // Citizens, believers and the like are too many to ask for.
        let isOneOfMany = ["citizen of", "religion of", "language of", "sport of"]
            .contains { prompt.contains($0) }
        guard namesObject, !namesSubject, !isOneOfMany else { return nil }
        return Question(
            text: text, kind: "inverse", answer: .found(subject, as: .subject, in: edit))
    }
}
