import ErrataRetrieval
import Testing

@Suite("Scope masking")
struct MaskingTests {
    @Test(
        "replaces the subject of a fact's own text",
        arguments: [
            ("What voice type is Louise Grandjean?", "Louise Grandjean", "What voice type is X?"),
            ("Who is Pierre Gorman's father?", "pierre gorman", "Who is X's father?"),
            ("The mother of Jiri Srnka is", "Jiří Srnka", "The mother of X is"),
            ("Where was Beatles founded?", "The Beatles", "Where was X founded?"),
            ("The radius of Mercury is", "Mercury (planet)", "The radius of X is"),
            ("The occupation of Joseph Papin is", "Joseph E Papin", "The occupation of X is"),
        ])
    func masks(text: String, subject: String, masked: String) {
        #expect(maskedForm(of: text, subject: subject) == masked)
    }

    @Test("a text without the subject, or with nothing else, has no masked form")
    func unmaskable() {
        #expect(maskedForm(of: "The capital of France is", subject: "Norway") == nil)
        #expect(maskedForm(of: "Norway", subject: "Norway") == nil)
        #expect(maskedForm(of: "", subject: "Norway") == nil)
        #expect(maskedForm(of: "Norway is cold", subject: "…") == nil)
    }

    @Test("an alias is masked like the subject, and the longest name wins")
    func aliases() {
        let masked = maskedForm(
            of: "Who runs Twitter Inc today?", subject: "Twitter", aliases: ["Twitter, Inc."])
        #expect(masked == "Who runs X today?")
        #expect(
            maskedForm(of: "Who runs X Corp?", subject: "Twitter", aliases: ["X Corp"])
                == "Who runs X?")
    }

    private func masks(_ question: String, subject: String, object: String = "?") -> [String] {
        let fact = ScopeFact(
            subject: subject, object: object, statement: "\(subject) is \(object)")
        return ScopeQuestion(question, facts: [fact]).textsToEncode
    }

    @Test("a misspelt or shortened subject is masked with the names beside it")
    func fuzzy() {
        #expect(masks("Who is Kyuuben Kawasaki Jr?", subject: "Kyūben Kawasaki") == ["Who is X?"])
        #expect(masks("the job of J. Papin?", subject: "Joseph Papin") == ["the job of X?"])
    }

    @Test("numbers are never near each other")
    func numbers() {
        let near = masks("Where is NGC 4294?", subject: "NGC 4293")
        #expect(near == ["Where is X?"])  // masked as a name, though not matched as this one
        let fact = ScopeFact(subject: "4293", object: "a", statement: "4293 is a")
        #expect(ScopeQuestion("is 4294 big?", facts: [fact]).textsToEncode == ["is X big?"])
    }

    @Test("another name is masked in the subject's place; without any name nothing is")
    func otherNames() {
        #expect(
            masks("Where did Ada Lovelace die?", subject: "Alan Turing") == ["Where did X die?"])
        #expect(masks("where did she die?", subject: "Alan Turing") == ["where did she die?"])
    }

    @Test("the object is masked too, for the inverse question")
    func inverse() {
        let texts = masks(
            "Which company is Linda Yaccarino the CEO of?", subject: "Twitter",
            object: "Linda Yaccarino")
        #expect(texts.contains("Which company is X the CEO of?"))
        let both = masks("Is Canberra in Australia?", subject: "Australia", object: "Canberra")
        #expect(both == ["Is Canberra in X?", "Is X in Australia?"])
    }

    @Test("a bare statement is masked where it shares the question's most telling words")
    func statements() {
        let fact = ScopeFact(
            subject: nil, object: nil, statement: "Our office in Lisbon closes at noon on Fridays")
        let texts = ScopeQuestion("When is the Lisbon office closed?", facts: [fact]).textsToEncode
        #expect(
            texts == [
                "When is the X office closed?", "Our office in X closes at noon on Fridays",
            ])
    }

    @Test("the texts are distinct, never more than the limit, and the first facts are served first")
    func limit() {
        let facts = (0..<20).map { i in
            ScopeFact(subject: "Word\(i)", object: nil, statement: "Word\(i) is nice")
        }
        let question = (0..<20).map { "Word\($0)" }.joined(separator: " and ") + "?"
        let texts = ScopeQuestion(question, facts: facts + facts).textsToEncode
        #expect(texts.count == ScopeQuestion.textCountMax)
        #expect(Set(texts).count == texts.count)
        #expect(texts[0].hasPrefix("X and Word1 and"))
    }

    @Test("judging goes on beyond the limit")
    func judgeBeyondLimit() {
        let facts = (0..<20).map { i in
            ScopeFact(
                subject: "Word\(i)", object: "thing", statement: "Word\(i) is a thing",
                prompt: "Word\(i) is a")
        }
        let question = ScopeQuestion(
            (0..<20).map { "Word\($0)" }.joined(separator: " "), facts: facts)
        let candidates = facts.map {
            ScopeCandidate(
                fact: $0, statementCosine: 0.5, promptCosine: 0.5, maskedVectors: [[1]],
                objectVector: [1], inverseVector: [1])
        }
        let decisions = ScopeModel.shipped.judge(
            question, candidates: candidates, vectors: question.textsToEncode.map { _ in [0.5] })
        #expect(decisions.count == 20)
        #expect(decisions.allSatisfy { $0.probability > 0 && $0.probability < 1 })
    }

    @Test("index texts: masked phrasings, the object, and the statement from the object's end")
    func indexTexts() {
        let texts = ScopeTexts(
            of: ScopeFact(
                subject: "Wang Jipeng", object: "Wang Chonghua",
                statement: "The father of Wang Jipeng is Wang Chonghua",
                questions: ["Who is Wang Jipeng's father?", "Who begot him?"]))
        #expect(texts.masked == ["The father of X is", "Who is X's father?"])
        #expect(texts.object == "Wang Chonghua")
        #expect(texts.inverse == "The father of it is X")
        let bare = ScopeTexts(of: ScopeFact(subject: nil, object: nil, statement: "It rains"))
        #expect(bare.masked.isEmpty && bare.object == nil && bare.inverse == nil)
    }
}
