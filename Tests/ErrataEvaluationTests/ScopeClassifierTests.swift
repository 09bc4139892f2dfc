import ErrataEvaluation
import ErrataModels
import ErrataService
import Testing

@Suite("a scope classifier before two models")
struct ScopeClassifierTests {
    private let knower: TinyKnower

    init() throws { knower = try TinyKnower.shared.get() }

    @Test(
        "the decoder answers what is in scope, the model that nobody edited all else, word for word"
    )
    func parts() async throws {
        let bench = try await EvaluationBench(
            EvaluationBench.lines([("zam", "green"), ("zep", "white")], TinyKnower.prompt),
            [.batch(nil)])
        var models = MethodCatalog.Models()
        models.base = knower.directory
        var catalog = MethodCatalog(
            models, store: bench.store, k: nil, tokenCountMax: 8, seed: 1)
        let (serac, none) = (try catalog.method("serac"), try catalog.method("none"))
        let decoder = try catalog.method("decoder")
        #expect(serac.identity.contains(none.identity))
        #expect(serac.identity.contains(decoder.identity))
        #expect(serac.byteCount == (none.byteCount ?? 0) + (decoder.byteCount ?? 0))
        #expect(serac.name == "serac")
        #expect(try catalog.method("serac:strict").name == "serac:strict")

        let version = bench.store.versions[0]
        let inScope = try await serac.respond(
            to: TinyKnower.prompt("zam"), target: "green", at: version)
        #expect(inScope.text == "green")
        #expect(inScope.objects.contains("green"))
        let shown = try await decoder.respond(
            to: TinyKnower.prompt("zam"), target: "green", at: version)
        #expect(inScope.tokens == shown.tokens)
        let untouched = TinyKnower.subjects.filter { !["zam", "zep"].contains($0) }
        for subject in untouched {
            let prompt = TinyKnower.prompt(subject)
            let response = try await serac.respond(to: prompt, target: "red", at: version)
            let alone = try await none.respond(to: prompt, target: "red", at: version)
            #expect(response.text == alone.text && response.tokens == alone.tokens)
            #expect(response.text == TinyKnower.colour(subject))
            #expect(response.model != inScope.model)
        }
        let before = try await serac.respond(
            to: TinyKnower.prompt("zam"), target: "green", at: nil)
        #expect(before.text == TinyKnower.colour("zam"))
        #expect(throws: EvaluationError.self) { try MethodCatalog.check(["serac"], .init()) }
        await bench.knowledge.close()
    }

    @Test("tokens of one model are never the same as another's")
    func tokens() async throws {
        // A local question in scope by mistake: the decoder says what the model would not.
        let line =
            "{\"subject\": \"zam\", \"prompt\": \"the hue of zam\", \"target\": \"green\", "
            + "\"locality\": {\"Own\": [{\"prompt\": \"the hue of zam\", \"answers\": [\"red\"]}], "
            + "\"Other\": [{\"prompt\": \"the hue of zip\", \"answers\": [\"red\"]}]}}"
        let bench = try await EvaluationBench([line], [.single])
        var models = MethodCatalog.Models()
        models.base = knower.directory
        var catalog = MethodCatalog(
            models, store: bench.store, k: nil, tokenCountMax: 8, seed: 1)
        let measured = Collected()
        try await EvaluationRun(items: bench.set.items, store: bench.store, width: 1)
            .measure(try catalog.method("serac"), except: []) { measured.add($0) }
        let score = try #require(
            ScoreBuilder(bench.set, ScoreSelection(), seed: 1).scores(measured.all).first)
        #expect(score.classTokens["Own"]?.mean == 0)
        #expect(score.classTokens["Other"]?.mean == 100)
        #expect(score.classExact["Own"]?.mean == 0)
        #expect(score.classExact["Other"]?.mean == 100)
        await bench.knowledge.close()
    }
}
