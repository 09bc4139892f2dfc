import ErrataModels

extension SourceReader {
    /// Reads a biography, its continuation and what must stay as it is; nil if the text is too long.
    func wikiBio(_ fields: DatasetFields) throws(DatasetError) -> SourceRecord? {
        let text = try fields.longText("text")
        let continuation = try fields.longText("labels")
        guard !continuation.isEmpty,
            text.utf8.count + continuation.utf8.count < ScopePair.textBytesMax
        else { return nil }
        var record = SourceRecord(
            source: name, subject: try fields.text("concept"), prompt: text, object: continuation,
            questions: [])
        for (question, answers) in try fields.probes("locality", "Relation_Specificity") {
            record.questions.append(
                .init(text: question, kind: "otherRelation", truth: answers.first))
        }
        return record
    }

    func knowEdit(_ fields: DatasetFields) throws(DatasetError) -> SourceRecord {
        var record = SourceRecord(
            source: name, subject: try fields.text("subject"), prompt: try fields.text("prompt"),
            object: try fields.text("target_new"), questions: [])
        let old = try fields.names("ground_truth")
        record.truth = old.first
        record.questions.append(record.answered(record.prompt, "direct"))
        for (question, _) in try fields.probes("portability", "Subject_Aliasing") {
            record.questions.append(record.answered(question, "alias"))
        }
        for (question, answers) in try fields.probes("portability", "Reasoning") {
            record.questions += record.reasoned(question, answers)
        }
        for (question, answers) in try fields.probes("portability", "Logical_Generalization") {
            record.questions += record.generalised(question, answers)
        }
        for (question, answers) in try fields.probes("locality", "Relation_Specificity") {
            // A probe for the edited fact itself has the old object for its answer.
            let isOfEdit = question == record.prompt || answers.contains { old.contains($0) }
            guard !isOfEdit else { continue }
            record.questions.append(
                .init(text: question, kind: "otherRelation", truth: answers.first))
        }
        for (question, answers) in try fields.probes("locality", "Forgetfulness") {
            // Some probes exclude the very answer that they expect.
            let truth = answers.first { $0 != record.object }
            record.questions.append(.init(text: question, kind: "exclusion", truth: truth))
        }
        return record
    }
}

extension SourceRecord {
    fileprivate func answered(_ question: String, _ kind: String) -> Question {
        Question(text: question, kind: kind, answer: .found(object, as: .object, in: edit))
    }

    /// Returns a question over two facts: out of scope, for the edit is one of them.
    ///
    /// Left out where the edit's object is the answer and only other knowledge says that the question is
    /// about its subject.
    fileprivate func reasoned(_ question: String, _ answers: [String]) -> [Question] {
        guard answers.contains(object) else { return [Question(text: question, kind: "bridge")] }
        return question.holdsName(subject) ? [answered(question, "reasoning")] : []
    }

    fileprivate func generalised(_ question: String, _ answers: [String]) -> [Question] {
        guard answers.contains(subject) else { return reasoned(question, answers) }
        // The relation turned round without another word is wrong for all but a few relations.
        let isTurned = question == prompt.replacing(subject, with: object)
        let isOfSiblings = question.contains("siblings") && !prompt.contains("siblings")
        guard !isTurned, !isOfSiblings, !question.holdsName(subject) else { return [] }
        let answer = ScopePair.Answer.found(subject, as: .subject, in: edit)
        return [Question(text: question, kind: "inverse", answer: answer)]
    }
}
