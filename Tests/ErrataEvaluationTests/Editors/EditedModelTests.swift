import ErrataEvaluation
import ErrataModels
import ErrataTesting
import Testing

@Suite("A model whose weights are edited")
struct EditedModelTests {
    private let knower: TinyKnower

    init() throws { knower = try TinyKnower.shared.get() }

    @Test("the facts to edit are known before, and none of the edits")
    func known() throws {
        let model = try knower.model()
        for subject in TinyKnower.subjects {
            let known = WeightEdit(
                prompt: TinyKnower.prompt(subject), subject: subject,
                target: TinyKnower.colour(subject))
            #expect(try model.says(known))
            #expect(try !model.says(TinyKnower.edit(subject)))
        }
    }

    @Test("an edit's target is the most likely answer", arguments: WeightEditorKind.allCases)
    func learned(kind: WeightEditorKind) throws {
        let model = try knower.model()
        let before = model.bits
        for edit in TinyKnower.edits.prefix(4) {
            let outcomes = try model.apply([edit], with: kind)
            #expect(outcomes.count == 1)
            #expect(outcomes[0].isLearned)
            #expect(try model.says(edit), "\(edit)")
            model.restore()
            #expect(try !model.says(edit), "\(edit)")
        }
        #expect(model.bits == before)
    }

    @Test("several edits hold together", arguments: [WeightEditorKind.ft, .memit])
    func several(kind: WeightEditorKind) throws {
        let model = try knower.model { $0.fineTuning.lossEnd = 1e-3 }
        let edits = Array(TinyKnower.edits.prefix(3))
        try model.apply(edits, with: kind)
        let said = try edits.count { try model.says($0) }
        // Fine-tuning one after the other forgets; a batch does not.
        #expect(said >= (kind == .memit ? 3 : 1))
    }

    @Test(
        "an editor changes what it says it changes",
        arguments: [
            (WeightEditorKind.ftl, ["model.layers.3.mlp.down_proj.weight"]),
            (.rome, ["model.layers.1.mlp.down_proj.weight"]),
            (
                .memit,
                [
                    "model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.down_proj.weight",
                    "model.layers.2.mlp.down_proj.weight",
                ]
            ),
        ])
    func changed(kind: WeightEditorKind, names: [String]) throws {
        let model = try knower.model()
        let before = model.bits
        try model.apply([TinyKnower.edits[0]], with: kind)
        #expect(model.changes(from: before) == names)
    }

    @Test("fine-tuning can be held to one feed-forward network")
    func feedForward() throws {
        let model = try knower.model {
            $0.fineTuning.scope = .feedForward(depth: 0.5)
            $0.fineTuning.rate = 1e-2
        }
        let before = model.bits
        try model.apply([TinyKnower.edits[1]], with: .ft)
        let names = ["down", "gate", "up"].map { "model.layers.2.mlp.\($0)_proj.weight" }
        #expect(model.changes(from: before) == names)
        #expect(try model.says(TinyKnower.edits[1]))
    }

    @Test("no number goes further than its bound", arguments: [1e-4, 3e-3])
    func bounded(bound: Double) throws {
        let model = try knower.model { $0.boundedFineTuning.bound = bound }
        let name = "model.layers.3.mlp.down_proj.weight"
        let before = try #require(model.tensor(name))
        try model.apply([TinyKnower.edits[2]], with: .ftl)
        let after = try #require(model.tensor(name))
        let moves = zip(before, after).map { abs(Double($0.1) - Double($0.0)) }
        // Half a unit in the last place of a weight below 2.
        #expect((moves.max() ?? .infinity) <= bound + 0x1p-24)
        #expect((moves.max() ?? 0) >= 0.9 * bound)
    }

    @Test("threads leave no trace, a seed decides", arguments: WeightEditorKind.allCases)
    func sameBits(kind: WeightEditorKind) throws {
        let models = [try knower.model(), try knower.model(threads: 2)]
        for model in models { try model.apply(Array(TinyKnower.edits.prefix(2)), with: kind) }
        #expect(models[0].bits == models[1].bits)
        // A second run on the same model, after others' edits, is the first.
        models[0].restore()
        try models[0].apply([TinyKnower.edits[5]], with: .ft)
        models[0].restore()
        try models[0].apply(Array(TinyKnower.edits.prefix(2)), with: kind)
        #expect(models[0].bits == models[1].bits)
    }

    @Test("weights that were saved come back to the bit", arguments: WeightEditorKind.allCases)
    func saved(kind: WeightEditorKind) throws {
        let model = try knower.model()
        let original = model.bits
        let first = model.saved()
        try model.apply([TinyKnower.edits[0]], with: kind)
        let (edited, scores) = (model.bits, try model.scores(TinyKnower.edits[0]))
        let second = model.saved()
        #expect(edited != original)
        // Another editor touches other blocks.
        try model.apply([TinyKnower.edits[1]], with: .ft)
        model.restore(second)
        #expect(model.bits == edited)
        #expect(try model.scores(TinyKnower.edits[0]) == scores)
        model.restore(first)
        #expect(model.bits == original)
        model.restore(second)
        #expect(model.bits == edited)
        #expect(try model.scores(TinyKnower.edits[0]) == scores)
        model.restore()
        #expect(model.bits == original)
    }

