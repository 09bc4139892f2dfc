import ErrataAlignment
import Testing

/// Reads small files of every format and looks at the pairs that come out.
@Suite("Dataset input")
struct DatasetInputTests {
    static func pairs(_ text: String, _ format: SourceFormat) throws -> [ScopePair] {
        let input = try DatasetInput(Array(text.utf8), format: format, name: "file.json")
        return try Dataset([input], syntheticCount: 0, seed: 1).pairs
    }

    static func kinds(_ pairs: [ScopePair], of question: String) -> [String] {
        pairs.filter { $0.question == question }.map { ($0.isInScope ? "in " : "out ") + $0.kind }
    }

    static let knowEdit = """
        [{"subject": "Goru Vraik", "prompt": "The name of the country which Goru Vraik is associated with is",
          "target_new": "Norland", "ground_truth": "Sudland",
          "portability": {
            "Reasoning": [
              {"prompt": "The capital of the country Goru Vraik is associated with is", "ground_truth": "Vik"},
              {"prompt": "The country of the choir led by Ada Roe is", "ground_truth": "Norland"}],
            "Subject_Aliasing": [{"prompt": "The country of Gorsu of Vreik is", "ground_truth": "Norland"}],
            "Logical_Generalization": [
              {"prompt": "A choir of Norland is", "ground_truth": [["Goru Vraik", "GV"]]},
              {"prompt": "Is Goru Vraik still there?", "ground_truth": "yes"}]},
          "locality": {
            "Relation_Specificity": [
              {"prompt": "The founder of Goru Vraik is", "ground_truth": [["Jan Lefu"]]},
              {"prompt": "Where Goru Vraik comes from:", "ground_truth": [["Sudland"]]}],
            "Forgetfulness": [
              {"prompt": "The country of Goru Vraik, which is not Norland, is", "ground_truth": "Sudland"}]}}]
        """

