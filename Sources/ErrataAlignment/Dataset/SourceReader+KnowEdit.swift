import ErrataModels

extension SourceReader {
    func knowEdit(_ fields: DatasetFields) throws(DatasetError) -> SourceRecord {
        var record = SourceRecord(
            source: name, subject: try fields.text("subject"), prompt: try fields.text("prompt"),
            object: try fields.text("target_new"), questions: [])
        let old = try fields.names("ground_truth")
        record.questions.append(record.answered(record.prompt, "direct"))
        for (question, _) in try fields.probes("portability", "Subject_Aliasing") {
            record.questions.append(record.answered(question, "alias"))
        }
        for (question, answers) in try fields.probes("portability", "Reasoning") {
            record.questions.append(record.reasoned(question, answers))
        }
        for (question, answers) in try fields.probes("portability", "Logical_Generalization") {
            record.questions.append(record.generalised(question, answers))
        }
        for (question, answers) in try fields.probes("locality", "Relation_Specificity") {
            // A probe for the edited fact itself has the old object for its answer.
            let isOfEdit = question == record.prompt || answers.contains { old.contains($0) }
            guard !isOfEdit else { continue }
            record.questions.append(
                .init(text: question, kind: "otherRelation", truth: answers.first))
        }
        for (question, answers) in try fields.probes("locality", "Forgetfulness") {
            record.questions.append(.init(text: question, kind: "exclusion", truth: answers.first))
        }
        return record
    }
}

extension SourceRecord {
    fileprivate func answered(_ question: String, _ kind: String) -> Question {
        Question(text: question, kind: kind, answer: .found(object, as: .object, in: edit))
    }

    /// A question over two facts; only the edit's own object makes the edit enough.
    fileprivate func reasoned(_ question: String, _ answers: [String]) -> Question {
        answers.contains(object)
            ? answered(question, "reasoning") : Question(text: question, kind: "bridge")
    }

    fileprivate func generalised(_ question: String, _ answers: [String]) -> Question {
        if answers.contains(subject) {
            return Question(
                text: question, kind: "inverse", answer: .found(subject, as: .subject, in: edit))
        }
        return answers.contains(object)
            ? answered(question, "reasoning") : Question(text: question, kind: "bridge")
    }
}

extension DatasetFields {
    /// Returns the strings of a member that is a string, a list of them, or a list of such lists.
    fileprivate func names(_ key: String) throws(DatasetError) -> [String] {
        guard let value = object[key] else { return [] }
        return try strings(value, key)
    }

    private func strings(_ value: JSONValue, _ key: String) throws(DatasetError) -> [String] {
        switch value {
        case .string(let text): return [text]
        case .array(let items):
            var all: [String] = []
            for item in items { all += try strings(item, key) }
            return all
        default: throw error("'\(key)' must hold strings, not \(value.kind)")
        }
    }

    /// Returns the questions of one class with all their answers; none if the class is not there.
    fileprivate func probes(
        _ group: String, _ name: String
    ) throws(DatasetError) -> [(question: String, answers: [String])] {
        guard case .object(let classes) = object[group] else {
            throw error("'\(group)' must be an object")
        }
        guard let list = classes[name] else { return [] }
        guard case .array(let items) = list else { throw error("'\(name)' must be an array") }
        var probes: [(question: String, answers: [String])] = []
        for item in items {
            guard case .object(let probe) = item else { throw error("'\(name)' holds no objects") }
            let fields = DatasetFields(probe, place: "\(place): \(name)")
            probes.append((try fields.text("prompt"), try fields.names("ground_truth")))
        }
        return probes
    }
}
