import ErrataAPI
import ErrataTesting
import Foundation
import Glibc
import Testing

@Suite("a session with a language model")
struct LanguageModelSessionTests {
    private func withDaemon(
        _ body: (TemporaryDirectory, DaemonProcess) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess(
            data: directory.file("data"), socket: directory.file("s"),
            options: ["--model-memory", "64M"])
        do {
            try await body(directory, daemon)
            #expect(try await daemon.terminate() == 0)
        } catch {
            try? await daemon.kill()
            throw error
        }
    }

    private func errata(
        _ daemon: DaemonProcess, _ arguments: String...
    ) async throws -> CommandLineTool.Output {
        try await CommandLineTool.run(arguments, environment: daemon.environment)
    }

    @Test(
        "adds it, has it answer from the facts or by itself, sees it in the lists, and removes it")
    func session() async throws {
        try await withDaemon { directory, daemon in
            let tiny = try TinyModel(in: directory)
            _ = try await errata(daemon, "commit", "-m", "f", "--set", "France|capital|Paris")
            let added = try await errata(daemon, "models", "add", "tiny", tiny.directory, "--int8")
            #expect(added.stdout.hasPrefix("Added tiny, "))
            #expect(added.stderr == "Hint: errata ask --model tiny QUESTION\n")

            let question = "The capital of France is"
            let asked = try await errata(
                daemon, "ask", "--model", "tiny", "--max-tokens", "8", question)
            #expect(asked.status == 0)
            #expect(!asked.stdout.dropLast().isEmpty)
            #expect(asked.stderr.contains("  The capital of France is Paris\n"))
            #expect(asked.stderr.contains("  errata  by tiny.errata  "))
            let json = try await errata(
                daemon, "ask", "--model", "tiny", "--max-tokens", "8", "--json", question)
            let reply = try JSONDecoder().decode(AskReply.self, from: Data(json.stdout.utf8))
            #expect(asked.stdout == "\(try #require(reply.answer))\n")

            let alone = try await errata(
                daemon, "ask", "--model", "tiny", "--max-tokens", "8", "How tall is a giraffe?")
            #expect(alone.stderr.contains("No fact was used: the model answers by itself.\n"))
            #expect(alone.stderr.contains("  model  by tiny.errata  "))

            let list = try await errata(daemon, "models", "list")
            #expect(list.stdout.contains("tiny     \(tiny.directory)  checkpoint, int8, "))
            let status = try await errata(daemon, "status")
            #expect(status.stdout.contains("models    2 language models, 1 loaded ("))
            #expect(status.stdout.contains(" of 67.1 MB); 0 answers running, 0 waiting; 24 tokens"))
            let removed = try await errata(daemon, "models", "remove", "tiny")
            #expect(removed.stdout == "Removed tiny\n")
            let gone = try await errata(daemon, "ask", "--model", "tiny", question)
            #expect(gone.status == 1)
            #expect(gone.stderr.hasPrefix("Error: no model here is called 'tiny'\n"))
        }
    }

    @Test("refuses on the command line what cannot be meant")
    func usage() async throws {
        for arguments in [
            ["models", "add", "a", "http://h", "--int8"],
            ["models", "add", "a", "unix:/s", "--adapter", "/d"],
            ["models", "add", "a", "/d", "--key-file", "/k"],
            ["models", "add", "a", "http://h", "--key-file", "/k", "--key-env", "K"],
            ["ask", "--seed", "1", "Who?"], ["serve", "--model-memory", "0G"],
            ["serve", "--model-memory", "9999999999T"],
        ] {
            let output = try await CommandLineTool.run(arguments)
            #expect(output.status == 64, "\(arguments)")
        }
    }

    @Test("ends the text when the command ends before it")
    func interrupt() async throws {
        let server = try ScriptedServer([[.events, .piece("It"), .holdUntilHangUp]])
        defer { server.stop() }
        try await withDaemon { _, daemon in
            _ = try await errata(daemon, "models", "add", "far", server.address)
            let ask = try await offPool { [environment = daemon.environment] in
                let ask = Process()
                ask.executableURL = CommandLineTool.executable
                ask.arguments = ["ask", "--model", "far", "Why?"]
                ask.environment = CommandLineTool.clean(environment)
                ask.standardOutput = FileHandle.nullDevice
                ask.standardError = FileHandle.nullDevice
                try ask.run()
                return ask
            }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            // Ctrl-C does the same, but a process that a test starts has its mask of signals.
            kill(ask.processIdentifier, SIGKILL)
            try await offPool { ask.waitUntilExit() }
            while server.hangUpCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
            let status = try await errata(daemon, "status")
            #expect(status.status == 0)
        }
    }
}
