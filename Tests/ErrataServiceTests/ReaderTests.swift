import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataService
import ErrataTesting
import Foundation
import Testing

/// The encoder that the reader belongs to: $ERRATA_TEST_MODEL, or the one that is installed.
private let encoder: String? = {
    let environment = ProcessInfo.processInfo.environment
    let directory =
        environment["ERRATA_TEST_MODEL"]
        ?? (try? ModelStore.directory(environment: environment)).map { $0 + "/all-MiniLM-L6-v2" }
    guard let directory, FileManager.default.fileExists(atPath: directory + "/model.safetensors")
    else {
        print(
            """
            SKIPPED: the suite "The reader in a knowledge base" needs the encoder at \
            \(directory ?? "$ERRATA_TEST_MODEL"). Pull it: errata models pull all-MiniLM-L6-v2
            """)
        return nil
    }
    return directory
}()

@Suite(
    "The reader in a knowledge base",
    .enabled(if: encoder != nil, "all-MiniLM-L6-v2 is not installed: pull it first"))
struct ReaderTests {
    private static let facts = [
        FactDraft(subject: "Kazakhstan", relation: "capital", object: "Nur-Sultan"),
        FactDraft(subject: "Twitter", relation: "CEO", object: "Linda Yaccarino"),
        FactDraft(subject: "the Eiffel Tower", relation: "country", object: "France"),
        FactDraft(subject: "France", relation: "capital", object: "Paris"),
        FactDraft(subject: "France", relation: "head of state", object: "Emmanuel Macron"),
        FactDraft(statement: "The office is closed on 24 December"),
        FactDraft(
            subject: "the United Kingdom", relation: "prime minister", object: "Boris Johnson",
            questions: ["Who lives at 10 Downing Street?"], aliases: ["the UK", "Great Britain"]),
        FactDraft(key: "a", subject: "Elbe", relation: "length", object: "1,094 km"),
        FactDraft(key: "b", subject: "Elbe", relation: "length", object: "1,112 km"),
    ]

    private static let twoHops =
        "What is the capital of the country where the Eiffel Tower stands?"

    /// Lives as long as the test.
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open(
        _ precision: Linear.Precision? = .float32
    ) throws -> KnowledgeBase {
        try KnowledgeBase(
            .init(
                dataDirectory: directory.file("data"), encoderDirectory: encoder,
                readerPrecision: precision, indexWait: .seconds(60)))
    }

    private func filled(
        _ precision: Linear.Precision? = .float32
    ) async throws -> KnowledgeBase {
        let base = try open(precision)
        _ = try await base.commit(
            CommitRequest(message: "m", edits: Self.facts.map { .assert($0) }), actor: .ada)
        return base
    }

    private func ask(
        _ base: KnowledgeBase, _ question: String, at revision: String = "main",
        model: String? = nil, _ strictness: Strictness = .normal
    ) async throws -> AskOutcome {
        try await base.ask(
            AskRequest(question: question, at: revision, model: model, strictness: strictness),
            actor: .ada)
    }

    @Test("answers what the facts say in the user's words, the other way round, and under aliases")
    func answers() async throws {
        let base = try await filled()
        #expect(base.answererName == "reader")
        for (question, answer) in [
            ("What is the capital of Kazakhstan?", "Nur-Sultan"),
            ("Who is the chief executive of Twitter?", "Linda Yaccarino"),
            ("Of what country is Nur-Sultan the capital?", "Kazakhstan"),
            ("Who is the prime minister of the UK?", "Boris Johnson"),
            ("who lives at 10 downing street", "Boris Johnson"),
        ] {
            let outcome = try await ask(base, question)
            #expect(outcome.answer == answer, "\(question)")
            #expect(outcome.explanation.path.isEmpty)
            #expect(!outcome.explanation.disagrees)
            let confidence = try #require(outcome.explanation.confidence)
            #expect((0.5...1).contains(confidence))
        }
        let statement = try await ask(base, "When is the office closed?")
        #expect(statement.answer?.contains("24 December") == true)
        await base.close()
    }