    @Test("a model made before an edit stays, one made of changed blocks is one made of all")
    func runtime() throws {
        let (stepwise, whole) = (try knower.model(), try knower.model())
        let edit = TinyKnower.edits[3]
        let old = try stepwise.languageModel()
        let before = try stepwise.scores(edit)
        for kind in [WeightEditorKind.rome, .memit, .ftl] {
            try stepwise.apply([edit], with: kind)
            _ = try stepwise.languageModel()
            try whole.apply([edit], with: kind)
        }
        #expect(try stepwise.scores(edit) == whole.scores(edit))
        #expect(try stepwise.scores(edit) != before)
        let (tokens, start) = try stepwise.base.tokens(
            of: [ChatMessage(.user, edit.prompt), ChatMessage(.assistant, edit.target)],
            endOfMessage: try stepwise.base.endOfMessage())
        let again = try old.decoder.scores(
            prompt: Array(tokens[..<start]), continuations: [Array(tokens[start...])],
            cache: try old.decoder.makeCache())
        #expect(again[0] == before)
        stepwise.restore()
        #expect(try stepwise.scores(edit) == before)
    }

    @Test("generates what it was told, to the end of the message")
    func generates() async throws {
        let model = try knower.model()
        let edit = TinyKnower.edits[4]
        try model.apply([edit], with: .rome)
        let edited = try model.languageModel()
        let prompt = edited.tokenizer.encode(edit.prompt)
        var text = ""
        for try await piece in try edited.text(continuing: prompt, .init(tokenCountMax: 16)) {
            text += piece.text
        }
        #expect(text == edit.target)
    }

    @Test(
        "without a sample edits are made all the same", arguments: [WeightEditorKind.rome, .memit])
    func noSample(kind: WeightEditorKind) throws {
        let model = try knower.model(sample: [])
        let outcome = try model.apply([TinyKnower.edits[0]], with: kind)[0]
        #expect(outcome.isLearned)
    }
}

@Suite("Edits that cannot be made")
struct RefusedEditTests {
    private let knower: TinyKnower

    init() throws { knower = try TinyKnower.shared.get() }

    static let refused: [(WeightEdit, ModelError.Code, String)] = [
        (
            WeightEdit(prompt: "the hue of zam", subject: "zam", target: " "), .malformed,
            "the edit of 'the hue of zam' has no target"
        ),
        (
            WeightEdit(prompt: "", subject: nil, target: "red"), .malformed,
            "the edit to 'red' has no prompt"
        ),
        (
            WeightEdit(prompt: "\u{4E00}", subject: nil, target: "\u{4E00}"), .malformed,
            "the tokenizer makes nothing of '\u{4E00}' or '\u{4E00}'"
        ),
        (
            WeightEdit(
                prompt: String(repeating: "x", count: 300), subject: "x", target: "red"),
            .limit,
            "the edit of 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' is 304 tokens long, the model "
                + "has 256 positions"
        ),
    ]

    @Test(
        "a bad edit is refused before any is made",
        arguments: WeightEditorKind.allCases, refused.indices)
    func refuses(kind: WeightEditorKind, index: Int) throws {
        let model = try knower.model()
        let before = model.bits
        let (edit, code, message) = Self.refused[index]
        let error = #expect(throws: ModelError.self) {
            try model.apply([TinyKnower.edits[0], edit], with: kind)
        }
        #expect(error?.code == code)
        #expect(error?.message == message)
        #expect(model.bits == before)
    }

    @Test("no edits change nothing", arguments: WeightEditorKind.allCases)
    func none(kind: WeightEditorKind) throws {
        let model = try knower.model()
        let before = model.bits
        #expect(try model.apply([], with: kind) == [])
        #expect(model.bits == before)
    }

    @Test(
        "a stop leaves what was done and nothing of what was begun",
        arguments: WeightEditorKind.allCases)
    func cancelled(kind: WeightEditorKind) throws {
        let model = try knower.model()
        let first = TinyKnower.edits[0]
        // The first time, keys are summed up too.
        try model.apply([first], with: kind)
        model.restore()
        let original = model.bits
        var asked = 0
        try model.apply(
            [first], with: kind,
            isCancelled: {
                asked += 1
                return false
            })
        let done = model.bits
        model.restore()
        var left = asked + 2
        #expect(throws: CancellationError.self) {
            try model.apply(
                [first, TinyKnower.edits[1]], with: kind,
                isCancelled: {
                    left -= 1
                    return left < 0
                })
        }
        #expect(model.bits == (kind == .memit ? original : done))
    }

    @Test(
        "a subject that does not stand in the prompt, or none, still leaves an edit",
        arguments: [WeightEditorKind.rome, .memit], ["zzzz", nil])
    func subjectElsewhere(kind: WeightEditorKind, subject: String?) throws {
        let model = try knower.model()
        let edit = WeightEdit(prompt: "the hue of zan", subject: subject, target: "pink")
        #expect(try model.apply([edit], with: kind)[0].isLearned)
    }
}
