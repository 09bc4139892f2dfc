import ErrataAlignment
import ErrataCore
import ErrataEvaluation
import ErrataTesting
import Foundation
import Testing

@Suite("data sets of an evaluation")
struct EvaluationSetTests {
    private static let records: [(EvaluationSet.Format, String)] = [
        (
            .knowEdit,
            """
            [{"subject": "USA-199", "target_new": "20 December 2007", "prompt": "What day was USA-199 launched?",
              "ground_truth": ["20 December 2007"], "rephrase_prompt": "When was the launch\\n of USA-199?",
              "portability": {"Subject_Aliasing": [{"prompt": "When was GPS IIR-18 launched?",
                "ground_truth": "20 December 2007"}]},
              "locality": {"Relation_Specificity": [{"prompt": "The country of USA-199 is",
                "ground_truth": [["United States", "USA"], [], ["America"]]},
                {"prompt": "The launch of USA-199 was", "ground_truth": ["20 December 2007"]}]}}]
            """
        ),
        (
            .wikiBio,
            """
            [{"concept": "ada", "text": "A passage about ada. Ada wrote.", "labels": "She wrote more.",
              "locality": {"Relation_Specificity": [{"prompt": "The language of ada is",
                "ground_truth": ["English"]}]}}]
            """
        ),
        (
            .counterFact,
            """
            [{"case_id": 1, "prompt": "Fox worked in", "target_new": "Ottawa", "subject": "Fox",
              "ground_truth": "London", "rephrase_prompt": "Fox's office is in",
              "locality_prompt": "Woods worked in", "locality_ground_truth": "London"}]
            """
        ),
        (
            .counterFactRecords,
            """
            [{"requested_rewrite": {"prompt": "{} worked in", "subject": "Fox", "target_new": {"str": "Ottawa"},
              "target_true": {"str": "London"}}, "paraphrase_prompts": ["Fox's office is in", "Fox sat in"],
              "neighborhood_prompts": ["Woods worked in"]}]
            """
        ),
        (
            .zsRE,
            """
            {"subject": "Munich", "src": "Who heads Munich?", "rephrase": "Who is head of Munich?", "alt": "Bruno",
             "answers": ["Dieter"], "loc": "nq question: who made the song", "loc_ans": "Reel 2 Real"}
            """.replacing("\n", with: " ")
        ),
        (
            .items,
            """
            {"subject": "Munich", "prompt": "The mayor of Munich is", "target": "Bruno", "aliases": ["B."],
             "portability": {"Reasoning": [{"prompt": "The mayor's city is", "answers": [["Munich", "München"]]}]}}
            """.replacing("\n", with: " ")
        ),
    ]

    private static func set(_ text: String) throws -> EvaluationSet {
        let directory = try TemporaryDirectory()
        let file = directory.file("set.json")
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return try EvaluationSet(path: file)
    }

    @Test("each format is told from its first record and read", arguments: records)
    func formats(format: EvaluationSet.Format, text: String) throws {
        let set = try Self.set(text)
        #expect(set.format == format)
        let item = try #require(set.items.first)
        #expect(set.items.count == 1)
        #expect(item.questions.first?.kind == .success)
        #expect(item.questions.first?.text == item.prompt)
        #expect(item.questions.count > 1)
        #expect(try item.edit.checked().statement == "\(item.prompt) \(item.target)")
    }

    @Test("questions have their kind, their answers with aliases, and no line breaks")
    func questions() throws {
        let item = try #require(try Self.set(Self.records[0].1).items.first)
        #expect(
            item.questions.map(\.kind) == [
                .success, .rephrasing, .portability("Subject_Aliasing"),
                .locality("Relation_Specificity"), .locality("Relation_Specificity"),
            ])
        #expect(item.questions[1].text == "When was the launch of USA-199?")
        #expect(item.questions[3].answers == [["United States", "USA"], ["America"]])
        #expect(item.questions[3].target == "United States")
        #expect(item.questions.map(\.isFirst) == [true, true, true, true, false])
        #expect(item.questions.map(\.asksForEdit) == [false, false, false, false, true])
    }

    @Test(
        "what does not fit is an error that names its place",
        arguments: [
            ("[]", "no records"), ("{\"a\": 1}", "set.json:1"),
            ("[{\"subject\": \"a\", \"prompt\": \"b\", \"target\": \"\"}]", "set.json[0]"),
            (
                "{\"subject\": \"a\", \"prompt\": \"b\", \"target\": \"c\"}\n"
                    + "{\"subject\": \"a\", \"prompt\": \"b\", \"target\": \"c\", \"colour\": 1}",
                "set.json:2"
            ),
            ("[{\"subject\": \"a\", \"prompt\": \"b\", \"target\": 7}]", "set.json[0]"),
            (
                "[{\"subject\": \"a\", \"prompt\": \"b\", \"target_new\": \"c\", \"portability\": [], "
                    + "\"locality\": {}}]", "'portability' must be an object"
            ),
        ])
    func bad(text: String, place: String) throws {
        let error = #expect(throws: DatasetError.self) { try Self.set(text) }
        #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
    }

    @Test("items of one fact are told, all but the last")
    func superseded() throws {
        let lines = ["a", "b", "a", "c", "a"].map {
            "{\"subject\": \"s\", \"prompt\": \"The \($0) of s is\", \"target\": \"x\"}"
        }
        #expect(try Self.set(lines.joined(separator: "\n")).superseded == [0, 2])
    }

    @Test(
        "a sample is the same for a seed, in the file's order, and held-back subjects alone if asked"
    )
    func sample() throws {
        let lines = (0..<200).map {
            "{\"subject\": \"subject \($0)\", \"prompt\": \"The colour of \($0) is\", \"target\": \"x\"}"
        }
        var first = try Self.set(lines.joined(separator: "\n"))
        var second = first
        first.keep(20, seed: 3)
        second.keep(20, seed: 3)
        #expect(first.items.map(\.number) == second.items.map(\.number))
        #expect(first.items.map(\.number) == first.items.map(\.number).sorted())
        #expect(first.items.count == 20)
        second = try Self.set(lines.joined(separator: "\n"))
        second.keepHeldBack()
        #expect((10...90).contains(second.items.count))
        #expect(second.items.allSatisfy { HeldBack.contains($0.subject) })
    }
}
