import Foundation
import Testing

/// Evaluates without the encoder, which is not there for every test: lookup by words, the decoder of the program,
/// and a tiny random Llama.
@Suite("evaluations on the command line")
struct EvalCommandTests {
    private static let items = (0..<6).map { i in
        "{\"subject\": \"Person \(i)\", \"prompt\": \"The favourite colour of Person \(i) is\", "
            + "\"target\": \"\(["red", "green", "blue"][i % 3])\", \"locality\": {\"Other\": "
            + "[{\"prompt\": \"The birthplace of Person \(i) is\", \"answers\": [\"London\"]}]}}"
    }

    private func withItems(_ body: (_ directory: String, _ data: String) async throws -> Void)
        async throws
    {
        try await TinyLlama.inDirectory(firstToken: 3) { directory in
            let data = directory.appending(path: "items.jsonl")
            try Data(Self.items.joined(separator: "\n").utf8).write(to: data)
            try await body(directory.path, data.path)
        }
    }

    @Test("a run measures, is told as table, JSON and documents, goes on, and is compared")
    func run() async throws {
        try await withItems { directory, data in
            let out = directory + "/out"
            let command = [
                "eval", "run", "--data", data, "--no-models", "--method", "lookup,decoder,ice",
                "--model", directory + "/llama", "--setting", "single", "--setting", "sequential",
                "--max-tokens", "8", "--out", out,
            ]
            let first = try await CommandLineTool.run(command)
            #expect(first.status == 0, "\(first.stderr)")
            let lines = first.stdout.split(separator: "\n").map(String.init)
            #expect(lines.allSatisfy { $0.count <= 80 })
            #expect(lines.first == "items.jsonl: 6 items")
            #expect(lines.contains { $0.hasPrefix("sequential after 6 (6 items)") })
            let lookup = try #require(lines.first { $0.hasPrefix("  lookup") })
            #expect(lookup.contains(" n/a 100.0"))

            let again = try await CommandLineTool.run(command)
            #expect(again.status == 1)
            #expect(again.stderr.contains("holds a run already"))
            let resumed = try await CommandLineTool.run(command + ["--resume", "--json"])
            #expect(resumed.status == 0, "\(resumed.stderr)")
            let summary = try #require(
                try JSONSerialization.jsonObject(with: Data(resumed.stdout.utf8))
                    as? [String: Any])
            let scores = try #require(summary["scores"] as? [[String: Any]])
            #expect(scores.count == 3 * 4)

            let (html, markdown) = (directory + "/a.html", directory + "/a.md")
            let report = try await CommandLineTool.run([
                "eval", "report", out, "--data", data, "--html", html, "--markdown", markdown,
            ])
            #expect(report.status == 0, "\(report.stderr)")
            #expect(try String(contentsOfFile: html, encoding: .utf8).contains("</html>"))
            #expect(try String(contentsOfFile: markdown, encoding: .utf8).contains("| decoder |"))

            let compared = try await CommandLineTool.run([
                "eval", "compare", out, out, "--data", data,
            ])
            #expect(compared.status == 0, "\(compared.stderr)")
            #expect(compared.stdout.contains("success exact"))
            #expect(!compared.stdout.contains("*"))
            try Data("{}".utf8).write(to: URL(filePath: data))
            let other = try await CommandLineTool.run(["eval", "report", out, "--data", data])
            #expect(other.status == 1)
        }
    }

    @Test("distractors, keys and general questions are measured, and told in 80 columns")
    func ablations() async throws {
        try await withItems { directory, data in
            let general = directory + "/general.jsonl"
            try Data(
                "{\"question\": \"who wrote the iliad\", \"answer\": [\"Homer\"]}\n{\"instruction\": \"Write.\"}"
                    .utf8
            ).write(to: URL(filePath: general))
            let command = [
                "eval", "run", "--data", data, "--no-models", "--method",
                "lookup,decoder,decoder-lte,serac", "--model", directory + "/llama", "--setting",
                "distractors:2", "--setting", "distractors:3:after", "--general", general,
                "--max-tokens", "4",
            ]
            let run = try await CommandLineTool.run(command + ["--out", directory + "/all"])
            #expect(run.status == 0, "\(run.stderr)")
            let lines = run.stdout.split(separator: "\n").map(String.init)
            #expect(lines.allSatisfy { $0.count <= 80 })
            for line in [
                "distractors 2 mixed (6 items)", "distractors 3 after (6 items)",
                "general after 0 (2 questions)", "general after 6 (2 questions)",
            ] {
                #expect(lines.contains(line), "\(run.stdout)")
            }
            let decoder = try #require(lines.first { $0.hasPrefix("  decoder ") })
            #expect(decoder.contains("100.0"))
            let keyed = try await CommandLineTool.run(
                command + ["--key", "prompt", "--out", directory + "/keyed", "--json"])
            #expect(keyed.status == 0, "\(keyed.stderr)")
            #expect(keyed.stdout.contains("\"key\" : \"prompt\""))
            let only = try await CommandLineTool.run([
                "eval", "run", "--data", data, "--no-models", "--method", "lookup", "--setting",
                "general", "--general", general, "--out", directory + "/only",
            ])
            #expect(only.status == 0, "\(only.stderr)")
            #expect(only.stdout.split(separator: "\n").count == 7, "\(only.stdout)")
            let missing = try await CommandLineTool.run([
                "eval", "run", "--data", data, "--setting", "general", "--out", directory + "/only",
            ])
            #expect(missing.status == 64)
            #expect(missing.stderr.contains("--general"))
            for wrong in [["--key", "object"], ["--setting", "distractors:0"]] {
                let refused = try await CommandLineTool.run(
                    command + wrong + ["--out", directory + "/none"])
                #expect(refused.status == 64)
            }
        }
    }

    @Test("edits are timed, and what is missing is said")
    func speed() async throws {
        try await withItems { directory, data in
            let timed = try await CommandLineTool.run([
                "eval", "speed", "--data", data, "--no-models", "--method", "lookup", "--edits",
                "1,3", "--repeats", "2",
            ])
            #expect(timed.status == 0, "\(timed.stderr)")
            #expect(timed.stdout.split(separator: "\n").count == 3)
            #expect(timed.stdout.contains("2 of 2"))
            let few = try await CommandLineTool.run([
                "eval", "speed", "--data", data, "--no-models", "--method", "lookup", "--edits",
                "100",
            ])
            #expect(few.status == 1)
            #expect(few.stderr.contains("6 items"))
            // Of words that the tiny model's three letters spell.
            let spelled = directory + "/spelled.jsonl"
            try Data(
                (0..<3).map {
                    "{\"subject\": \"ab\($0)\", \"prompt\": \"abc ab\($0)\", \"target\": \"cab\"}"
                }.joined(separator: "\n").utf8
            ).write(to: URL(filePath: spelled))
            let editor = try await CommandLineTool.run([
                "eval", "speed", "--data", spelled, "--no-models", "--method", "ft-l", "--model",
                directory + "/llama", "--edits", "1,3", "--repeats", "1", "--max-tokens", "4",
            ])
            #expect(editor.status == 0, "\(editor.stderr)")
            let rows = editor.stdout.split(separator: "\n")
            #expect(rows.count == 3 && rows.allSatisfy { $0.count <= 80 }, "\(editor.stdout)")
            #expect(rows.last?.hasPrefix("ft-l                  3") == true, "\(editor.stdout)")
            #expect(rows.last?.hasSuffix("MiB") == true)
            for (method, word) in [("rome", "--model"), ("lte", "--aligned"), ("x", "no method")] {
                let refused = try await CommandLineTool.run([
                    "eval", "run", "--data", data, "--method", method, "--out",
                    directory + "/none", "--text", data,
                ])
                #expect(refused.status == 64)
                #expect(refused.stderr.contains(word), "\(refused.stderr)")
            }
        }
    }
}
