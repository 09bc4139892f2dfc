import ErrataCore
import ErrataModels
import Testing

@Suite("The decoder in the program, asked with edits")
struct EmbeddedDecoderEditTests {
    private func answer(_ question: String, _ edits: [String]) async throws -> String {
        let model = try EmbeddedDecoder.load(threads: 1)
        let content = EditPrompt.text(question: question, edits: edits)
        let prompt = try model.prompt(of: [("user", content)])
        var text = ""
        for try await piece in try model.text(continuing: prompt, .init(tokenCountMax: 32)) {
            text += piece.text
        }
        return text
    }

    @Test(
        "takes the answer out of the edit that is meant",
        arguments: [
            (
                "Who leads the payments team?", ["The lead of the payments team is Astrid Kjær."],
                "Astrid Kjær"
            ),
            (
                "What is the retention period of audit logs?",
                ["The retention period of audit logs is 400 days"], "400 days"
            ),
            (
                "In which town was Marta Ferrolino born?",
                [
                    "The place of death of Marta Ferrolino is Ostrava",
                    "The place of birth of Marta Ferrolino is Kvitholm",
                ], "Kvitholm"
            ),
            (
                "The capital of Veldoria is",
                [
                    "The capital of Nordania is Sunnfjord", "The capital of Veldoria is Haltmouth",
                    "The capital of Tristania is Oakwick",
                ], "Haltmouth"
            ),
        ])
    func found(question: String, edits: [String], expected: String) async throws {
        #expect(try await answer(question, edits) == expected)
    }

    @Test(
        "says so where no edit is meant",
        arguments: [
            (
                "What is the height of the Eiffel Tower?",
                ["The lead of the payments team is Astrid Kjær."]
            ),
            ("The capital of Veldoria is", ["The capital of Nordania is Sunnfjord"]),
            ("who won the world series in 1988", []),
        ])
    func unanswered(question: String, edits: [String]) async throws {
        #expect(try await answer(question, edits) == EmbeddedDecoder.noAnswer)
    }
}