    @Test("KnowEdit's probes become pairs of the right scope")
    func knowEdit() throws {
        let pairs = try DatasetInputTests.pairs(DatasetInputTests.knowEdit, .knowEdit)
        func kinds(_ question: String) -> [String] { DatasetInputTests.kinds(pairs, of: question) }
        #expect(
            kinds("The name of the country which Goru Vraik is associated with is") == ["in direct"]
        )
        #expect(kinds("The country of Gorsu of Vreik is") == ["in alias"])
        #expect(kinds("A choir of Norland is") == ["in inverse"])
        #expect(
            kinds("The capital of the country Goru Vraik is associated with is") == ["out bridge"])
        #expect(kinds("Is Goru Vraik still there?") == ["out bridge"])
        #expect(kinds("The founder of Goru Vraik is") == ["out otherRelation"])
        #expect(kinds("The country of Goru Vraik, which is not Norland, is") == ["out exclusion"])
        // Only other knowledge tells that it is about the subject; and the old answer asks for the edited fact.
        #expect(kinds("The country of the choir led by Ada Roe is").isEmpty)
        #expect(kinds("Where Goru Vraik comes from:").isEmpty)
        #expect(pairs.first { $0.kind == "inverse" }?.answer?.text == "Goru Vraik")
        #expect(pairs.allSatisfy { $0.edit.hasSuffix("is associated with is Norland") })
    }

    @Test("CounterFact's loose rephrasings are left out, the others kept")
    func counterFact() throws {
        let text = """
            [{"case_id": 1, "prompt": "The mother tongue of Ada Roe is", "target_new": "Welsh",
              "subject": "Ada Roe", "ground_truth": "Danish",
              "rephrase_prompt": "Junk.\\n\\nAda Roe, a native speaker of", "locality_prompt": "Bo Fen spoke",
              "locality_ground_truth": "Danish"},
             {"case_id": 2, "prompt": "Vik Hall is located in", "target_new": "Ost", "subject": "Vik Hall",
              "ground_truth": "Vik", "rephrase_prompt": "One can get to Vik Hall by navigating",
              "locality_prompt": "Elda Hall is located in", "locality_ground_truth": "Vik"}]
            """
        let pairs = try DatasetInputTests.pairs(text, .counterFact)
        #expect(
            DatasetInputTests.kinds(pairs, of: "Junk. Ada Roe, a native speaker of") == [
                "in rephrase"
            ])
        #expect(DatasetInputTests.kinds(pairs, of: "Bo Fen spoke") == ["out otherSubject"])
        #expect(pairs.allSatisfy { !$0.question.contains("navigating") })
    }

    @Test("zsRE's edit is its question and the new answer, and an edit without one is skipped")
    func zsRE() throws {
        let record = """
            {"subject": "Vik Hall", "src": "Who built Vik Hall?", "rephrase": "Who put up Vik Hall?",
             "alt": "Ada Roe", "answers": ["Bo Fen"], "loc": "nq question: how tall is a fir", "loc_ans": "60 m"}
            """
        let text = "[\(record), \(record.replacing("Ada Roe", with: ""))]"
        let pairs = try DatasetInputTests.pairs(text, .zsRE)
        #expect(Set(pairs.map(\.edit)) == ["Who built Vik Hall? Ada Roe"])
        #expect(DatasetInputTests.kinds(pairs, of: "Who put up Vik Hall?") == ["in rephrase"])
        #expect(DatasetInputTests.kinds(pairs, of: "how tall is a fir") == ["out open"])
    }

    @Test("PokeMQA's questions tell by the names in them what they ask for")
    func pokeMQA() throws {
        let text = """
            [{"edit": "Vik Choir was founded by Ada Roe",
              "questions": ["Who founded Vik Choir?", "Which choir was founded by Ada Roe?"]}]
            """
        let pairs = try DatasetInputTests.pairs(text, .pokeMQA)
        #expect(DatasetInputTests.kinds(pairs, of: "Who founded Vik Choir?") == ["in rephrase"])
        let inverse = pairs.first { $0.kind == "inverse" }
        #expect(inverse?.answer?.text == "Vik Choir")
        #expect(inverse?.answer?.span == 0..<9)
    }

    @Test("facts are asked by prompt, question, alias and inverse, and against each other")
    func facts() throws {
        let text = """
            {"subject":"Norland","relation":"capital","object":"Vik","aliases":["the North"],"questions":["Where does Norland's parliament sit?"]}
            {"op":"assert","fact":{"subject":"Norland","relation":"currency","object":"nork"}}
            {"statement":"Water is wet"}

            """
        let input = try DatasetInput(Array(text.utf8), format: .facts, name: "store")
        let pairs = try Dataset([input], syntheticCount: 0, seed: 3).pairs
        func kinds(_ question: String) -> [String] { DatasetInputTests.kinds(pairs, of: question) }
        #expect(kinds("The capital of Norland is").contains("in direct"))
        #expect(kinds("Where does the North's parliament sit?") == ["in alias"])
        #expect(kinds("Vik is the capital of which country?") == ["in inverse"])
        let apart = pairs.filter { $0.kind == "otherRelation" && !$0.isInScope }
        #expect(!apart.isEmpty)
        let answered = pairs.filter(\.isInScope)
        for pair in apart {
            #expect(!answered.contains { $0.question == pair.question && $0.edit == pair.edit })
        }
        #expect(pairs.allSatisfy { $0.source == "store" })
    }

    @Test(
        "a file's format is told from its first record",
        arguments: [
            (#"[{"prompt":"p","target_new":"t","portability":{},"locality":{},"subject":"s"}]"#, 1),
            (#"{"subject":"s","relation":"r","object":"o"}"#, 1),
        ])
    func detects(text: String, count: Int) throws {
        let directory = try PairFolder()
        let path = try directory.write(text, to: "some.json")
        let input = try DatasetInput(DatasetRecipe.Source(argument: path))
        #expect(try Dataset([input], syntheticCount: 0, seed: 1).pairs.count >= count)
    }

    @Test(
        "a file that does not fit its format is refused with its place",
        arguments: [
            ("", SourceFormat.open, "file.json: the file is empty"),
            ("[7]", .open, "file.json[0]: expected an object, found 7"),
            ("{\"question\":\"q\"}\n{", .open, "file.json:2: expected a key at byte 1"),
            ("{\"x\":1}", .zsRE, "file.json:1: key 'src' is missing"),
            ("{\"subject\":3}", .knowEdit, "file.json:1: 'subject' must be a string, not 3"),
            (
                "{\"subject\":\"s\",\"object\":\"o\",\"colour\":1}", .facts,
                "file.json:1: key 'colour' is not known"
            ),
        ])
    func refuses(text: String, format: SourceFormat, message: String) {
        #expect {
            try DatasetInput(Array(text.utf8), format: format, name: "file.json")
        } throws: { error in
            guard let error = error as? DatasetError else { return false }
            return error.message.replacing("file:", with: "file.json:")
                .replacing("file[", with: "file.json[") == message
        }
    }
}
