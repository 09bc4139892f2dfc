import ErrataCore
import ErrataEvaluation
import ErrataService
import ErrataTesting
import Testing

@Suite("ablations")
struct AblationTests {
    private static let names = [
        "Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Tony", "John", "Leslie", "Robin",
    ]
    /// Two of them are about the same subject, in one fact.
    private static let lines = EvaluationBench.lines(
        (names + ["Ada"]).enumerated().map { ($0.element, "colour\($0.offset)") }
    ) { "The favourite colour of \($0) is" }

    private func orders(
        _ setting: EvaluationSetting, seed: UInt64 = 1
    ) async throws -> (EvaluationBench, [[Int]]) {
        let bench = try await EvaluationBench(Self.lines, [setting], seed: seed)
        return (bench, bench.store.versions.compactMap(\.shown))
    }

    @Test(
        "each edit stands beside unrelated ones where the setting says, and the store holds no other",
        arguments: Distractors.Place.allCases)
    func distractors(place: Distractors.Place) async throws {
        let (bench, orders) = try await orders(.distractors(3, place))
        #expect(orders.count == 11)
        for (item, version) in bench.store.versions.enumerated() {
            #expect(version.label == "distractors 3 \(place.rawValue)")
            #expect(version.edits == item..<item + 1 && version.measured == item..<item + 1)
            #expect(version.editCount == 4)
            let order = orders[item]
            #expect(Set(order).count == 4)
            let at = try #require(order.firstIndex(of: item))
            switch place {
            case .before: #expect(at == 3)
            case .after: #expect(at == 0)
            case .mixed: break
            }
            let subjects = order.map { bench.set.items[$0].subject }
            #expect(Set(subjects).count == 4, "Ada beside Ada is related")
            let facts = try bench.knowledge.facts(at: version.revision, limit: 10).page.items
            #expect(
                Set(facts.compactMap(\.fact?.object))
                    == Set(order.map { bench.set.items[$0].target }))
        }
        if place == .mixed {
            let places = orders.enumerated().map { $1.firstIndex(of: $0) }
            #expect(Set(places).count > 1)
        }
        await bench.knowledge.close()
    }

    @Test("a seed gives the same distractors, another others, and fewer are the beginning of more")
    func drawing() async throws {
        func drawn(_ count: Int, seed: UInt64 = 1) async throws -> [[Int]] {
            let (bench, orders) = try await orders(.distractors(count, .after), seed: seed)
            await bench.knowledge.close()
            return orders
        }
        let four = try await drawn(4)
        #expect(try await drawn(4) == four)
        #expect(try await drawn(4, seed: 2) != four)
        #expect(try await drawn(2) == four.map { Array($0.prefix(3)) })
        await #expect(throws: EvaluationError.self) { try await drawn(10) }
    }

    @Test("a method that judges nothing is shown all in order, one that judges what it lets pass")
    func prompts() async throws {
        let (bench, orders) = try await orders(.distractors(2, .before))
        let model = try PromptMethod.Model.embedded()
        let (all, judged) = (
            try PromptMethod(
                "decoder-lte", model, showing: .facts(.lte), k: 1, tokenCountMax: 8,
                store: bench.store),
            try PromptMethod(
                "decoder", model, showing: .facts(.errata), k: 1, tokenCountMax: 8,
                store: bench.store)
        )
        for (item, version) in bench.store.versions.enumerated() {
            let prompt = bench.set.items[item].prompt
            let targets = orders[item].map { bench.set.items[$0].target }
            let shown = try await all.respond(to: prompt, target: nil, at: version)
            #expect(shown.objects == targets)
            #expect(shown.candidates.isEmpty)
            let passed = try await judged.respond(to: prompt, target: nil, at: version)
            #expect(passed.objects == [bench.set.items[item].target])
            let other = try await judged.respond(
                to: "Who wrote the Iliad?", target: nil, at: version)
            #expect(other.objects.isEmpty && other.text == nil)
        }
        await bench.knowledge.close()
    }

    @Test("facts are found by their prompts, by prompt and object, or by both")
    func keys() async throws {
        for key in RetrievalKey.allCases {
            let bench = try await EvaluationBench(Self.lines, [.batch(nil)], key: key)
            func count(_ question: String) async throws -> Int {
                try await bench.knowledge.search(
                    question, at: bench.store.versions[0].revision, k: 20
                ).hits.count
            }
            #expect(try await count("Grace") == 1)
            #expect(try await count("colour3") == (key == .prompt ? 0 : 1))
            await bench.knowledge.close()
        }
    }

    @Test(
        "settings are read, and what is none is refused",
        arguments: [
            ("distractors:2", EvaluationSetting.distractors(2, .mixed)),
            ("distractors:19:after", .distractors(19, .after)), ("distractors:20", nil),
            ("distractors:0", nil), ("distractors", nil), ("distractors:1:between", nil),
            ("distractors:1:after:", nil), ("batch:7", .batch(7)), ("general", .general),
            ("general:1", nil), ("batch:0", nil),
        ])
    func settings(text: String, setting: EvaluationSetting?) {
        #expect(EvaluationSetting(text) == setting)
    }
}
