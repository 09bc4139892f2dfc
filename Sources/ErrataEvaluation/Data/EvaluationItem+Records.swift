import ErrataAlignment
import ErrataCore
import ErrataModels

extension EvaluationItem {
    private static let portabilityClasses = [
        "Reasoning", "Subject_Aliasing", "Logical_Generalization",
    ]
    private static let localityClasses = ["Relation_Specificity", "Forgetfulness"]

    init(
        _ record: DatasetFields, _ format: EvaluationSet.Format, number: Int
    ) throws(DatasetError) {
        switch format {
        case .knowEdit: try self.init(knowEdit: record, number)
        case .wikiBio: try self.init(wikiBio: record, number)
        case .counterFact: try self.init(counterFact: record, number)
        case .counterFactRecords: try self.init(counterFactRecord: record, number)
        case .zsRE: try self.init(zsRE: record, number)
        case .items: try self.init(item: record, number)
        }
        do { _ = try edit.checked() } catch {
            throw record.error("the edit cannot be committed: \(error)")
        }
    }

    /// A question that no edit is about.
    init(general record: DatasetFields, number: Int) throws(DatasetError) {
        let keys = ["question", "qText", "instruction"]
        guard let key = keys.first(where: { record.object[$0] != nil }) else {
            throw record.error("none of \(keys.joined(separator: ", ")) is there")
        }
        var answers: [String] = []
        for key in ["answer", "answers"] where record.object[key] != nil {
            answers += try record.names(key).map(\.onOneLine).filter { !$0.isEmpty }
        }
        let question = EvaluationQuestion(
            kind: .general, text: try record.line(key), answers: answers.isEmpty ? [] : [answers],
            asksForEdit: false, isFirst: true)
        self.init(
            number: number, subject: "", prompt: "", target: "", truth: [], questions: [question])
    }

    private init(knowEdit record: DatasetFields, _ number: Int) throws(DatasetError) {
        var questions = QuestionList(
            try record.line("prompt"), target: [try record.line("target_new")],
            truth: try record.names("ground_truth"))
        if record.object["rephrase_prompt"] != nil {
            questions.add(.rephrasing, try record.line("rephrase_prompt"))
        }
        for name in Self.portabilityClasses {
            for probe in try record.groups("portability", name) {
                questions.add(.portability(name), probe.question, probe.answers)
            }
        }
        for name in Self.localityClasses {
            for probe in try record.groups("locality", name) {
                questions.add(.locality(name), probe.question, probe.answers)
            }
        }
        self.init(number, subject: try record.line("subject"), questions)
    }

    private init(wikiBio record: DatasetFields, _ number: Int) throws(DatasetError) {
        var questions = QuestionList(
            try record.line("text"), target: [try record.line("labels")], truth: [])
        for probe in try record.groups("locality", "Relation_Specificity") {
            questions.add(.locality("Relation_Specificity"), probe.question, probe.answers)
        }
        self.init(number, subject: try record.line("concept"), questions)
    }

    private init(counterFact record: DatasetFields, _ number: Int) throws(DatasetError) {
        var questions = QuestionList(
            try record.line("prompt"), target: [try record.line("target_new")],
            truth: try record.names("ground_truth"))
        questions.add(.rephrasing, try record.line("rephrase_prompt"))
        questions.add(
            .locality("Neighborhood"), try record.line("locality_prompt"),
            [try record.names("locality_ground_truth")])
        self.init(number, subject: try record.line("subject"), questions)
    }

    private init(counterFactRecord record: DatasetFields, _ number: Int) throws(DatasetError) {
        let rewrite = try record.fields("requested_rewrite")
        let subject = try rewrite.line("subject")
        let truth = try rewrite.fields("target_true").line("str")
        var questions = QuestionList(
            try rewrite.line("prompt").replacing("{}", with: subject),
            target: [try rewrite.fields("target_new").line("str")], truth: [truth])
        for text in try record.names("paraphrase_prompts") {
            questions.add(.rephrasing, text.onOneLine)
        }
        for text in try record.names("neighborhood_prompts") {
            questions.add(.locality("Neighborhood"), text.onOneLine, [[truth]])
        }
        self.init(number, subject: subject, questions)
    }

    private init(zsRE record: DatasetFields, _ number: Int) throws(DatasetError) {
        var questions = QuestionList(
            try record.line("src"), target: [try record.line("alt")],
            truth: try record.names("answers"))
        questions.add(.rephrasing, try record.line("rephrase"))
        questions.add(
            .locality("Neighborhood"),
            try record.line("loc").replacing("nq question: ", with: ""),
            [try record.names("loc_ans")])
        self.init(number, subject: try record.line("subject"), questions)
    }

