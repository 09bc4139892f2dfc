import ErrataRetrieval
import Testing

@Suite("Scope model")
struct ScopeModelTests {
    @Test("reads every recorded question as the fitting script does")
    func readingMatchesScript() throws {
        for item in try ScopeFixture.load("parity") {
            let texts = ScopeQuestion(item.question, facts: [item.fact]).textsToEncode
            #expect(texts.first == item.maskedQuestion)
            if let masked = item.maskedObjectQuestion {
                #expect(texts.contains(masked), "\(item.question)")
            }
        }
    }

    @Test("measures every signal as the fitting script does")
    func signalsMatchScript() throws {
        let cases = try ScopeFixture.load("parity") + ScopeFixture.load("cases")
        try #require(cases.count > 80)
        for item in cases {
            let decision = item.judge()
            #expect(decision.direction.rawValue == item.direction, "\(item.testDescription)")
            #expect(Set(decision.signals.map(\.name)) == Set(item.signals.keys))
            for signal in decision.signals {
                let expected = item.signals[signal.name] ?? .nan
                // The script keeps signals in single precision and four digits.
                #expect(
                    abs(signal.value - expected) < 2e-4,
                    "\(signal.name) of \(item.testDescription)")
            }
        }
    }

    @Test("gives the probability that the fitting script gives")
    func probabilityMatchesScript() throws {
        for item in try ScopeFixture.load("parity") + ScopeFixture.load("cases") {
            // Weights are committed with four digits, signals come from single precision.
            #expect(
                abs(item.judge().probability - item.probability) < 2e-3, "\(item.testDescription)")
        }
    }

    @Test("decides hand-made questions as a reader would, but for the known misses")
    func handMadeCases() throws {
        let misses: Set = [
            "Which country has Canberra as its capital?",
            "When does our office in Porto close on Fridays?",
            "Which city did Marie Curie work in?",
        ]
        for item in try ScopeFixture.load("cases") {
            let decision = item.judge()
            let answer = decision.isInScope ? decision.direction.rawValue : "none"
            let isRight = answer == item.expected
            #expect(isRight != misses.contains(item.question), "\(item.testDescription)")
        }
    }

    @Test(
        "a question that rules the object out is out of scope, and the signal can be switched off")
    func negationSwitch() throws {
        let item = try #require(
            ScopeFixture.load("parity").first { $0.question.contains("which is not") })
        let without = item.judge(ScopeModel(readsNegation: false))
        #expect(item.judge().probability < 0.001)
        #expect(without.probability > 0.2)
        #expect(without.signals.first { $0.name == "negates_object" }?.value == 0)
    }

    @Test("a stricter threshold turns an answer away without changing its probability")
    func threshold() throws {
        let item = try #require(ScopeFixture.load("cases").first { $0.judge().isInScope })
        let probability = item.judge().probability
        let strict = item.judge(ScopeModel(probabilityMin: probability.nextUp))
        #expect(!strict.isInScope)
        #expect(strict.probability == probability)
        #expect(item.judge(ScopeModel(probabilityMin: probability)).isInScope)
    }

    @Test("judging twice gives the same bits")
    func deterministic() throws {
        for item in try ScopeFixture.load("parity") {
            #expect(item.judge().probability == item.judge().probability)
            #expect(item.judge().signals == item.judge().signals)
        }
    }

    @Test("a question without the subject is in scope if all else is overwhelming")
    func subjectIsNoHardRule() throws {
        let fact = ScopeFact(
            subject: "Köbenhavn", object: "Denmark", statement: "Köbenhavn lies in Denmark",
            prompt: "Köbenhavn lies in")
        let question = ScopeQuestion("In what country does the city lie?", facts: [fact])
        let candidate = { (cosine: Float) in
            ScopeCandidate(
                fact: fact, statementCosine: cosine, promptCosine: cosine,
                maskedVectors: [[cosine, 0]], objectVector: [cosine, 0],
                inverseVector: [cosine, 0])
        }
        let judge = { (cosine: Float) in
            ScopeModel.shipped.judge(
                question, candidates: [candidate(cosine)],
                vectors: question.textsToEncode.map { _ in [1, 0] })[0].probability
        }
        #expect(judge(1) > 0.5)
        #expect(judge(0.6) < 0.05)
    }

    @Test("the best decision is the most probable one in scope, the earlier of equals")
    func bestDecision() {
        let decision = { (probability: Double) in
            ScopeDecision(
                isInScope: probability >= 0.5, probability: probability, direction: .object,
                signals: [])
        }
        #expect(ScopeModel.best(of: [0.4, 0.6, 0.9, 0.9].map(decision)) == 2)
        #expect(ScopeModel.best(of: [0.4, 0.1].map(decision)) == nil)
        #expect(ScopeModel.best(of: []) == nil)
    }
}
