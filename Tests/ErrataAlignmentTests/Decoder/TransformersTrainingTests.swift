import ErrataAlignment
import ErrataModels
import Foundation
import Testing

/// A Python that has transformers, peft and torch: $ERRATA_TRANSFORMERS_PYTHON.
private let python: String? = {
    let path = ProcessInfo.processInfo.environment["ERRATA_TRANSFORMERS_PYTHON"] ?? ""
    guard path.isEmpty else { return path }
    print(
        """
        SKIPPED: the suite "Trained decoders in transformers and peft" needs a Python with them: \
        pip install transformers peft torch, and ERRATA_TRANSFORMERS_PYTHON=…/python
        """)
    return nil
}()

@Suite(
    "Trained decoders in transformers and peft", .serialized,
    .enabled(if: python != nil, "set ERRATA_TRANSFORMERS_PYTHON to a Python that has them"))
struct TransformersTrainingTests {
    /// Prints the logits of a prompt, one token a line; with a base, the directory is an adapter of it.
    private static let script = """
        import sys, torch, transformers
        directory, base, ids = sys.argv[1], sys.argv[2], [int(i) for i in sys.argv[3].split(",")]
        model = transformers.AutoModelForCausalLM.from_pretrained(
            base or directory, dtype=torch.float32, attn_implementation="eager")
        if base:
            import peft
            model = peft.PeftModel.from_pretrained(model, directory)
        assert transformers.AutoTokenizer.from_pretrained(base or directory)("who").input_ids
        with torch.no_grad():
            for row in model.eval()(torch.tensor([ids])).logits[0]:
                print(" ".join(str(x) for x in row.tolist()))
        """

    @Test(
        "transformers and peft load what training wrote, and give the same logits",
        arguments: ["llama", "mistral-window", "qwen2", "qwen2-window", "qwen3"],
        [DecoderMethod.full, .lora(LoraSettings(rank: 3, alpha: 5, isStabilized: true))])
    func sameLogits(name: String, method: DecoderMethod) throws {
        try withTemporaryDirectory { directory in
            let tiny = try TinyBase(name, in: directory)
            let base = try tiny.base()
            let recipe = DecoderRecipe(
                method: method, passCount: 4, batchCount: 6, tokenCountMax: 96, rate: 1e-2)
            let trainer = try DecoderTrainer(
                recipe, try TinyBase.examples(base), dataHash: [1], base: base,
                work: ParallelKernels(threads: 1))
            while !trainer.isFinished { _ = try trainer.step() }
            let out = directory + "/out"
            try FileManager.default.createDirectory(
                atPath: out, withIntermediateDirectories: true)
            try trainer.writeResult(to: out)
            let isFull = method == .full
            let prompt = try TinyBase.examples(base, count: 1)[0].tokens
            let theirs = try Self.logits(out, base: isFull ? "" : tiny.directory, prompt)
            let decoder = try CausalDecoder(
                directory: isFull ? out : tiny.directory, threads: 1,
                mergingAdapters: isFull ? [] : [out])
            var cache = try decoder.makeCache()
            let ours = try decoder.logits(prompt, &cache)
            try #require(theirs.count == ours.rows)
            for (row, expected) in theirs.enumerated() {
                let size = expected.reduce(0) { max($0, abs($1)) }
                let worst = zip(ours[row], expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(worst <= 1e-4 * size, "row \(row)")
            }
        }
    }

    private static func logits(
        _ directory: String, base: String, _ prompt: [Int32]
    ) throws -> [[Float]] {
        let process = Process()
        process.executableURL = URL(filePath: try #require(python))
        process.arguments = [
            "-c", script, directory, base, prompt.map(String.init).joined(separator: ","),
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["HF_HUB_OFFLINE": "1"]) { _, new in new }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(
            decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return text.split(separator: "\n").map { line in
            line.split(separator: " ").compactMap { Float($0) }
        }
    }
}
