import ErrataTesting
import Foundation
import Testing

@Suite("the command line")
struct CommandLineTests {
    static let commands = [
        "serve", "status", "commit", "log", "show", "diff", "facts", "history", "blame", "branch",
        "tag", "merge", "conflicts", "resolve", "cherry-pick", "undo", "policy", "redact", "revert",
        "rollback", "ask", "search", "import", "export", "audit", "checkpoint", "proof", "verify",
        "index", "models", "demo", "backup", "restore", "du", "compact", "fsck",
        "generate",
    ]

    @Test("the help names every command and fits 80 columns")
    func help() async throws {
        let output = try await CommandLineTool.run(["--help"])
        #expect(output.status == 0)
        #expect(output.stderr.isEmpty)
        for command in Self.commands { #expect(output.stdout.contains("\n  \(command) ")) }
        for line in output.stdout.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }

    private static let policyCommands = [
        "show", "set", "grant", "revoke", "protect", "unprotect", "limit", "audit-reads",
        "multi-valued", "log",
    ]

    @Test("every command of the policy has help with an example", arguments: policyCommands)
    func policyHelp(command: String) async throws {
        let output = try await CommandLineTool.run(["policy", command, "--help"])
        #expect(output.status == 0)
        #expect(output.stdout.contains("USAGE: errata policy \(command)"))
        #expect(output.stdout.contains("errata policy \(command) ") || command == "set")
        let lines = output.stdout.split(separator: "\n").filter { !$0.hasPrefix("USAGE:") }
        for line in lines { #expect(line.count <= 80, "\(line)") }
    }

    @Test("every command has help with its options", arguments: commands)
    func commandHelp(command: String) async throws {
        let output = try await CommandLineTool.run([command, "--help"])
        #expect(output.status == 0)
        #expect(output.stdout.hasPrefix("OVERVIEW: "))
        #expect(output.stdout.contains("USAGE: errata \(command)"))
        let summary = output.stdout.split(separator: "\n")[0]
        #expect(!summary.hasSuffix("."))
        // Usage lines list every option and are not wrapped by the argument parser.
        let lines = output.stdout.split(separator: "\n").filter { !$0.hasPrefix("USAGE:") }
        for line in lines { #expect(line.count <= 80, "\(line)") }
    }

    @Test(
        "a wrong command line ends with 64 and says what is wrong",
        arguments: [
            (["frob"], "Error: Unexpected argument 'frob'"),
            (["log", "--frob"], "Error: Unknown option '--frob'"),
            (["log", "-n", "0"], "Error: -n takes a number from 1 to 1000, not 0."),
            (["show"], "Error: Missing expected argument '<rev>'"),
            (
                ["commit", "--set", "a|b|c"],
                "Error: Missing expected argument '--message <message>'"
            ),
            (["commit", "-m", "x"], "Error: Say what to commit: --set, --retract, --file or '-'."),
            (
                ["commit", "-m", "x", "--set", "a|b"],
                "Error: 'a|b' is not SUBJECT|RELATION|OBJECT."
            ),
            (["audit", "--since", "noon"], "Error: 'noon' is not a time like"),
            (["audit", "--sql", "SELECT 1", "--all"], "Error: --sql and --schema take no filters"),
            (["audit", "--csv", "--json"], "Error: Give --csv or --json, not both."),
            (["log", "--all", "--at", "main"], "Error: Give --all or --at, not both."),
            (
                ["ask", "--strict", "--lenient", "q"],
                "Error: Give --strict or --lenient, not both."
            ),
            (
                ["serve", "--reader", "int4"],
                "Error: The value 'int4' is invalid for '--reader <reader>'"
            ),
            (["branch", "-d"], "Error: Say which branch to delete."),
            (["proof"], "Error: Say what to prove: a REV or @N, --since or --check."),
            (["proof", "--check", "f"], "Error: --check needs --key: there is no daemon"),
            (["proof", "--since", "f", "--size", "1"], "Error: --size and --out go with a REV"),
            (["tag", "-d"], "Error: Say which tag to delete."),
            (["revert"], "Error: Give a commit or a range, or else --by or --source."),
            (["revert", "main", "--by", "eve"], "Error: Give a commit or a range, or else"),
            (["revert", "main", "--since", "2026-11-01"], "Error: --since and --until go with"),
            (["revert", "--by", "eve", "--since", "noon"], "Error: 'noon' is not a time like"),
            (
                ["merge", "a", "--no-ff", "--ff-only"],
                "Error: Give --no-ff or --ff-only, not both."
            ),
            (["resolve", "a"], "Error: Say what is right: --ours, --theirs,"),
            (["resolve", "a", "--ours", "--theirs"], "Error: Give one of --ours, --theirs and"),
            (["resolve", "a", "--ours", "--retract"], "Error: Say what is right: --ours,"),
            (["undo", "main"], "Error: 'main' is not an operation like @1234."),
            (["policy", "grant", "alice", "editor"], "Error: The value 'alice' is invalid"),
            (["policy", "grant", "uid:1", "king"], "Error: The value 'king' is invalid"),
            (["serve", "--socket-mode", "777"], "Error: The value '777' is invalid"),
        ])
    func usage(arguments: [String], message: String) async throws {
        let output = try await CommandLineTool.run(arguments)
        #expect(output.status == 64)
        #expect(output.stdout.isEmpty)
        #expect(output.stderr.hasPrefix(message), "\(output.stderr)")
    }

    @Test("without a daemon a command ends with 1 and says how to start one")
    func noDaemon() async throws {
        let directory = try TemporaryDirectory()
        let socket = directory.file("none.sock")
        let output = try await CommandLineTool.run(["log", "--socket", socket])
        #expect(
            output
                == .init(
                    stdout: "",
                    stderr: """
                        Error: no daemon listens on \(socket)
                        Hint: Start one with 'errata serve'.

                        """, status: 1))
    }

    @Test("the socket and data paths come from options, environment and XDG, in this order")
    func paths() async throws {
        let environment = ["XDG_RUNTIME_DIR": "/tmp/xdg-r", "XDG_DATA_HOME": "/tmp/xdg-d"]
        let cases: [([String: String], String)] = [
            (["ERRATA_SOCKET": "/tmp/a.sock", "ERRATA_DATA": "/tmp/b"], "/tmp/a.sock"),
            (["ERRATA_DATA": "/tmp/b"], "/tmp/b/errata.sock"),
            ([:], "/tmp/xdg-r/errata/errata.sock"),
            (["XDG_RUNTIME_DIR": ""], "/tmp/xdg-d/errata/errata.sock"),
        ]
        for (extra, path) in cases {
            let output = try await CommandLineTool.run(
                ["status"], environment: environment.merging(extra) { $1 })
            #expect(output.stderr.hasPrefix("Error: no daemon listens on \(path)\n"))
        }
    }

    @Test("completions are written for the shells", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async throws {
        let output = try await CommandLineTool.run(["--generate-completion-script", shell])
        #expect(output.status == 0)
        #expect(output.stdout.contains("rollback"))
    }
}
