import Foundation
import Glibc
import Testing

@Suite("training language models on the command line")
struct AlignTrainTests {
    /// Calls `body` with a directory that holds a tiny language model, `llama`, and chats, `chats.jsonl`.
    private func withModel(_ body: (String) async throws -> Void) async throws {
        try await TinyLlama.inDirectory(firstToken: 3) { directory in
            let lines = (0..<12).map { i in
                let question = String(repeating: "a", count: 1 + i % 4) + "b"
                return "{\"messages\":[{\"role\":\"user\",\"content\":\"\(question)\"},"
                    + "{\"role\":\"assistant\",\"content\":\"\(i.isMultiple(of: 2) ? "c" : "cc")\"}]}\n"
            }
            try Data(lines.joined().utf8).write(to: directory.appending(path: "chats.jsonl"))
            try await body(directory.path)
        }
    }

    private func arguments(
        _ directory: String, batch: Int = 4, _ more: String...
    ) -> [String] {
        [
            "align", "train", "--model", directory + "/llama", "--data",
            directory + "/chats.jsonl", "--threads", "1", "--batch", String(batch), "--length",
            "32",
        ] + more
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test("all weights are trained into a directory that generates, and judged on the way")
    func full() async throws {
        try await withModel { directory in
            let out = directory + "/out"
            let command = arguments(
                directory, "--out", out, "--rate", "0.01", "--development",
                directory + "/chats.jsonl", "--json", "--checkpoint-every", "4")
            let trained = try await CommandLineTool.run(command)
            #expect(trained.status == 0, "\(trained.stderr)")
            let records = try trained.stdout.split(separator: "\n").map {
                try #require(
                    JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(records.map { $0["step"] as? Int } == [0, 4, 8, 9])
            #expect(records.allSatisfy { $0["steps"] as? Int == 9 })
            let losses = records.compactMap { $0["developmentLoss"] as? Double }
            #expect(losses.count == 4 && losses[3] < losses[0])
            for name in [
                "config.json", "model.safetensors", "tokenizer.json", "README.md",
                "training/checkpoint.safetensors", "training/losses.csv",
            ] {
                #expect(exists(out + "/" + name), "\(name)")
            }
            let text = try await CommandLineTool.run(["generate", "--model", out, "aab"])
            #expect(text.status == 0)
            let again = try await CommandLineTool.run(command)
            #expect(again.status == 1)
            #expect(again.stderr.contains("out/model.safetensors is there already"))
            let resumed = try await CommandLineTool.run(command + ["--resume"])
            #expect(resumed.status == 0, "\(resumed.stderr)")
        }
    }

    @Test("an adapter and its model say what the merged model says")
    func lora() async throws {
        try await withModel { directory in
            let (out, merged) = (directory + "/adapter", directory + "/merged")
            let trained = try await CommandLineTool.run(
                arguments(
                    directory, "--out", out, "--lora", "--rate", "0.05", "--rank", "4",
                    "--targets", "q_proj,v_proj,down_proj"))
            #expect(trained.status == 0, "\(trained.stderr)")
            #expect(trained.stdout.contains("step 9 of 9  loss "))
            #expect(trained.stdout.contains("an adapter for PEFT"))
            #expect(!exists(out + "/model.safetensors"))
            let exported = try await CommandLineTool.run([
                "align", "export", "--model", directory + "/llama", "--adapter", out, "--out",
                merged,
            ])
            #expect(exported.status == 0, "\(exported.stderr)")
            let generate = ["generate", "--max-tokens", "8", "aab", "--model"]
            let apart = try await CommandLineTool.run(
                generate + [directory + "/llama", "--adapter", out])
            #expect(apart.status == 0)
            #expect(try await CommandLineTool.run(generate + [merged]) == apart)
            let again = try await CommandLineTool.run([
                "align", "export", "--model", directory + "/llama", "--adapter", out, "--out",
                merged,
            ])
            #expect(again.status == 1)
            #expect(again.stderr.contains("merged' exists already"))
        }
    }

    @Test("Ctrl-C saves, and the training goes on from there")
    func interrupted() async throws {
        try await withModel { directory in
            let out = directory + "/out"
            var steps: [Int] = []
            for resumes in [false, true] {
                let process = Process()
                process.executableURL = CommandLineTool.executable
                // More steps than are done before the signal comes, and few lines: nobody reads all of them, and
                // a full pipe would stop the process.
                let data = ["--data", directory + "/chats.jsonl"]
                process.arguments =
                    arguments(
                        directory, batch: 1, "--out", out, "--lora", "--epochs", "1000", "--json",
                        "--checkpoint-every", "500")
                    + Array(repeating: data, count: 11).flatMap(\.self)
                    + (resumes ? ["--resume"] : [])
                process.environment = CommandLineTool.clean([:])
                let (output, errors) = (Pipe(), Pipe())
                (process.standardOutput, process.standardError) = (output, errors)
                try process.run()
                let said = try await offPool {
                    var text = ""
                    while !text.contains(#/"step":[1-9]/#) {
                        let data = output.fileHandleForReading.availableData
                        if data.isEmpty { break }
                        text += String(decoding: data, as: UTF8.self)
                    }
                    return text
                }
                #expect(said.contains(#/"step":[1-9]/#))
                kill(process.processIdentifier, SIGINT)
                let text = String(
                    decoding: errors.fileHandleForReading.readAll(), as: UTF8.self)
                process.waitUntilExit()
                #expect(process.terminationStatus == 130)
                let step = try #require(text.firstMatch(of: #/Stopped after step ([0-9,]+);/#))
                steps.append(
                    try #require(Int(step.1.replacingOccurrences(of: ",", with: ""))))
                #expect(!exists(out + "/adapter_model.safetensors"))
            }
            #expect(steps[1] > steps[0])
        }
    }

    @Test("what cannot be trained is refused before anything is written")
    func refusals() async throws {
        try await withModel { directory in
            let bad = directory + "/bad.jsonl"
            try Data("{\"messages\":[]}\n".utf8).write(to: URL(filePath: bad))
            let out = directory + "/out"
            for (command, status, message) in [
                (
                    arguments(directory, "--out", out, "--data", bad), Int32(1),
                    "bad.jsonl, line 1: there is no message of the assistant"
                ),
                (arguments(directory, "--out", directory + "/llama"), 1, "own directory"),
                (
                    ["align", "train", "--model", "/none", "--data", bad, "--out", out], 1,
                    "cannot read /none/tokenizer.json"
                ),
                (arguments(directory, "--out", out, "--length", "1024"), 1, "512 positions"),
                (arguments(directory, "--out", out, "--recipe", bad), 64, "give one"),
                (arguments(directory, "--out", out, "--rank", "2"), 64, "go with --lora"),
                (
                    arguments(directory, "--out", out, "--lora", "--targets", "x"), 64,
                    "--targets takes some of: q_proj"
                ),
                (arguments(directory, "--out", out, "--batch", "0"), 64, "--batch takes"),
                (["align", "train", "--out", out], 64, "say what to train"),
            ] {
                let output = try await CommandLineTool.run(command)
                #expect(output.status == status, "\(command)")
                #expect(output.stderr.contains(message), "\(output.stderr)")
                #expect(!exists(out))
            }
        }
    }
}