    /// One's own: subject, prompt, target; and, where there are any, aliases (of the target), truth, rephrasings,
    /// portability and locality, each an object of classes with [{"prompt", "answers"}].
    private init(item record: DatasetFields, _ number: Int) throws(DatasetError) {
        try record.refuseKeys(besides: [
            "subject", "prompt", "target", "aliases", "truth", "rephrasings", "portability",
            "locality",
        ])
        var questions = QuestionList(
            try record.line("prompt"),
            target: [try record.line("target")] + (try record.names("aliases")),
            truth: try record.names("truth"))
        for text in try record.names("rephrasings") { questions.add(.rephrasing, text.onOneLine) }
        for key in ["portability", "locality"] where record.object[key] != nil {
            for name in try record.fields(key).object.members.map(\.key) {
                let kind: EvaluationQuestion.Kind =
                    key == "locality" ? .locality(name) : .portability(name)
                for probe in try record.groups(key, name, answers: "answers") {
                    questions.add(kind, probe.question, probe.answers)
                }
            }
        }
        self.init(number, subject: try record.line("subject"), questions)
    }

    private init(_ number: Int, subject: String, _ list: QuestionList) {
        self.init(
            number: number, subject: subject, prompt: list.prompt, target: list.target[0],
            truth: list.truth, questions: list.questions)
    }
}

/// Puts the questions of one item together.
private struct QuestionList {
    let prompt: String
    /// The target with its aliases.
    let target: [String]
    let truth: [String]
    private(set) var questions: [EvaluationQuestion] = []
    private var kinds: Set<EvaluationQuestion.Kind> = []

    init(_ prompt: String, target: [String], truth: [String]) {
        (self.prompt, self.target, self.truth) = (prompt, target, truth)
        add(.success, prompt)
    }

    /// Adds a question; without answers of its own it asks for the target.
    mutating func add(
        _ kind: EvaluationQuestion.Kind, _ text: String, _ answers: [[String]]? = nil
    ) {
        let known = Set((target + truth).map(AnswerMatch.normalised))
        let asksForEdit =
            kind.isLocal
            && (text == prompt
                || (answers ?? []).joined().contains {
                    known.contains(AnswerMatch.normalised($0))
                })
        questions.append(
            EvaluationQuestion(
                kind: kind, text: text, answers: answers ?? [target], asksForEdit: asksForEdit,
                isFirst: kinds.insert(kind).inserted))
    }
}

extension DatasetFields {
    /// Returns a text that is not empty, its line breaks made spaces.
    fileprivate func line(_ key: String) throws(DatasetError) -> String {
        let line = try longText(key).onOneLine
        guard !line.isEmpty else { throw error("'\(key)' is empty") }
        return line
    }

    fileprivate func fields(_ key: String) throws(DatasetError) -> DatasetFields {
        guard case .object(let object) = self.object[key] else {
            throw error("'\(key)' must be an object")
        }
        return DatasetFields(object, place: "\(place): \(key)")
    }

    /// Returns the questions of a class, each with its answers and their aliases; none if the class is not there.
    fileprivate func groups(
        _ group: String, _ name: String, answers key: String = "ground_truth"
    ) throws(DatasetError) -> [(question: String, answers: [[String]])] {
        guard let value = try fields(group).object[name] else { return [] }
        guard case .array(let items) = value else { throw error("'\(name)' must be an array") }
        var probes: [(question: String, answers: [[String]])] = []
        for item in items {
            guard case .object(let object) = item else { throw error("'\(name)' holds no objects") }
            let probe = DatasetFields(object, place: "\(place): \(name)")
            probes.append((try probe.line("prompt"), try probe.answers(key)))
        }
        return probes
    }

    /// Returns answers: a string, a list of strings, which are aliases of one, or a list of such lists.
    private func answers(_ key: String) throws(DatasetError) -> [[String]] {
        guard case .array(let items) = object[key] else { return [filled(try names(key))] }
        var groups: [[String]] = []
        var aliases: [String] = []
        for item in items {
            switch item {
            case .array:
                groups.append(filled(try strings(item, key)))
            default: aliases += try strings(item, key)
            }
        }
        if !aliases.isEmpty { groups.insert(filled(aliases), at: 0) }
        return groups.filter { !$0.isEmpty }
    }

    private func filled(_ texts: [String]) -> [String] {
        texts.map(\.onOneLine).filter { !$0.isEmpty }
    }
}

extension String {
    /// The text with line breaks and other white space folded to single spaces.
    var onOneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
