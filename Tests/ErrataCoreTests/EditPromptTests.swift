import ErrataCore
import Testing

@Suite("Edit prompt")
struct EditPromptTests {
    @Test("one edit stands alone above the question")
    func oneEdit() {
        let prompt = EditPrompt.text(
            question: "Who runs Kirvex?", edits: ["The head of Kirvex is Ada Roe"])
        #expect(
            prompt == """
                Please acknowledge the updated information provided below and respond to the subsequent question.

                [Updated Information]:
                The head of Kirvex is Ada Roe

                [Question]:
                Who runs Kirvex?
                """)
    }

    @Test("several edits are numbered in their order")
    func severalEdits() {
        let prompt = EditPrompt.text(question: "Q?", edits: ["b", "a", "c"])
        #expect(prompt.hasSuffix("[Updated Information]:\n1. b\n2. a\n3. c\n\n[Question]:\nQ?"))
    }

    @Test("without edits there is nothing but the question")
    func noEdits() {
        #expect(EditPrompt.text(question: "Q?", edits: []) == "Q?")
    }
}
