import ErrataRetrieval
import Testing

@Suite("What the reader is shown of a fact")
struct ReadingTextTests {
    private let fact = ScopeFact(
        subject: "the United Kingdom", object: "Boris Johnson",
        statement: "The prime minister of the United Kingdom is Boris Johnson",
        prompt: "The prime minister of the United Kingdom is",
        questions: ["Who lives at 10 Downing Street?"],
        aliases: ["the UK", "Great Britain", "Britain"])

    private func text(_ question: String, _ fact: ScopeFact? = nil) -> ReadingText {
        ReadingText(of: fact ?? self.fact, for: TextFolding.tokens(question))
    }

    @Test("is the statement, if the question names the subject or nothing")
    func statement() {
        for question in [
            "Who is prime minister of the United Kingdom?", "Who is prime minister?",
            "Is the UK the United Kingdom?",
        ] {
            #expect(text(question).text == fact.statement)
            #expect(text(question).placeInStatement(4..<9) == 4..<9)
        }
    }

    @Test("knows the fact's own prompt and questions, word for word")
    func ownPhrasing() {
        #expect(text("the prime minister of the united kingdom is").isOwnPhrasing)
        #expect(text("Who lives at 10, Downing Street").isOwnPhrasing)
        #expect(!text("Who lives at 11 Downing Street?").isOwnPhrasing)
        #expect(!text("").isOwnPhrasing)
        #expect(
            !text("Good", ScopeFact(subject: nil, object: nil, statement: "Good")).isOwnPhrasing)
    }

    @Test("has the longest alias that the question names in the subject's place")
    func alias() {
        #expect(
            text("Who is the UK's prime minister?").text
                == "The prime minister of the UK is Boris Johnson")
        let great = text("Who is prime minister of Great Britain?")
        #expect(great.text == "The prime minister of Great Britain is Boris Johnson")
    }

    @Test("tells where the statement says what it says")
    func places() {
        let text = text("Who is prime minister of Great Britain?")
        let bytes = Array(text.text.utf8)
        let statement = Array(fact.statement.utf8)
        let start = bytes.count - "Boris Johnson".utf8.count
        let place = text.placeInStatement(start..<bytes.count)
        #expect(place.map { Array(statement[$0]) } == Array("Boris Johnson".utf8))
        let before = text.placeInStatement(4..<9)
        #expect(before.map { Array(statement[$0]) } == Array("prime".utf8))
        // The alias itself is no part of the statement.
        #expect(text.placeInStatement(22..<35) == nil)
        #expect(text.placeInStatement(20..<24) == nil)
        #expect(text.placeInStatement(30..<40) == nil)
    }

    @Test("is the fact's own question with its object, if that is what was asked")
    func question() {
        let text = text("who lives at 10 downing street")
        #expect(text.text == "Who lives at 10 Downing Street? Boris Johnson")
        #expect(text.placeInStatement(0..<3) == nil)
    }

    @Test("is the statement of a fact that names no subject, or another than its own")
    func bareStatement() {
        let bare = ScopeFact(
            subject: nil, object: nil, statement: "The office is closed on 24 December")
        #expect(text("When is it closed?", bare).text == bare.statement)
        let odd = ScopeFact(
            subject: "Saturn", object: "82", statement: "It has 82 moons",
            aliases: ["the ringed one"])
        #expect(text("How many moons has the ringed one?", odd).text == odd.statement)
    }

    @Test("a question names a fact's subject exactly, in part, or not, and can be asked of another")
    func renaming() {
        let question = ScopeQuestion(
            "What is the capital of the country where the Eiffel Tower stands?",
            facts: [
                ScopeFact(
                    subject: "Eiffel Tower", object: "France",
                    statement: "The country of Eiffel Tower is France"),
                ScopeFact(
                    subject: "Kazakhstan", object: "Astana",
                    statement: "The capital of Kazakhstan is Astana"),
            ])
        #expect(question.mention(ofFact: 0) == .exact)
        #expect(question.mention(ofFact: 1) == .none)
        #expect(
            question.renamingSubject(ofFact: 0, to: "France")
                == "What is the capital of the country where the France stands?")
        #expect(question.renamingSubject(ofFact: 1, to: "Astana") == nil)
        #expect(
            ScopeFact(
                subject: "the United Kingdom", object: nil, statement: "x", aliases: ["U.K."]
            ).isAbout("United  KINGDOM"))
        #expect(!fact.isAbout(""))
        #expect(fact.isAbout("uk"))
        #expect(!fact.isAbout("Kingdom"))
    }
}
