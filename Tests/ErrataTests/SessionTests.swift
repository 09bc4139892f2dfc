import ErrataAPI
import ErrataClient
import ErrataTesting
import Foundation
import Testing

@Suite("a session on the command line")
struct SessionTests {
    /// Runs lines of arguments and returns what a terminal would show, ids and times made equal.
    private func transcript(
        _ daemon: DaemonProcess, _ lines: [[String]], input: String = ""
    ) async throws -> String {
        var text = ""
        for arguments in lines {
            let output = try await CommandLineTool.run(
                arguments, environment: daemon.environment, input: input)
            text += "$ errata \(arguments.joined(separator: " "))\n"
            text += output.stdout
            for line in output.stderr.split(separator: "\n") { text += "| \(line)\n" }
            if output.status != 0 { text += "= \(output.status)\n" }
        }
        return text.masked
    }

    private func run(_ body: (DaemonProcess) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess(
            data: directory.file("data"), socket: directory.file("s"))
        do { try await body(daemon) } catch {
            try await daemon.kill()
            throw error
        }
        #expect(try await daemon.terminate() == 0)
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))
    }

    @Test("commit, correct, look, revert and roll back read as they should")
    func corrections() async throws {
        try await run { daemon in
            let fact = "Twitter|chief executive"
            let text = try await transcript(
                daemon,
                [
                    ["commit", "-m", "first", "--author", "ada", "--set", fact + "|Elon Musk"],
                    [
                        "commit", "-m", "second", "--author", "ada", "--set",
                        fact + "|Linda Yaccarino",
                    ],
                    ["commit", "-m", "again", "--set", fact + "|Linda Yaccarino"],
                    ["log"],
                    ["diff", "main~1", "main"],
                    ["history", fact],
                    ["blame", fact],
                    ["blame", fact, "--at", "main~1"],
                    ["facts"],
                    ["revert", "main"],
                    ["rollback", "main", "main~2"],
                    ["rollback", "main", "main"],
                    ["show", "main"],
                    ["tag", "v1", "-m", "checked"],
                    ["tag"],
                    ["branch", "draft"],
                    ["branch"],
                    ["branch", "-d", "draft"],
                    ["commit", "-m", "gone", "--retract", fact, "--expect", "v1"],
                    ["commit", "-m", "gone", "--retract", fact, "--expect", "v1"],
                    ["show", "nosuch"],
                    ["verify"],
                ])
            #expect(text == Self.corrections)
        }
    }

    @Test("lists of commits and operations are narrowed, drawn and asked with SQL")
    func audits() async throws {
        try await run { daemon in
            let bob = "SELECT author FROM commits WHERE author = '=Bob'"
            let text = try await transcript(
                daemon,
                [
                    ["commit", "-m", "one", "--author", "Ada", "--set", "A|b|1"],
                    ["branch", "draft"],
                    ["commit", "-m", "two", "--author", "Ada", "--set", "A|b|2"],
                    [
                        "commit", "-m", "rumour", "--author", "=Bob", "-b", "draft", "--set",
                        "C|d|3",
                    ],
                    ["tag", "v1"],
                    ["log", "--graph", "--all", "-n", "3"],
                    ["log", "--graph", "--ascii", "--all", "-n", "3"],
                    ["log", "--all", "--subject", "c"],
                    ["log", "--author", "Ada", "--grep", "TWO"],
                    ["log", "--graph", "--author", "Ada"],
                    ["log", "--graph", "--json"],
                    [
                        "audit", "--sql",
                        "SELECT type, count(*) AS n FROM operations GROUP BY type",
                    ],
                    [
                        "audit", "--sql",
                        "SELECT author, message FROM commits WHERE author = '=Bob'", "--csv",
                    ],
                    ["audit", "--sql", bob, "--csv", "--raw"],
                    [
                        "audit", "--sql",
                        "SELECT message AS m, 1 AS n FROM commits WHERE sequence = 2", "--json",
                    ],
                    ["audit", "--sql", "DROP TABLE operations"],
                    ["audit", "--sql", "SELECT 1 AS a UNION SELECT 2", "-n", "1"],
                ])
            #expect(text == Self.audits)
        }
    }

    @Test("merge, choose, pick and undo read as they should")
    func merging() async throws {
        try await run { daemon in
            let fact = "Twitter|CEO"
            let text = try await transcript(
                daemon,
                [
                    ["commit", "-m", "first", "--author", "ada", "--set", fact + "|Elon Musk"],
                    ["branch", "draft"],
                    [
                        "commit", "-m", "theirs", "--author", "grace", "-b", "draft", "--set",
                        fact + "|Linda Yaccarino",
                    ],
                    [
                        "commit", "-m", "ours", "--author", "ada", "--set",
                        fact + "|Jack Dorsey",
                    ],
                    ["merge", "draft", "--ff-only"],
                    ["merge", "draft", "--refuse-conflicts"],
                    ["merge", "draft", "--author", "ada"],
                    ["merge", "draft"],
                    ["conflicts"],
                    ["facts"],
                    ["show", "main"],
                    ["blame", fact],
                    ["resolve", fact, "--theirs", "--author", "eve"],
                    ["blame", fact],
                    ["resolve", fact, "--ours"],
                    ["undo"],
                    ["resolve", fact, "--value", "Parag Agrawal"],
                    ["undo"],
                    ["undo"],
                    ["undo", "@1"],
                    ["revert", "--by", "grace", "--dry-run"],
                    ["revert", "--by", "ada", "--dry-run"],
                    ["revert", "--by", "nobody"],
                    ["cherry-pick", "draft"],
                    ["diff", "main~1", "main"],
                ])
            #expect(text == Self.merges)
        }
    }

    @Test("a redaction is asked about, and every list says who took the text away")
    func redaction() async throws {
        try await run { daemon in
            let fact = "Ada|address"
            let text = try await transcript(
                daemon,
                [
                    ["commit", "-m", "first", "--author", "ada", "--set", fact + "|12 St James"],
                    ["commit", "-m", "second", "--author", "ada", "--set", fact + "|Ockham Park"],
                    ["redact", fact, "--reason", "asked for it"],
                    [
                        "redact", fact, "--reason", "wrong house", "--at", "main~1", "--yes",
                        "--author", "eve",
                    ],
                    ["history", fact],
                    ["redact", fact, "--reason", "asked for it", "--yes", "--author", "eve"],
                    ["redact", fact, "--reason", "again", "--yes"],
                    ["facts"],
                    ["history", fact],
                    ["blame", fact],
                    ["export"],
                    ["commit", "-m", "gone", "--author", "ada", "--retract", fact],
                    ["show", "main"],
                    ["verify"],
                ])
            #expect(text == Self.redactions)
        }
    }

    @Test("edits come from a file or standard input, with bad lines named")
    func files() async throws {
        try await run { daemon in
            let input = """
                {"subject":"France","relation":"capital","object":"Paris"}

                {"op":"assert","fact":{"key":"a.b","statement":"A bar | in a text"}}
                """
            let text = try await transcript(
                daemon,
                [
                    ["commit", "-m", "from a pipe", "-"],
                    ["import", "-", "--dry-run"],
                    ["import", "-"],
                    ["commit", "-m", "escaped", "--set", "a\\|b|is|c\\\\d"],
                    ["facts", "--subject", "A|B"],
                ], input: input)
            #expect(text == Self.files)
            let export = try await CommandLineTool.run(
                ["export"], environment: daemon.environment)
            // In the order of ids, which are the store's own.
            #expect(
                export.stdout.split(separator: "\n").contains(
                    "{\"key\":\"a.b\",\"statement\":\"A bar | in a text\"}"))
            #expect(export.stdout.split(separator: "\n").count == 3)
            let bad = try await transcript(
                daemon, [["commit", "-m", "x", "-"]],
                input: "{\"statement\":\"fine\"}\n{\"statment\":\"x\"}\n")
            #expect(
                bad.contains("| Error: standard input line 2: 'statment' is not a known field\n"))
        }
    }

    @Test("an ask writes the answer to standard output and what is behind it to standard error")
    func ask() async throws {
        try await run { daemon in
            _ = try await transcript(
                daemon, [["commit", "-m", "first", "--set", "France|capital|Paris"]])
            let output = try await CommandLineTool.run(
                ["ask", "Who was the first to fly to the moon?"],
                environment: daemon.environment)
            #expect(output.stdout == "No fact at main answers this.\n")
            #expect(output.stderr.masked.contains("receipt <id>"))
            #expect(output.status == 0)
            let json = try await CommandLineTool.run(
                ["ask", "The capital of France is", "--json"], environment: daemon.environment)
            let reply = try JSONSerialization.jsonObject(with: Data(json.stdout.utf8))
            let fields = try #require(reply as? [String: Any])
            #expect(
                Set(fields.keys) == [
                    "answer", "confidence", "conflicts", "disagree", "facts", "path", "refused",
                    "truncated", "strictness", "model", "commit", "operation", "receipt",
                    "answerer", "timings",
                ])
            #expect(json.stderr.isEmpty)
        }
    }

    @Test("an ask names its model, says which facts disagree, and what is nearest to an answer")
    func answers() async throws {
        try await run { daemon in
            let input = #"""
                {"key":"a","subject":"Elbe","relation":"length","object":"1,094 km"}
                {"key":"b","subject":"Elbe","relation":"length","object":"1,112 km","prompt":"The length of the river Elbe is"}
                """#
            let text = try await transcript(
                daemon,
                [
                    ["commit", "-m", "two sources", "-"],
                    ["ask", "The length of Elbe is"],
                    ["ask", "The length of Elbe is", "--strict", "--model", "lookup"],
                    ["ask", "How deep is the Elbe?"],
                    ["ask", "The length of Elbe is", "--model", "gpt"],
                    ["models", "answerers"],
                ], input: input)
            #expect(text == Self.answers)
        }
    }

    @Test("every command that talks to the daemon has --json")
    func json() async throws {
        try await run { daemon in
            let fact = "France|capital"
            let lines = [
                ["commit", "-m", "first", "--set", "France|capital|Paris"], ["status"], ["log"],
                ["show", "main"], ["diff", "main~1", "main"], ["facts"], ["history", fact],
                ["blame", fact], ["search", "capital"], ["audit"],
                ["ask", "capital", "--lenient"], ["models", "answerers"], ["verify"],
                ["index", "status"],
                ["branch"], ["branch", "b"], ["branch", "-d", "b"], ["tag"], ["tag", "t"],
                ["revert", "main"], ["rollback", "main", "main~1"], ["undo"], ["tag", "-d", "t"],
                ["branch", "b"],
                ["commit", "-m", "theirs", "--set", "France|capital|P", "-b", "b"],
                ["commit", "-m", "ours", "--set", "France|capital|Q"], ["merge", "b"],
                ["conflicts"], ["resolve", fact, "--ours"], ["cherry-pick", "b"],
                ["blame", fact, "--fields"], ["revert", "main", "--dry-run"],
                ["policy"], ["policy", "protect", "main"], ["policy", "unprotect", "main"],
                ["policy", "log"], ["redact", fact, "--reason", "r", "--yes"],
            ]
            for arguments in lines {
                let output = try await CommandLineTool.run(
                    arguments + ["--json"], environment: daemon.environment)
                #expect(output.status == 0, "\(arguments): \(output.stderr)")
                #expect(output.stderr.isEmpty, "\(arguments)")
                let value = try? JSONSerialization.jsonObject(with: Data(output.stdout.utf8))
                #expect(value is [String: Any], "\(arguments)")
            }
        }
    }

    @Test("a second daemon on the same data or socket is refused")
    func secondDaemon() async throws {
        try await run { daemon in
            let data = try await CommandLineTool.run([
                "serve", "--no-models", "--data", daemon.data, "--socket", daemon.socket + "2",
            ])
            #expect(data.status == 1)
            #expect(data.stderr.hasPrefix("Error: "))
            let socket = try await CommandLineTool.run([
                "serve", "--no-models", "--data", daemon.data + "2", "--socket", daemon.socket,
            ])
            #expect(socket.status == 1)
            #expect(socket.stderr.hasPrefix("Error: another daemon holds"))
        }
    }

    @Test("a body of 100 MB is refused without the daemon growing by it")
    func largeBody() async throws {
        try await run { daemon in
            let problem = try await offPool {
                let client = Client(socketPath: daemon.socket)
                _ = try client.get("/v1/status", as: StatusReply.self)
                let before = daemon.peakKilobytes
                let bytes = [UInt8](repeating: UInt8(ascii: " "), count: 100 << 20)
                let problem = try #require(throws: Problem.self) {
                    _ = try client.send(
                        Request(method: "POST", path: "/v1/commits", body: .json(bytes)),
                        as: CommitReply.self)
                }
                #expect(before > 0)
                #expect(daemon.peakKilobytes - before < 40_000)
                return problem
            }
            #expect(problem.code == "body_too_large")
            let file = daemon.socket + ".big"
            #expect(FileManager.default.createFile(atPath: file, contents: nil))
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
            try handle.truncate(atOffset: 100 << 20)
            try handle.close()
            let output = try await CommandLineTool.run(
                ["commit", "-m", "x", "--file", file], environment: daemon.environment)
            #expect(output.status == 1)
            #expect(output.stderr.contains("more than 8.4 MB"))
        }
    }
}

extension String {
    /// The text with ids, times, durations and user ids replaced.
    var masked: String {
        var text = self
        for (pattern, mask) in [
            ("[0-9a-f]{64}", "<hash>"), ("\\b[0-9a-f]{32}\\b", "<fact>"),
            ("\\b[0-9a-f]{12}\\b", "<id>"),
            ("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "<time>"),
            ("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d", "<time>"),
            ("\\b[0-9a-f]{8}\\b", "<id>"), ("\\d{4}-\\d\\d-\\d\\d", "<day>"),
            ("[0-9.]+ ms", "<ms>"), ("\\S+ \\(uid \\d+\\)", "<user>"), ("uid \\d+", "uid <n>"),
            ("<time>  (uid <n>|\\S+) +\\(no message\\)", "<time>  <me>  (no message)"),
        ] {
            guard let regex = try? Regex(pattern) else { continue }
            text.replace(regex, with: mask)
        }
        return text
    }
}
