import ErrataCore
import ErrataRetrieval
import Testing

@Suite struct SurfaceFormTests {
    @Test("statement, prompt, questions and alias prompts are searched, in this order")
    func searchedForms() throws {
        let fact = try FactDraft(
            subject: "Twitter", relation: "chief executive officer", object: "Linda Yaccarino",
            questions: ["Who runs Twitter?", "Who is the boss of Twitter?"], aliases: ["X Corp"]
        ).checked()
        #expect(
            fact.surfaceForms.filter(\.kind.isSearched) == [
                SurfaceForm(
                    .statement, "The chief executive officer of Twitter is Linda Yaccarino"),
                SurfaceForm(.prompt, "The chief executive officer of Twitter is"),
                SurfaceForm(.question, "Who runs Twitter?"),
                SurfaceForm(.question, "Who is the boss of Twitter?"),
                SurfaceForm(.alias, "The chief executive officer of X Corp is"),
            ])
    }

    @Test("no text stands twice in a kind, and a bare statement has one searched form")
    func noRepetition() throws {
        let fact = try FactDraft(
            prompt: "Danielle Darrieux's mother tongue is", aliases: ["a", "b"]
        ).checkedWithObject("English")
        #expect(Set(fact.surfaceForms).count == fact.surfaceForms.count)
        let bare = try FactDraft(statement: "The sky is green").checked()
        #expect(
            bare.surfaceForms.filter(\.kind.isSearched) == [
                SurfaceForm(.statement, "The sky is green")
            ])
    }

    @Test("kinds compare in the order in which ties are settled")
    func kindOrder() {
        #expect(SurfaceKind.searched == SurfaceKind.allCases.filter(\.isSearched))
        #expect(SurfaceKind.searched == [.statement, .prompt, .question, .alias])
    }
}

extension FactDraft {
    fileprivate func checkedWithObject(_ object: String) throws -> Fact {
        var draft = self
        draft.object = object
        return try draft.checked()
    }
}