    @Test("answers over two facts with both of them, and not with the step on the way")
    func chain() async throws {
        let base = try await filled()
        let outcome = try await ask(base, Self.twoHops)
        #expect(outcome.answer == "Paris")
        #expect(
            outcome.facts.map(\.fact.statement) == [
                "The country of the Eiffel Tower is France", "The capital of France is Paris",
            ])
        #expect(outcome.facts.map(\.answer) == [nil, "Paris"])
        #expect(outcome.explanation.path == outcome.facts.map(\.id))
        let stored = try base.receipt(outcome.id.hex)
        #expect(stored.receipt == outcome.receipt)
        #expect(stored.explanation.answer == "Paris")
        #expect(stored.explanation.path == outcome.explanation.path)
        let single = try await ask(base, "In which country is the Eiffel Tower?")
        #expect(single.answer == "France")
        #expect(single.explanation.path.isEmpty)
        await base.close()
    }

    @Test("refuses what no fact answers, and says which is nearest and why it is none")
    func refusals() async throws {
        let base = try await filled()
        for (question, reason) in [
            ("Who painted the Mona Lisa?", Receipt.Refusal.otherSubject),
            ("How many people live in Kazakhstan?", .otherRelation),
        ] {
            let outcome = try await ask(base, question)
            #expect(outcome.answer == nil)
            #expect(outcome.facts.isEmpty)
            #expect(outcome.explanation.refused.first?.reason == reason, "\(question)")
        }
        await base.close()
    }

    @Test("says of which facts it saw the beginning alone")
    func truncation() async throws {
        let base = try await filled()
        let long = FactDraft(
            statement: "The rules of the house, in full: "
                + String(repeating: "no noise after ten, ", count: 100))
        _ = try await base.commit(
            CommitRequest(message: "long", edits: [.assert(long)]), actor: .ada)
        let outcome = try await ask(base, "What are the rules of the house in full?", .lenient)
        let cut = outcome.receipt.candidates.first { $0.isTruncated }
        let candidate = try #require(cut)
        #expect(outcome.explanation.truncated == [candidate.fact])
        #expect(candidate.reader != nil)
        let short = try await ask(base, "What is the capital of Kazakhstan?")
        #expect(short.explanation.truncated.isEmpty)
        await base.close()
    }

    @Test("tells every answer of facts that disagree")
    func disagreement() async throws {
        let base = try await filled()
        let outcome = try await ask(base, "What is the length of the Elbe?")
        #expect(outcome.explanation.disagrees)
        #expect(Set(outcome.facts.map(\.answer)) == ["1,094 km", "1,112 km"])
        await base.close()
    }

    @Test(
        "gives one receipt for one question, version and model, whatever was asked, done or restarted"
    )
    func stable() async throws {
        var base = try await filled()
        let version = try base.resolve("main").hex
        let questions = [
            Self.twoHops, "Who runs Twitter?", "When is the office closed?", "Who was Attila?",
        ]
        func receipts(_ order: [String]) async throws -> [String: Digest] {
            var receipts: [String: Digest] = [:]
            for question in order {
                receipts[question] = try await ask(base, question, at: version).id
            }
            return receipts
        }
        let first = try await receipts(questions)
        #expect(try await receipts(questions.reversed()) == first)
        let later = [
            FactDraft(subject: "France", relation: "largest city", object: "Paris"),
            FactDraft(subject: "Twitter", relation: "CEO", object: "Nobody"),
        ]
        _ = try await base.commit(
            CommitRequest(message: "later", edits: later.map { .assert($0) }), actor: .grace)
        #expect(try await receipts(questions) == first)
        await base.close()
        // Another model between the two does not change what the first one's receipts say.
        base = try open(.int8)
        _ = try await ask(base, Self.twoHops, at: version)
        await base.close()
        base = try open()
        #expect(try await receipts(questions.reversed()) == first)
        #expect(base.journal.verify { _, _ in }.isClean)
        await base.close()
    }

    @Test("is one of the models that a question may name; its precision makes it another")
    func models() async throws {
        var base = try await filled()
        try await base.registerModels()
        #expect(base.loadedModels.map(\.name) == ["reader", "lookup"])
        let question = "What is the capital of Kazakhstan?"
        let read = try await ask(base, question)
        let looked = try await ask(base, question, model: "lookup")
        #expect(read.receipt.answerer == "reader")
        #expect(looked.receipt.answerer == "lookup")
        #expect(looked.answer == read.answer)
        #expect(read.id != looked.id)
        let prefix = String(base.loadedModels[0].hash.hex.prefix(10))
        #expect(try await ask(base, question, model: prefix).id == read.id)
        await base.close()

        base = try open(.int8)
        try await base.registerModels()
        let known = try base.knownModels()
        #expect(known.map(\.model.precision) == ["float32", nil, "int8"])
        #expect(known.map(\.isLoaded) == [false, true, true])
        #expect(known.map(\.isDefault) == [false, false, true])
        #expect(Set(known.map(\.model.hash)).count == 3)
        let error = await #expect(throws: ServiceError.self) {
            try await ask(base, question, model: prefix)
        }
        #expect(error?.code == .unknownModel)
        await base.close()
    }

    @Test("answers less with more strictness")
    func strictness() async throws {
        let base = try await filled()
        for question in ["Who runs Twitter?", "Who is France's boss?", "The Elbe is how long?"] {
            var counts: [Int] = []
            for strictness in [Strictness.strict, .normal, .lenient] {
                let outcome = try await ask(base, question, strictness)
                #expect(outcome.receipt.strictness == strictness)
                counts.append(outcome.receipt.answers.count)
            }
            #expect(counts == counts.sorted(), "\(question)")
        }
        await base.close()
    }

    @Test("without it the lookup answers")
    func lookupAlone() async throws {
        let base = try await filled(nil)
        #expect(base.answererName == "lookup")
        #expect(base.readerFailure == nil)
        let question = "What is the capital of Kazakhstan?"
        #expect(try await ask(base, question).answer == "Nur-Sultan")
        let error = await #expect(throws: ServiceError.self) {
            try await ask(base, question, model: "reader")
        }
        #expect(error?.code == .unknownModel)
        await base.close()
    }
}
