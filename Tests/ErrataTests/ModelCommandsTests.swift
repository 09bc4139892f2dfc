import Foundation
import Testing

@Suite("commands for local models")
struct ModelCommandsTests {
    /// Calls `body` with a directory that holds a tiny language model, `llama`.
    private func withModel(_ body: (String) async throws -> Void) async throws {
        try await TinyLlama.inDirectory { try await body($0.path) }
    }

    /// Takes what depends on the machine out of a text.
    private func stable(_ text: String, _ directory: String) -> String {
        text.replacingOccurrences(of: directory, with: "DIR")
            .replacing(#/[0-9.]+ m?s/#, with: "TIME")
    }

    @Test("a model is written in 8 bits, described, and continues texts as it does with --int8")
    func quantize() async throws {
        try await withModel { directory in
            let (source, target) = (directory + "/llama", directory + "/small")
            let written = try await CommandLineTool.run([
                "models", "quantize", source, "--to", target,
            ])
            #expect(written.stderr == "")
            #expect(
                stable(written.stdout, directory) == """
                    Wrote DIR/small in TIME
                      33.7 kB of weights, 28% of the original's 119.4 kB
                      loads in TIME

                    """)
            let info = try await CommandLineTool.run(["models", "info", target])
            let lines = info.stdout.split(separator: "\n").map(String.init)
            #expect(lines.first == "small  decoder, LlamaForCausalLM")
            #expect(
                Array(lines.dropFirst().dropLast()) == [
                    "  parameters     29,856",
                    "  layers         2 of width 32, 4 heads",
                    "  weights        U8 29.7 kB, F32 4.0 kB",
                    "  quantization   int8-panels",
                    "  context        512 tokens",
                    "  tokenizer      BPE, 3 tokens",
                    "  chat template  none",
                ])
            let generate = ["generate", "--max-tokens", "20", "abc", "--model"]
            let text = try await CommandLineTool.run(generate + [target])
            #expect(try await CommandLineTool.run(generate + [source, "--int8"]) == text)
            #expect(text.status == 0)
        }
    }

    @Test("the identity is 64 digits that follow 8 bits and adapters")
    func identity() async throws {
        struct Facts: Decodable {
            let identity: String
        }
        try await withModel { directory in
            let adapter = TinyLlama.fixture.path + "-lora"
            var seen: Set<String> = []
            for options in [[], ["--int8"], ["--adapter", adapter]] {
                let info = try await CommandLineTool.run(
                    ["models", "info", directory + "/llama", "--json"] + options)
                let facts = try JSONDecoder().decode(Facts.self, from: Data(info.stdout.utf8))
                #expect(facts.identity.count == 64)
                #expect(seen.insert(facts.identity).inserted)
            }
        }
    }

    @Test("what is there already, or is no model, is refused with a hint")
    func refusals() async throws {
        try await withModel { directory in
            let again = try await CommandLineTool.run([
                "models", "quantize", directory + "/llama", "--to", directory + "/llama",
            ])
            #expect(again.status == 1)
            #expect(
                stable(again.stderr, directory) == """
                    Error: 'DIR/llama' exists already
                    Hint: Name a directory that does not.

                    """)
            let none = try await CommandLineTool.run(
                ["models", "info", "nothing"], environment: ["XDG_DATA_HOME": directory])
            #expect(none.status == 1)
            #expect(
                none.stderr == """
                    Error: there is no directory 'nothing' and no installed model of that name
                    Hint: 'errata models list' tells what is installed.

                    """)
        }
    }
}
